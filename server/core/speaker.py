"""What happens after a commit: agents are shown and calls are moved; later, records, metrics and the rest are fed."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from router.commands import Command, SendOffer
from router.events import InteractionClosed, InteractionNoted, InteractionOpened
from router.rows import Turn
from router.vocabulary import Medium
from server.desks.contexts import InteractionContexts
from server.desks.desk_news import DeskNews
from telemetry.routing import RoutingMeter
from voice.conductor import Conductor

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Records(Protocol):
    """What makes records of committed turns."""

    def fresh(self, entry: Turn) -> None: ...


class Speaker:
    """The pump's `speak`, and its `note`. Parts are attached once they are built; nothing is committed before that.

    `failures` counts parts that raised.
    """

    def __init__(self, meter: RoutingMeter, contexts: InteractionContexts) -> None:
        self._meter = meter
        self._contexts = contexts
        self._desk: DeskNews | None = None
        self._conductor: Conductor | None = None
        self._projection: Records | None = None
        self._chats: Callable[[Command], None] | None = None
        self._observe_chats: Callable[[Turn], None] = lambda _turn: None
        self._management: Callable[[Turn], None] | None = None
        self._follow_programs: Callable[[Turn], None] = lambda _turn: None
        self._far_pages: Callable[[Turn], None] | None = None
        self._handoffs: Callable[[Turn], None] = lambda _turn: None
        self.failures = 0
        # What is counted is counted on one node only, and followers' turns are the owner's.
        self.owning: Callable[[], bool] = lambda: True

    def attach(self, desk: DeskNews, conductor: Conductor, projection: Records) -> None:
        """Closes the circle."""
        self._desk, self._conductor, self._projection = desk, conductor, projection

    def attach_chats(self, observe: Callable[[Turn], None], execute: Callable[[Command], None]) -> None:
        """As `attach`, for chats: they observe each turn before anybody is shown it."""
        self._observe_chats, self._chats = observe, execute

    def attach_management(self, observe: Callable[[Turn], None], follow: Callable[[Turn], None]) -> None:
        """As `attach`, for what stands beside the routing; `follow` is told with those who wait."""
        self._management, self._follow_programs = observe, follow

    def attach_far_pages(self, observe: Callable[[Turn], None]) -> None:
        """As `attach`, for agents' pages on other nodes."""
        self._far_pages = observe

    def attach_handoffs(self, observe: Callable[[Turn], None]) -> None:
        """As `attach`, for callbacks that go over to another shard."""
        self._handoffs = observe

    def prepare(self, turn: Turn) -> None:
        """A turn that the store works on: what is to be shown of it is drawn."""
        if self._desk is not None:
            self._desk.prepare(turn)

    def __call__(self, turn: Turn) -> None:
        """Whoever waits for a committed turn. A part that fails is logged: it must not keep the others from it."""
        # From a line of somebody's story nothing follows, and nobody is shown it.
        if turn.commands or not isinstance(turn.event, InteractionOpened | InteractionNoted | InteractionClosed):
            self._speak(turn)
        # They only learn of it here: whoever asks for records next finds this turn in them.
        self._guard(self._record, turn)

    def _speak(self, turn: Turn) -> None:
        # A telephone first: its ring goes round by other machines before anybody hears it.
        for command in turn.commands:
            if isinstance(command, SendOffer) and command.medium is Medium.VOICE:
                self._guard(self._move, command)
        self._guard(self._show_drawn, turn)
        self._guard(self._observe_chats, turn)
        self._guard(self._show, turn)
        for command in turn.commands:
            if not isinstance(command, SendOffer):
                self._guard(self._move, command)
            self._guard(self._move_chat, command)
        self._guard(self._show_far, turn)
        self._guard(self._hand_over, turn)
        self._guard(self._serve_programs, turn)

    def note(self, turn: Turn) -> None:
        """Who only keeps account of committed turns, in the same manner."""
        self._guard(self._touch, turn)
        self._guard(self._count, turn)
        self._guard(self._manage, turn)

    def _guard(self, part: Callable[[T], None], what: T) -> None:
        try:
            part(what)
        except Exception:  # the log and the counter tell; the next part has its own right
            self.failures += 1
            log.exception("effect_failed", part=part.__name__, of=type(what).__name__)

    def _show_drawn(self, turn: Turn) -> None:
        if self._desk is not None:
            self._desk.show_drawn(turn)

    def _show(self, turn: Turn) -> None:
        if self._desk is not None:
            self._desk.show(turn)

    def _move(self, command: Command) -> None:
        if self._conductor is not None:
            caller = self._contexts.caller(command.interaction_id) if isinstance(command, SendOffer) else ("", "")
            self._conductor.execute(command, caller)

    def _move_chat(self, command: Command) -> None:
        if self._chats is not None:
            self._chats(command)

    def _show_far(self, turn: Turn) -> None:
        if self._far_pages is not None:
            self._far_pages(turn)

    def _hand_over(self, turn: Turn) -> None:
        self._handoffs(turn)

    def _serve_programs(self, turn: Turn) -> None:
        self._follow_programs(turn)

    def _touch(self, turn: Turn) -> None:
        if self._desk is not None:
            self._desk.note(turn)

    def _manage(self, turn: Turn) -> None:
        if self._management is not None:
            self._management(turn)

    def _record(self, turn: Turn) -> None:
        if self._projection is not None:
            self._projection.fresh(turn)

    def _count(self, turn: Turn) -> None:
        if self.owning():
            self._meter.observe(turn)
