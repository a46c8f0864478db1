"""What happens after a commit, in this order: agents are shown, calls are moved, records and metrics are fed."""

from router.commands import SendOffer
from router.rows import Turn
from server.contexts import InteractionContexts
from server.desk import Desk
from server.projection import Projection
from telemetry.routing import RoutingMeter
from voice.conductor import Conductor


class Speaker:
    """The pump's `speak`. Parts are attached once they are built; nothing is committed before that."""

    def __init__(self, meter: RoutingMeter, contexts: InteractionContexts) -> None:
        self._meter = meter
        self._contexts = contexts
        self._desk: Desk | None = None
        self._conductor: Conductor | None = None
        self._projection: Projection | None = None

    def attach(self, desk: Desk, conductor: Conductor, projection: Projection) -> None:
        """Closes the circle."""
        self._desk, self._conductor, self._projection = desk, conductor, projection

    def __call__(self, turn: Turn) -> None:
        """One committed turn."""
        for part in (self._show, self._move, self._record):
            part(turn)

    def _show(self, turn: Turn) -> None:
        if self._desk is not None:
            self._desk.show(turn)

    def _move(self, turn: Turn) -> None:
        if self._conductor is None:
            return
        for command in turn.commands:
            caller = self._caller(command.interaction_id) if isinstance(command, SendOffer) else ("", "")
            self._conductor.execute(command, caller)

    def _record(self, turn: Turn) -> None:
        if self._projection is not None:
            self._projection.fresh(turn)
        self._meter.observe(turn)

    def _caller(self, interaction_id: str) -> tuple[str, str]:
        context = self._contexts.cached(interaction_id)
        return (context.caller, context.caller_name) if context else ("", "")
