"""Many deadlines, one timer: heaps with lazy removal. Pure; times are integer microseconds."""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
NEVER = 2**63
# So often it is looked whether the heap holds mostly what was removed.
_LOOK_EVERY = 64


class Alarm:
    """Whether whoever wakes up for deadlines has to do so earlier: nothing was set that is due before `at`."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = NEVER

    def told(self, when: int) -> None:
        """A deadline was set."""
        self.at = min(self.at, when)


class Deadlines(Generic[K]):
    """At most one deadline for each key."""

    __slots__ = ("_alarm", "_count", "_due", "_heap")

    def __init__(self, alarm: Alarm | None = None) -> None:
        self._alarm = alarm or Alarm()
        self._due: dict[K, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, K]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: K, when: int | None) -> None:
        """Set, move or (with None) remove the deadline of `key`."""
        if when is None:
            self._due.pop(key, None)
            return
        if key in self._due and self._due[key][0] == when:
            return
        if when < self._alarm.at:
            self._alarm.at = when
        self._count += 1
        self._due[key] = (when, self._count)
        heappush(self._heap, (when, self._count, key))
        if self._count % _LOOK_EVERY == 0 and len(self._heap) > 4 * len(self._due):
            self._heap = [(when, n, k) for k, (when, n) in self._due.items()]
            heapify(self._heap)

    def next(self) -> int | None:
        """The earliest deadline, or None."""
        while self._heap:
            when, count, key = self._heap[0]
            if self._due.get(key) == (when, count):
                return when
            heappop(self._heap)
        return None

    def pop_due(self, now: int) -> K | None:
        """Remove and return one key whose deadline is not after `now`, earliest first; None when there is none."""
        when = self.next()
        if when is None or when > now:
            return None
        key = heappop(self._heap)[2]
        del self._due[key]
        return key


class Ends(Generic[K]):
    """Deadlines that nobody wakes up for singly: rounded up to `step`, those of one moment end together.

    There is no removal: who takes a key out looks whether it still ends then.
    """

    __slots__ = ("_alarm", "_keys", "_moments", "_step")

    def __init__(self, step: int, alarm: Alarm | None = None) -> None:
        self._step = step
        self._alarm = alarm or Alarm()
        self._keys: dict[int, list[K]] = {}
        self._moments: list[int] = []

    def add(self, key: K, when: int) -> int:
        """The moment at which it will end."""
        moment = -(-when // self._step) * self._step
        keys = self._keys.get(moment)
        if keys is None:
            self._keys[moment] = [key]
            self._alarm.told(moment)
            heappush(self._moments, moment)
        else:
            keys.append(key)
        return moment

    def next(self) -> int | None:
        """The earliest moment, or None."""
        return self._moments[0] if self._moments else None

    def pop_due(self, now: int) -> tuple[int, list[K]] | None:
        """Remove and return the earliest moment with its keys, None when it is after `now`."""
        if not self._moments or self._moments[0] > now:
            return None
        moment = heappop(self._moments)
        return moment, self._keys.pop(moment)
