"""What is to come in a run: events at their times, and those that follow at once."""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from router.events import Event


class Move(Enum):
    """What an agent does by the clock."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    PAUSE = "pause"
    RETURN = "return"
    # After a missed offer.
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class AgentMove:
    """An agent's move. `length_us` is that of a break."""

    agent_id: str
    move: Move
    length_us: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer comes: the work type and the customer by number; `attempt` counts from 0."""

    work: int
    customer: int
    attempt: int = 0


Due = Event | AgentMove | Arrival


class Agenda:
    """Times are the dispatcher's. What has the same time comes in the order in which it was put down."""

    __slots__ = ("_count", "_heap", "at_once")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Due]] = []
        self._count = 0
        self.at_once: deque[Event] = deque()

    def later(self, at: int, due: Due) -> None:
        """Put something down for `at`."""
        self._count += 1
        heappush(self._heap, (at, self._count, due))

    def next(self) -> int | None:
        """The time of what comes first, or None."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> tuple[int, Due]:
        """Take out what comes first."""
        at, _, due = heappop(self._heap)
        return at, due
