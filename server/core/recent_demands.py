"""What the last items of each queue asked for themselves: skills, attributes, priority. Fed by turns."""

from collections import Counter, deque

from router.events import WorkQueued
from router.rows import Turn
from simulator.moment import Demand

REMEMBERED = 300
ENOUGH = 20
# Rarer ones, and more of them, count as asking for nothing of their own.
RAREST = 0.03
MOST = 6


class RecentDemands:
    """Call `observe` for each committed turn."""

    def __init__(self) -> None:
        self._last: dict[str, deque[Demand]] = {}

    def observe(self, turn: Turn) -> None:
        """One turn."""
        event = turn.event
        if isinstance(event, WorkQueued):
            one = Demand(1.0, event.requirements, event.condition, event.priority, event.attributes)
            self._last.setdefault(event.queue, deque(maxlen=REMEMBERED)).append(one)

    def of(self, queue: str) -> tuple[Demand, ...]:
        """The commonest with their shares; none while too little came, or for what asks nothing."""
        last = self._last.get(queue, ())
        if len(last) < ENOUGH:
            return ()
        counted = Counter(last).most_common(MOST)
        return tuple(
            Demand(count / len(last), one.requirements, one.condition, one.priority, one.attributes)
            for one, count in counted
            if count / len(last) >= RAREST and one != Demand(1.0)
        )
