"""Deadlines by name in one heap; cancelled entries fall out when they surface or when they outnumber the rest."""

from enum import StrEnum
from heapq import heapify, heappop, heappush

_SLACK = 256


class TimerKind(StrEnum):
    """What a deadline is for; with the identifier beside it, it names one timer."""

    FRESH = "fresh"
    GRACE = "grace"
    MATCH = "match"
    OFFER = "offer"
    REST = "rest"
    STAGE = "stage"
    WRAP_UP = "wrap_up"


TimerKey = tuple[TimerKind, str]


class Timers:
    """Deadlines in shard microseconds. Equal deadlines come in the order of their names, whoever armed them when."""

    __slots__ = ("_deadlines", "_heap")

    def __init__(self) -> None:
        self._deadlines: dict[TimerKey, int] = {}
        self._heap: list[tuple[int, TimerKey]] = []

    def __len__(self) -> int:
        return len(self._deadlines)

    def arm(self, kind: TimerKind, name: str, deadline: int) -> None:
        """Set the deadline, in place of an earlier one of the same name."""
        key = (kind, name)
        self._deadlines[key] = deadline
        heappush(self._heap, (deadline, key))
        if len(self._heap) > 4 * len(self._deadlines) + _SLACK:
            self.tidy()

    def disarm(self, kind: TimerKind, name: str) -> None:
        """Forget the deadline; without effect when there is none."""
        self._deadlines.pop((kind, name), None)

    def deadline(self, kind: TimerKind, name: str) -> int | None:
        """When this timer is due, or None."""
        return self._deadlines.get((kind, name))

    def armed(self) -> tuple[tuple[TimerKey, int], ...]:
        """Every timer with its deadline."""
        return tuple(self._deadlines.items())

    def next(self) -> int | None:
        """The earliest deadline, or None."""
        heap = self._heap
        while heap:
            deadline, key = heap[0]
            if self._deadlines.get(key) == deadline:
                return deadline
            heappop(heap)
        return None

    def pop_due(self, now: int) -> TimerKey | None:
        """Take out the earliest timer whose deadline has come, or None."""
        deadline = self.next()
        if deadline is None or deadline > now:
            return None
        key = heappop(self._heap)[1]
        del self._deadlines[key]
        return key

    def tidy(self) -> None:
        """Rebuild the heap without cancelled entries."""
        self._heap = [(deadline, key) for key, deadline in self._deadlines.items()]
        heapify(self._heap)
