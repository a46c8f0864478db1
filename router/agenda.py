"""Matching many at once: everything new or freed, in queue order, a bounded number of steps in one turn."""

from collections.abc import Iterator
from heapq import heappop, heappush

from router.agent import Agent
from router.matching import Matcher, Pair
from router.vocabulary import WorkState
from router.work import Rank, Work


class Agenda:
    """What became new or free and is not matched yet.

    Before a turn every item that waits lacks an agent who may take it. So after it, each possible pair has a new item
    or a freed agent in it; new items and the first item of each freed agent, taken in rank order, give exactly the
    order of a scan over all items. This is the greedy matching; another one (J4) takes its place behind `pairs`.
    """

    __slots__ = ("_count", "_heap", "_matcher")

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._heap: list[tuple[Rank, int, Work, Agent | None]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add_work(self, work: Work) -> None:
        """A listed item that may have found somebody."""
        self._push(work, None)

    def add_agent(self, agent: Agent) -> None:
        """A published agent who may have room."""
        work = self._matcher.best_work(agent)
        if work is not None:
            self._push(work, agent)

    def pairs(self, steps: int) -> Iterator[Pair]:
        """Up to `steps` tries. The caller claims each pair and publishes its agent before it asks for the next."""
        while self._heap and steps > 0:
            steps -= 1
            _, _, work, agent = heappop(self._heap)
            if work.state is WorkState.WAITING:
                pair = self._matcher.best_agent(work)
                if pair is not None:
                    yield pair
            if agent is not None:
                self.add_agent(agent)

    def _push(self, work: Work, agent: Agent | None) -> None:
        self._count += 1
        heappush(self._heap, (work.rank, self._count, work, agent))
