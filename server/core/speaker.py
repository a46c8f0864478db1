"""What happens after a commit: agents are shown and calls are moved; later, records, metrics and the rest are fed."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from router.commands import Command, SendOffer
from router.events import STORY
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
        if turn.commands or type(turn.event) not in STORY:
            self._speak(turn)
        # They only learn of it here: whoever asks for records next finds this turn in them.
        if self._projection is not None:
            self._projection.fresh(turn)

    def _speak(self, turn: Turn) -> None:
        # A telephone first: its ring goes round by other machines before anybody hears it.
        for command in turn.commands:
            if type(command) is SendOffer and command.medium is Medium.VOICE:
                self._guard(self._move, command)
        desk, chats = self._desk, self._chats
        if desk is not None and turn.commands:
            self._guard(desk.show_drawn, turn)
        self._guard(self._observe_chats, turn)
        if desk is not None:
            self._guard(desk.show, turn)
        for command in turn.commands:
            if type(command) is not SendOffer:
                self._guard(self._move, command)
            if chats is not None:
                self._guard(chats, command)
        if self._far_pages is not None:
            self._guard(self._far_pages, turn)
        self._guard(self._handoffs, turn)
        if turn.commands:
            self._guard(self._follow_programs, turn)

    def note(self, turn: Turn) -> None:
        """Who only keeps account of committed turns, in the same manner."""
        if self._desk is not None:
            self._guard(self._desk.note, turn)
        # Of a line of a story there is nothing to count.
        if (turn.commands or type(turn.event) not in STORY) and self.owning():
            self._guard(self._meter.observe, turn)
        if self._management is not None:
            self._guard(self._management, turn)

    def _guard(self, part: Callable[[T], None], what: T) -> None:
        try:
            part(what)
        except Exception:  # the log and the counter tell; the next part has its own right
            self.failures += 1
            log.exception("effect_failed", part=getattr(part, "__qualname__", repr(part)), of=type(what).__name__)

    def _move(self, command: Command) -> None:
        if self._conductor is not None:
            caller = self._contexts.caller(command.interaction_id) if isinstance(command, SendOffer) else ("", "")
            self._conductor.execute(command, caller)
