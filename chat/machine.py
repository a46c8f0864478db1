"""The machine of one chat, from the queue to its end. Pure: no I/O, `now` in integer microseconds.

The router decides who serves and when it is over; this machine follows, and knows what the router does not: whether
the two sides are there, who types, and how far each has read. docs/states/chat.md is drawn from `TABLE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from chat.events import (
    AgentAway,
    AgentHere,
    AgentJoined,
    AskPlace,
    ChatCommand,
    ChatEvent,
    Close,
    Connect,
    EndPart,
    GiveBack,
    HandedOn,
    Leave,
    Marked,
    Over,
    Parked,
    PlaceKnown,
    Recall,
    ReleaseDirection,
    Requeued,
    Said,
    ShowReceipt,
    ShowTyping,
    ShowVisitor,
    Side,
    Typed,
    VisitorAway,
    VisitorEnded,
    VisitorHere,
)
from router.vocabulary import EndedBy, Outcome


class ChatState(StrEnum):
    """Where the chat is."""

    WAITING = "waiting"
    TALKING = "talking"
    PARKED = "parked"
    ENDED = "ended"


_OPEN = (ChatState.WAITING, ChatState.TALKING, ChatState.PARKED)

# (state, event) -> the states that may follow. What is not in the table is without effect there: it came late.
TABLE: dict[tuple[ChatState, type[ChatEvent]], tuple[ChatState, ...]] = {
    **{(state, kind): (state,) for state in _OPEN for kind in (VisitorHere, VisitorAway, VisitorEnded, Said, Marked)},
    **{(state, Typed): (state,) for state in _OPEN},
    (ChatState.WAITING, PlaceKnown): (ChatState.WAITING,),
    (ChatState.WAITING, AgentJoined): (ChatState.TALKING,),
    (ChatState.WAITING, Requeued): (ChatState.WAITING,),
    (ChatState.TALKING, AgentHere): (ChatState.TALKING,),
    (ChatState.TALKING, AgentAway): (ChatState.TALKING,),
    (ChatState.TALKING, Requeued): (ChatState.WAITING,),
    (ChatState.TALKING, HandedOn): (ChatState.WAITING,),
    (ChatState.TALKING, Parked): (ChatState.PARKED,),
    (ChatState.PARKED, Requeued): (ChatState.WAITING,),
    **{(state, Over): (ChatState.ENDED,) for state in _OPEN},
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Durations in microseconds.

    `abandon`: a visitor who is gone so long while waiting has left. `agent`: an agent whose page is gone so long loses
    the chat to the queue. `typing`: who does not renew it has stopped typing. `place`: how often place and wait are
    asked for when nothing else happens.
    """

    abandon: int = 120_000_000
    agent: int = 60_000_000
    typing: int = 8_000_000
    place: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """The highest message number that a side has, and that it has read."""

    delivered: int = 0
    read: int = 0

    def with_(self, delivered: int, read: int, last: int) -> "Progress":
        """Further, never back, and never beyond the last message; what is read is delivered."""
        read = max(self.read, min(read, last))
        return Progress(max(self.delivered, min(delivered, last), read), read)


@dataclass(frozen=True, slots=True)
class Serving:
    """The agent who has the chat."""

    reservation_id: str
    agent_id: str
    name: str


class ChatMachine:
    """`handle` and `expire` return what is to be done, in order; `next_deadline` says when to call `expire`.

    A chat that is handed on has another work item of the same interaction: `work_id` is the one by which it goes on,
    and what the router says of an earlier one changes nothing here. `directed`: the agent for whom it is kept.
    """

    def __init__(
        self,
        patience: Patience,
        *,
        last: int = 0,
        progress: Mapping[Side, Progress] | None = None,
        work_id: str = "",
        queue: str = "",
    ) -> None:
        self.state = ChatState.WAITING
        self.work_id = work_id
        self.queue = queue
        self.directed = ""
        self.handed_on = False
        self._wrote = False
        self.serving: Serving | None = None
        self.place: int | None = None
        self.expected_wait_s: int | None = None
        self.ended_by: EndedBy | None = None
        self.diverted = False
        self.last = last
        self.progress = {side: (progress or {}).get(side, Progress()) for side in Side}
        self._patience = patience
        self._visitor_here = False
        self._abandon_at: int | None = None
        self._give_back_at: int | None = None
        self._place_at: int | None = None
        self._typing_until: dict[Side, int] = {}

    def start(self, now: int) -> None:
        """The chat is in the queue, newly or again after a restart; nobody is connected yet."""
        self._abandon_at = now + self._patience.abandon
        self._place_at = now + self._patience.place

    def end(self, by: EndedBy | None) -> None:
        """A chat that was over before this machine was made."""
        self.state, self.ended_by = ChatState.ENDED, by

    def typing(self, side: Side) -> bool:
        """Whether that side types now."""
        return side in self._typing_until

    def may_speak(self, side: Side, reservation_id: str | None = None) -> bool:
        """A customer as long as the chat is open, an agent while it is theirs by that reservation."""
        if side is Side.CUSTOMER:
            return self.state is not ChatState.ENDED
        return self.serving is not None and self.serving.reservation_id == reservation_id

    def next_deadline(self) -> int | None:
        """Shard time at which `expire` has something to do."""
        due = (self._abandon_at, self._give_back_at, self._place_at, *self._typing_until.values())
        return min((each for each in due if each is not None), default=None)

    def expire(self, now: int) -> list[ChatCommand]:
        """What deadlines that have come ask for; nothing when none has."""
        done: list[ChatCommand] = []
        for side in [side for side, until in self._typing_until.items() if until <= now]:
            done += self._stop_typing(side)
        if self._abandon_at is not None and self._abandon_at <= now:
            self._abandon_at = None
            done.append(Leave())
        if self._give_back_at is not None and self._give_back_at <= now and self.serving is not None:
            self._give_back_at = None
            done.append(GiveBack(self.serving.reservation_id, "agent_page_lost"))
        if self._place_at is not None and self._place_at <= now:
            self._place_at = now + self._patience.place
            done.append(AskPlace())
        return done

    def handle(self, event: ChatEvent, now: int) -> list[ChatCommand]:
        """The visitor, the agent or the router did something."""
        if (self.state, type(event)) not in TABLE or getattr(event, "work_id", self.work_id) != self.work_id:
            return []
        match event:
            case VisitorHere() | VisitorAway():
                return self._visitor(here=isinstance(event, VisitorHere), now=now)
            case VisitorEnded():
                return [Leave()]
            case AgentHere() | AgentAway():
                return self._agent(here=isinstance(event, AgentHere), now=now)
            case AgentJoined() | Requeued() | HandedOn() | Parked() | Over() | PlaceKnown():
                return self._routed(event, now)
            case Said(side, number, shown):
                return self._said(side, number, shown=shown)
            case Typed(side, on):
                return self._type(side, now) if on else self._stop_typing(side)
            case Marked(side, delivered, read):
                return self._mark(side, delivered, read)
            case _:
                assert_never(event)

    def _routed(
        self, event: AgentJoined | Requeued | HandedOn | Parked | Over | PlaceKnown, now: int
    ) -> list[ChatCommand]:
        match event:
            case AgentJoined():
                return self._joined(event, now)
            case Requeued():
                return self._requeued(event, now)
            case HandedOn():
                return self._handed_on(event, now)
            case Parked():
                return self.park()
            case Over(by=by, outcome=outcome):
                return self._over(by, outcome)
            case PlaceKnown(place, expected_wait_s):
                return self._placed(place, expected_wait_s)
            case _:
                assert_never(event)

    # --- moves --------------------------------------------------------------------------------------------------

    def _visitor(self, *, here: bool, now: int) -> list[ChatCommand]:
        self._visitor_here = here
        waits = self.state is ChatState.WAITING and not here
        self._abandon_at = now + self._patience.abandon if waits else None
        return [] if here else self._stop_typing(Side.CUSTOMER)

    def _joined(self, event: AgentJoined, now: int) -> list[ChatCommand]:
        self.state = ChatState.TALKING
        self.serving = Serving(event.reservation_id, event.agent_id, event.name)
        self.handed_on, self.directed = False, ""
        self.place = self.expected_wait_s = self._abandon_at = self._place_at = None
        self._agent(here=event.here, now=now)
        return [Connect(event.reservation_id, event.name), ShowVisitor()]

    def _agent(self, *, here: bool, now: int) -> list[ChatCommand]:
        self._give_back_at = None if here else now + self._patience.agent
        # Whoever connects is sent the whole chat.
        return self._mark(Side.AGENT, self.last, 0) if here else self._stop_typing(Side.AGENT)

    def _requeued(self, event: Requeued, now: int) -> list[ChatCommand]:
        self.queue = event.queue
        if self.state is not ChatState.WAITING:
            served = self.state is ChatState.PARKED and not self._wrote
            told = self._wait(now)
            # Who had been answered does not wait for anything, and need not be there.
            self._abandon_at = None if served else self._abandon_at
            return told
        missed, self.directed = self.directed, ""
        return [ReleaseDirection(self.work_id, missed), AskPlace()] if missed else [AskPlace()]

    def _handed_on(self, event: HandedOn, now: int) -> list[ChatCommand]:
        left = [EndPart(self.serving.reservation_id, event.reason)] if self.serving else []
        self.work_id, self.queue, self.directed = event.next_work_id, event.queue, event.directed
        self.handed_on = True
        return [*left, *self._wait(now)]

    def park(self) -> list[ChatCommand]:
        """It waits for its customer from now on, or did when this machine was made."""
        self.state, self._wrote = ChatState.PARKED, False
        self.serving = self._give_back_at = self._abandon_at = self._place_at = None
        self._typing_until.clear()
        return [ShowVisitor()]

    def _wait(self, now: int) -> list[ChatCommand]:
        self.state = ChatState.WAITING
        self.serving = self._give_back_at = None
        self._typing_until.clear()
        self._place_at = now + self._patience.place
        self._abandon_at = None if self._visitor_here else now + self._patience.abandon
        return [ShowVisitor(), AskPlace()]

    def _over(self, by: EndedBy, outcome: str) -> list[ChatCommand]:
        if self.state is ChatState.PARKED and outcome == Outcome.HANDLED:
            by = EndedBy.CUSTOMER  # nobody else had it
        self.state, self.ended_by = ChatState.ENDED, by
        self.diverted = outcome == Outcome.DIVERTED
        self.place = self.expected_wait_s = self.serving = None
        self._abandon_at = self._give_back_at = self._place_at = None
        self._typing_until.clear()
        return [Close(by, outcome), ShowVisitor()]

    def _placed(self, place: int | None, expected_wait_s: int | None) -> list[ChatCommand]:
        if (self.place, self.expected_wait_s) == (place, expected_wait_s):
            return []
        self.place, self.expected_wait_s = place, expected_wait_s
        return [ShowVisitor()]

    def _said(self, side: Side, number: int, *, shown: bool) -> list[ChatCommand]:
        self.last = max(self.last, number)
        own = self._mark(side, number, number)
        other = self._mark(Side.AGENT, number, 0) if shown and side is Side.CUSTOMER else []
        recall: list[ChatCommand] = []
        if self.state is ChatState.PARKED and side is Side.CUSTOMER:
            self._wrote, recall = True, [Recall()]
        return [*self._stop_typing(side), *own, *other, *recall]

    def _type(self, side: Side, now: int) -> list[ChatCommand]:
        renewed = side in self._typing_until
        self._typing_until[side] = now + self._patience.typing
        return [] if renewed else self._show_typing(side, on=True)

    def _stop_typing(self, side: Side) -> list[ChatCommand]:
        if self._typing_until.pop(side, None) is None:
            return []
        return self._show_typing(side, on=False)

    def _show_typing(self, side: Side, *, on: bool) -> list[ChatCommand]:
        if side is Side.AGENT:
            return [ShowVisitor()]
        return [ShowTyping(self.serving.reservation_id, self.serving.agent_id, on)] if self.serving else []

    def _mark(self, side: Side, delivered: int, read: int) -> list[ChatCommand]:
        before = self.progress[side]
        after = before.with_(delivered, read, self.last)
        if after == before:
            return []
        self.progress[side] = after
        if side is Side.AGENT:
            return [ShowVisitor()]
        if self.serving is None:
            return []
        return [ShowReceipt(self.serving.reservation_id, self.serving.agent_id, after.delivered, after.read)]
