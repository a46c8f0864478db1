"""Matching many at once: everything new or freed, in queue order, a bounded number of steps in one turn."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import assert_never

from router.agent import Agent
from router.burst import MOST_ITEMS, Burst
from router.line import Line
from router.matching import Pair
from router.moves import Moves
from router.profile import Profile
from router.work import Rank, Work

# What counts as one step more: looking at so many agents for a demand that is met for the first time.
AGENTS_PER_STEP = 4
# Items of loose lines up to which all are bound at once.
_AT_ONCE = 256
_BEFORE_ALL: Rank = (-(1 << 100), 0, 0)


class Agenda:
    """What became new or free and is not matched yet.

    Before a turn every item that waits lacks an agent who may take it. So after it, each possible pair has a new item
    in it, or an item of a profile for which somebody became free or whose items are no longer held back. New items and
    the first item of each such profile, taken in rank order, give exactly the order of a scan over all items. Those of
    equal priority are planned together (`router.burst`); where nobody is short of agents, that is the greedy matching.
    A line that a change of policy left loose is walked in its order: each item is bound when it is its turn. Only where
    few wait are all of them bound, and with that brought up to date by the new rings, before any is matched.

    Where agents have their own reasons to pass over what stands first (ratios, the turns they give to queues), a pair
    is made only when the item is also what the agent takes next of all; an agent who passes it over has what they take
    tried, and then the next, so that no two are left over who may be matched. What such an agent takes next is not
    known while lines are loose: unless nothing can come before it, the item is set aside until none is.
    """

    __slots__ = ("_active", "_aside", "_count", "_heap", "_loose", "_moves", "_shard", "_unsure")

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard
        self._heap: list[tuple[Rank, int, Work, Agent | Profile | Line | None]] = []
        self._active: set[int] = set()
        self._aside: dict[str, Work] = {}
        self._unsure: dict[str, Agent] = {}
        self._loose = 0
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def renew(self, *, anew: bool) -> None:
        """After a change of policy: what is left stands where it now belongs, and loose lines are walked.

        `anew`: every line is loose.
        """
        left = [] if anew else [(work, source) for _, _, work, source in self._heap if not isinstance(source, Line)]
        self._heap, self._loose = [], 0
        if anew:
            self._active.clear()
        for work, source in left:
            self._push(work, source)
        self._bring_back()
        loose = [line for line in self._shard.lines.values() if line.loose]
        if sum(len(line.waiting) for line in loose) <= _AT_ONCE:
            for work in [work for line in loose for work in line.waiting]:
                if self._is_tried(work, None):
                    self._push(work, None)
        for line in loose:
            self._loose += 1
            self._walk(line, _BEFORE_ALL)

    def take(self, fresh: list[Work]) -> None:
        """Items that are new, or that stand elsewhere now."""
        for work in fresh:
            self._moves.waiting.enlist(work)
        self.add_work(fresh)

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
        burst, matcher = Burst(), self._shard.matcher
        while self._heap and steps > 0:
            rank, _, work, source = heappop(self._heap)
            effort = matcher.effort
            if not burst.planned(work) and self._is_tried(work, source):
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
            steps -= 1 + (matcher.effort - effort) // AGENTS_PER_STEP
            self._go_on(rank, work, source, burst)
        yield from self._planned(burst)

    def _is_tried(self, work: Work, source: Agent | Profile | Line | None) -> bool:
        """Whether it still waits and may be matched now; an item that was left loose is bound by this."""
        if not work.listed:
            return False
        if work.profile is not self._shard.matcher.unbound:
            return not isinstance(source, Line)
        if self._moves.waiting.settle_in(work):
            return True
        self.take(self._moves.collect())
        return False

    def _go_on(self, rank: Rank, work: Work, source: Agent | Profile | Line | None, burst: Burst) -> None:
        """What comes next where the item came from."""
        match source:
            case Agent():
                self._add_own(source)
            case Profile():
                self._add_behind(source, work, burst)
            case Line():
                self._walk(source, rank)
            case None:
                pass
            case _:
                assert_never(source)

    def _walk(self, line: Line, rank: Rank) -> None:
        """The next item of the line, behind this rank, that is loose; after the last the line is whole again."""
        unbound = self._shard.matcher.unbound
        work = next((work for work in line.waiting.behind(rank) if work.profile is unbound), None)
        if work is not None:
            self._push(work, line)
            return
        line.loose = False
        self._loose -= 1
        if not self._loose:
            self._bring_back()

    def _bring_back(self) -> None:
        """What was set aside is tried again, and what the agents take who were asked for it."""
        aside, unsure, self._aside, self._unsure = self._aside, self._unsure, {}, {}
        self.add_work(aside.values())
        for agent in unsure.values():
            self._add_own(agent)

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
        passed: dict[str, Agent] = {}
        while pair is not None and (own := matcher.best_work(pair.agent)) is not work:
            passed[pair.agent.agent_id] = pair.agent
            if len(passed) >= max(steps, 1):
                # The rest of the agents are asked after those who pass it over have been given what they take.
                self._push(work, None, own)
                pair = None
                break
            pair = matcher.best_agent(work, passed)
        if pair is not None and self._loose and matcher.may_yet_pass(pair):
            matcher.publish(pair.agent)
            self._aside[work.work_id] = work
            self._unsure[pair.agent.agent_id] = pair.agent
            pair = None
        for agent in passed.values():
            matcher.publish(agent)
            self._add_own(agent)
        return pair, len(passed)

    def _add_own(self, agent: Agent) -> None:
        """What the agent takes next of all."""
        work = self._shard.matcher.best_work(agent)
        if work is not None and work.work_id in self._aside:
            self._unsure[agent.agent_id] = agent
        elif work is not None:
            self._push(work, agent)

    def _add_behind(self, profile: Profile, work: Work, burst: Burst) -> None:
        """The next item of a profile as long as anybody may be free for it (the last may only rest for them)."""
        goes_on = (burst.planned(work) or burst.left(profile)) and not profile.held_back
        behind = next(profile.waiting.behind(work.rank), None) if goes_on else None
        if behind is None:
            self._active.discard(id(profile))
        else:
            self._push(behind, profile)

    def _push(self, work: Work, source: Agent | Profile | Line | None, behind: Work | None = None) -> None:
        self._count += 1
        heappush(self._heap, ((behind or work).rank, self._count, work, source))
