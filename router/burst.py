"""Several items and several agents at once: matched as a whole, so that no item takes another's only agent for nothing.

Items are planned in queue order. Each takes the best agent who is left; where nobody is left, those before it move to
others of theirs if that frees somebody (an augmenting path: Berge, "Two Theorems in Graph Theory", Proceedings of the
National Academy of Sciences 43, 1957; searched as Kuhn does, "The Hungarian Method for the Assignment Problem", Naval
Research Logistics Quarterly 2, 1955). Whoever has been given an agent keeps one, so that an item is left over only when
serving it would leave over one that stands before it; and as many are served as can be.
"""

from collections.abc import Iterator
from heapq import heappop, heappush

from router.agent import Agent
from router.profile import Candidate, Profile
from router.work import Work

# One burst has at most so many items, and looks at so many possible pairs beyond the first of each item.
MOST_ITEMS = 128
_MOST_PAIRS = 4096


class Burst:
    """A plan for items of equal priority, each for one agent who is full with it. Nothing is claimed yet."""

    __slots__ = ("_drawn", "_given", "_looked_at", "_profiles", "_taken", "items")

    def __init__(self) -> None:
        self.items: list[Work] = []
        self._given: dict[str, Agent] = {}
        self._taken: dict[str, Work] = {}
        self._drawn: dict[int, list[Candidate]] = {}
        self._profiles: dict[int, Profile] = {}
        self._looked_at = 0

    def plan(self, work: Work) -> Agent | None:
        """Find the item an agent, if need be by moving those before it; None when that cannot be."""
        agent = next((one for one in self._candidates(work) if one.agent_id not in self._taken), None)
        if agent is not None:
            self._give(work, agent)
        elif not self._move(work, set()):
            return None
        self.items.append(work)
        return self._given[work.work_id]

    def planned(self, work: Work) -> bool:
        """Whether the item has an agent in the plan."""
        return work.work_id in self._given

    def left(self, profile: Profile) -> bool:
        """Whether any agent who may take the profile's items has none in the plan."""
        drawn = self._drawn.get(id(profile), ())
        return profile.candidate is not None or any(entry[3] not in self._taken for entry in drawn)

    def end(self) -> list[tuple[Work, Agent]]:
        """The plan in queue order. The candidates are back in their heaps, to be claimed."""
        for name, entries in self._drawn.items():
            for entry in entries:
                heappush(self._profiles[name].heap, entry)
        return [(work, self._given[work.work_id]) for work in self.items]

    def _give(self, work: Work, agent: Agent) -> None:
        self._given[work.work_id] = agent
        self._taken[agent.agent_id] = work

    def _move(self, work: Work, asked: set[str]) -> bool:
        """Give the item an agent whose item can be given another one."""
        for agent in self._candidates(work):
            self._looked_at += 1
            if agent.agent_id in asked or self._looked_at > _MOST_PAIRS:
                continue
            asked.add(agent.agent_id)
            other = self._taken.get(agent.agent_id)
            if other is None or self._move(other, asked):
                self._give(work, agent)
                return True
        return False

    def _candidates(self, work: Work) -> Iterator[Agent]:
        """Who may take the item now, best first, whether planned for another or not."""
        profile = work.profile
        drawn = self._drawn.setdefault(id(profile), [])
        self._profiles[id(profile)] = profile
        picky = bool(work.resting or work.reservations)
        at = 0
        while True:
            if at == len(drawn):
                if profile.candidate is None:
                    return
                drawn.append(heappop(profile.heap))
            entry = drawn[at]
            at += 1
            if not (picky and work.excludes(entry[3])):
                yield entry[5]
