"""Matching many at once: everything new or freed, in queue order, a bounded number of steps in one turn."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from router.agent import Agent
from router.burst import MOST_ITEMS, Burst
from router.matching import Pair
from router.profile import Profile
from router.shard import Shard
from router.vocabulary import WorkState
from router.work import Rank, Work

# What counts as one step more: looking at so many agents for a demand that is met for the first time.
_AGENTS_PER_STEP = 4


class Agenda:
    """What became new or free and is not matched yet.

    Before a turn every item that waits lacks an agent who may take it. So after it, each possible pair has a new item
    in it, or an item of a profile for which somebody became free or whose items are no longer held back. New items and
    the first item of each such profile, taken in rank order, give exactly the order of a scan over all items. Those of
    equal priority are planned together (`router.burst`); where nobody is short of agents, that is the greedy matching.

    Where agents have their own reasons to pass over what stands first (ratios, the turns they give to queues), a pair
    is made only when the item is also what the agent takes next of all; an agent who passes it over has what they take
    tried, and then the next, so that no two are left over who may be matched.
    """

    __slots__ = ("_active", "_count", "_heap", "_shard")

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._heap: list[tuple[Rank, int, Work, Agent | Profile | None]] = []
        self._active: set[int] = set()
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add_work(self, items: Iterable[Work]) -> None:
        """Listed items that may have found somebody."""
        heap, count = self._heap, self._count
        for count, work in enumerate(items, self._count + 1):
            heap.append((work.rank, count, work, None))
        if count - self._count > 1:
            heapify(heap)
        elif count > self._count:
            heappush(heap, heap.pop())
        self._count = count

    def add_agent(self, agent: Agent) -> None:
        """A published agent who may have room."""
        for held in agent.profiles.values():
            if held.free:
                for profile in held.profiles:
                    self.add_profile(profile)

    def add_profile(self, profile: Profile) -> None:
        """A profile for whose items somebody became free, or whose items are no longer held back."""
        if profile.waiting.entries and id(profile) not in self._active and not profile.held_back:
            self._active.add(id(profile))
            self._push(profile.waiting.entries[0][3], profile)

    def pairs(self, steps: int) -> Iterator[Pair]:
        """Up to `steps` tries. The caller claims each pair and publishes its agent before it asks for the next."""
        burst = Burst()
        while self._heap and steps > 0:
            steps -= 1
            _, _, work, source = heappop(self._heap)
            if work.state is WorkState.WAITING and not burst.planned(work):
                steps -= self._shard.settle_in(work) // _AGENTS_PER_STEP
                alone = self._goes_alone(work, burst)
                if alone or (burst.items and not self._belongs(work, burst)):
                    yield from self._planned(burst)
                    burst = Burst()
                if alone:
                    pair, passed = self._pair(work, steps)
                    steps -= passed
                    if pair is not None:
                        yield pair
                elif (agent := burst.plan(work)) is not None and self._has_more(agent, work):
                    yield from self._planned(burst)
                    burst = Burst()
            if isinstance(source, Agent):
                self._add_own(source)
            elif source is not None:
                self._add_behind(source, work, burst)
        yield from self._planned(burst)

    def _goes_alone(self, work: Work, burst: Burst) -> bool:
        """Whether the item is matched by itself: there is no other, or it or its agents have reasons of their own."""
        matcher = self._shard.matcher
        return matcher.choosy or matcher.reserves or bool(work.preferred) or not (self._heap or burst.items)

    def _belongs(self, work: Work, burst: Burst) -> bool:
        """Whether the item may be planned with those of the burst: as many as one takes, all of one priority."""
        ageing = self._shard.policy.ageing_us > 0
        return len(burst.items) < MOST_ITEMS and (ageing or work.rank[0] == burst.items[0].rank[0])

    def _has_more(self, agent: Agent, work: Work) -> bool:
        """Whether the agent may have room for something else beside the item: then what they hold must be known."""
        policy = self._shard.policy
        free = policy.interrupts or min(policy.units.values(), default=0) <= 0
        return bool(free) or agent.units + self._shard.matcher.cost(work, agent) < agent.rules.total_units

    def _planned(self, burst: Burst) -> Iterator[Pair]:
        """The pairs of a plan, in queue order; each tells when better agents were left to others."""
        matcher = self._shard.matcher
        for work, agent in burst.end():
            pair = matcher.best_agent(work)
            if pair is not None and pair.agent is not agent:
                matcher.publish(pair.agent)
                pair = matcher.yielding(pair, agent)
            if pair is not None:
                yield pair

    def _pair(self, work: Work, steps: int) -> tuple[Pair | None, int]:
        """The pair for the item now, and how many agents passed it over before, at most `steps`."""
        matcher = self._shard.matcher
        pair = matcher.best_agent(work)
        if pair is None or not matcher.choosy:
            return pair, 0
        passed: list[Agent] = []
        while pair is not None and (own := matcher.best_work(pair.agent)) is not work:
            passed.append(pair.agent)
            if len(passed) >= max(steps, 1):
                # The rest of the agents are asked after those who pass it over have been given what they take.
                self._push(work, None, own)
                pair = None
                break
            pair = matcher.best_agent(work)
        for agent in passed:
            matcher.publish(agent)
            self._add_own(agent)
        return pair, len(passed)

    def _add_own(self, agent: Agent) -> None:
        """What the agent takes next of all."""
        work = self._shard.matcher.best_work(agent)
        if work is not None:
            self._push(work, agent)

    def _add_behind(self, profile: Profile, work: Work, burst: Burst) -> None:
        """The next item of a profile as long as anybody may be free for it (the last may only rest for them)."""
        goes_on = (burst.planned(work) or burst.left(profile)) and not profile.held_back
        behind = profile.waiting.after(work.rank) if goes_on else None
        if behind is None:
            self._active.discard(id(profile))
        else:
            self._push(behind, profile)

    def _push(self, work: Work, source: Agent | Profile | None, behind: Work | None = None) -> None:
        self._count += 1
        heappush(self._heap, ((behind or work).rank, self._count, work, source))
