"""Who gets what: profiles with incrementally kept eligible sets, and pairs drawn from them in queue order.

A decision touches the profiles that one agent matches, or the one profile that an item waits under, never all agents or
all items. The item that a freed agent takes: of the queues to which they give the best turn, the one that stands
first; where that is of a queue with a ratio, the ratio chooses among the queues that have one (`router.ratio`). The
agent that an item gets: its preferred agents in their order, then by its queue's choice (`router.choice`).
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from router.agent import Agent
from router.choice import Choice, Terms
from router.expression import NEVER
from router.line import Line, Plan
from router.policy import AgentPolicy, Policy, Strategy
from router.profile import Candidate, Memberships, Profile, ProfileKey, Variant
from router.queue import Entry, order_time, rank
from router.ratio import Ratios
from router.skills import SkillIndex
from router.stages import patience
from router.vocabulary import Medium
from router.work import Work

# Profiles beyond this many that nobody waits for are forgotten by `tidy`; requirements can be made up per call.
_KEEP_PROFILES = 4096
_DEMAND = 32
# The term of an agent who was taken so that a better one is left to another item of a burst.
YIELDED = "yielded"
_NOBODY = ProfileKey("", Medium.VOICE, None, NEVER, (), (), 0, Choice(Strategy.LONGEST_IDLE), 0)


class Pair(NamedTuple):
    """A decision: the work item, its agent and the runner-up, each agent with the terms in rule order."""

    work: Work
    agent: Agent
    terms: Terms
    runner_up: str | None = None
    runner_up_terms: Terms = ()


class Matcher:
    """The eligible sets and waiting lists of one policy version.

    `unbound` stands for the profile of an item that has yet to be bound. `risen` collects the profiles whose items are
    no longer held back by a reserve; whoever matches empties it. `choosy`: agents may have reasons to pass over the
    item that stands first (ratios, uneven turns). `effort`: how many agents were looked at for demands that were met
    for the first time; working a demand out counts as much as some agents. `before`: the matcher whose place it takes.
    """

    def __init__(self, policy: Policy, agents: Iterable[Agent], before: "Matcher | None" = None) -> None:
        self.unbound = Profile(_NOBODY)
        self.risen: list[Profile] = []
        self.ratios: Ratios | None = None
        self.reserves = False
        self.choosy = False
        self.effort = 0
        self.policy = policy
        self._skills = SkillIndex(agents)
        self._profiles: dict[ProfileKey, Profile] = {}
        self._round: deque[Profile] = deque()
        # Items that their preferred agents may have for themselves, by these agents.
        self._preferring: dict[str, dict[str, Work]] = {}
        # What the one before kept. To free it all at once takes as long as many decisions.
        self._past: list[object] = []
        if before is not None:
            self._past += [*before._past, *before._profiles.values()]
            for agent in agents:
                self._past.append(agent.profiles)
                agent.profiles = {}

    @property
    def profiles(self) -> Mapping[ProfileKey, Profile]:
        """All compiled profiles, in order of their first use."""
        return self._profiles

    # -- items and their profiles

    def bind(self, work: Work, line: Line) -> None:
        """Give the item its profile and its rank under the line's rules."""
        plan, rules, priority = line.plan(work), line.rules, line.priority(work)
        work.rank = rank(priority, order_time(rules, work.queued_at), work.sequence, self.policy.ageing_us)
        units = rules.units if work.units is None else work.units
        only: tuple[str, ...] | None = None
        if work.directed is not None:
            variant: Variant = ((work.directed,) if work.not_before is None else (), 0, 0, units)
        else:
            if work.not_before is not None:
                only = ()
            elif work.preferred or work.named:
                only = self._only(work, line, plan)
            kept_back = rules.reserve is not None and only is None and priority < rules.reserve.below
            free = rules.reserve.free if rules.reserve is not None and kept_back else 0
            variant = (only, line.delay(work) if line.delays else 0, free, units)
        profile = plan.profiles.get(variant) or self._profile(plan, line, work, variant)
        profile.users += 1
        work.profile = profile

    def unbind(self, work: Work) -> None:
        """The item is closed, or to be bound anew; its profile may be forgotten when nobody else needs it."""
        work.profile.users -= 1
        for agent_id in work.preferred:
            waiting = self._preferring.get(agent_id)
            if waiting is not None and waiting.pop(work.work_id, None) is not None and not waiting:
                del self._preferring[agent_id]

    def preferring(self, agent: Agent) -> tuple[Work, ...]:
        """Items whose wait for their preferred agents alone may begin or end with this agent's presence."""
        return tuple(self._preferring.get(agent.agent_id, {}).values())

    def staffed(self, work: Work, line: Line) -> bool:
        """Whether any agent is present, and reached by its medium, who could take the item but for what they hold."""
        profile = work.profile
        if profile.reserve or work.preferred or profile is self.unbound:
            profile = self._open_to(tuple(sorted(set(work.named))) or None, work, line, line.plan(work))
        return profile.present > 0

    def _open_to(self, only: tuple[str, ...] | None, work: Work, line: Line, plan: Plan) -> Profile:
        """The profile of the item if these are the only agents in question, whatever is kept in reserve."""
        units = line.rules.units if work.units is None else work.units
        variant: Variant = (only, line.delay(work), 0, units)
        return plan.profiles.get(variant) or self._profile(plan, line, work, variant)

    def _only(self, work: Work, line: Line, plan: Plan) -> tuple[str, ...] | None:
        """The only agents in question: those named, and of these its preferred ones while it waits for them alone."""
        named = tuple(sorted(set(work.named))) or None
        if patience(line.rules, work) <= work.waited_us:
            return named
        alone = tuple(sorted(agent_id for agent_id in set(work.preferred) if named is None or agent_id in named))
        for agent_id in alone:
            self._preferring.setdefault(agent_id, {})[work.work_id] = work
        return alone if self._open_to(alone, work, line, plan).present else named

    def _profile(self, plan: Plan, line: Line, work: Work, variant: Variant) -> Profile:
        """The profile of these, compiled on its first use."""
        only, delay, reserve, units = variant
        queue = line.rules.name if line.by_queue and work.directed is None else ""
        demand = plan.demand
        self.effort += _DEMAND
        key = ProfileKey(queue, work.medium, units, demand.expression, demand.teams, only, delay, plan.choice, reserve)
        profile = self._profiles.get(key)
        if profile is None:
            profile = self._profiles[key] = Profile(key)
            self._round.append(profile)
            self.reserves |= reserve > 0
            asked = self._skills.holders(key.expression) if only is None else self._skills.only(only)
            self.effort += len(asked)
            for agent in asked:
                self._enroll(profile, agent)
        plan.profiles[variant] = profile
        profile.homes.append((plan.profiles, variant))
        return profile

    def _enroll(self, profile: Profile, agent: Agent) -> None:
        if not profile.admits(agent):
            return
        slot = profile.slot(agent)
        held = agent.profiles.get(slot)
        if held is None:
            units = self.policy.cost(agent.rules, slot[1]) if profile.key.units is None else profile.key.units
            held = Memberships(units, profile.key.choice.standing())
            held.free = self._free(agent) and agent.has_room(slot[1], units, self.policy.interrupts)
            # In the order of the turns that the agent gives.
            agent.profiles = dict(sorted([*agent.profiles.items(), (slot, held)], key=lambda pair: pair[0]))
        profile.add(agent, held)

    def revise(self, policy: Policy, agents: Iterable[Agent], changed: Iterable[Agent]) -> None:
        """The rules of a few agents changed: the eligible sets follow. Units and interrupts must be as before.

        The caller publishes the changed agents.
        """
        self.policy = policy
        self._skills = SkillIndex(agents)
        for agent in changed:
            for held in agent.profiles.values():
                for profile in held.profiles:
                    profile.remove(agent, held)
            agent.profiles = {}
            agent.stamp += 1
            for profile in self._profiles.values():
                self._enroll(profile, agent)

    def choose_by(self, lines: Mapping[str, Line], listing: Iterable[AgentPolicy]) -> None:
        """Take over what decides an agent's turn: ratios, and the turns that agents with lists give to queues."""
        turns = (taken.priority for agent in listing for taken in agent.queues.values())
        self.ratios = Ratios(lines) if any(line.rules.ratio > 0 for line in lines.values()) else None
        self.choosy = self.ratios is not None or any(turn != 1 for turn in turns)

    def prepare(self, line: Line) -> None:
        """Compile the profile of an item that asks for nothing of its own, before there is any."""
        probe = Work("", "", line.rules.medium, line.rules.name, (), 0, 0, 0, "")
        self.bind(probe, line)
        self.unbind(probe)

    def cost(self, work: Work, agent: Agent) -> int:
        """Units that the item takes of this agent's total."""
        units = work.profile.key.units
        return self.policy.cost(agent.rules, work.medium) if units is None else units

    # -- agents

    @staticmethod
    def _free(agent: Agent) -> bool:
        """Whether the agent takes new items at all now."""
        return agent.ready and agent.fresh_until is None

    def available(self, agent: Agent, profile: Profile) -> bool:
        """Whether this member may be offered an item of the profile now (rests of single items aside)."""
        key = profile.key
        units = self.policy.cost(agent.rules, key.medium) if key.units is None else key.units
        return self._free(agent) and agent.has_room(key.medium, units, self.policy.interrupts)

    def publish(self, agent: Agent) -> None:
        """Make the agent's entries follow their state: older ones go stale, new ones appear where there is room."""
        agent.stamp += 1
        idle_since, agent_id, stamp = agent.idle_since, agent.agent_id, agent.stamp
        if agent.staffs != agent.counted:
            self._count_presence(agent)
        free, interrupts = self._free(agent), self.policy.interrupts
        for slot, held in agent.profiles.items():
            room = free and agent.has_room(slot[1], held.units, interrupts)
            if room is not held.free:
                self.risen += held.count(room)
            if not room:
                continue
            own, more = held.standing(agent)
            for profile, first, second in zip(held.profiles, held.firsts, held.seconds, strict=True):
                heap = profile.heap
                heappush(heap, (own + first, more + second, idle_since, agent_id, stamp, agent))
                if len(heap) > profile.limit:
                    profile.compact()

    def _count_presence(self, agent: Agent) -> None:
        before, agent.counted = agent.counted, agent.staffs
        for slot, held in agent.profiles.items():
            change = (slot[1] in agent.counted) - (slot[1] in before)
            if change:
                for profile in held.profiles:
                    profile.present += change

    def enlist(self, work: Work) -> None:
        """Put a waiting item into its profile's list."""
        if work.profile is not self.unbound:
            work.profile.waiting.add(work)

    def delist(self, work: Work) -> None:
        """Take an item out of its profile's list."""
        if work.profile is not self.unbound:
            work.profile.waiting.remove(work)

    # -- the agents for an item

    def best_agent(self, work: Work, passed: Collection[str] = ()) -> Pair | None:
        """The agent for this item now, with the runner-up; None when nobody may take it who has not passed it over.

        The winner's entries are used up: the caller claims the pair and publishes the agent at once.
        """
        profile = work.profile
        if profile.reserve and profile.held_back:
            return None
        heap, picky = profile.heap, bool(work.resting or work.reservations)
        found = self._preferred(work, passed) if work.preferred else []
        aside: list[Candidate] = []
        before = {*passed, *(entry[3] for entry in found)} if work.preferred else ()
        while heap and len(found) < 2:
            entry = heap[0]
            if entry[5].stamp != entry[4]:
                heappop(heap)
            elif (picky and work.excludes(entry[3])) or (before and entry[3] in before):
                aside.append(heappop(heap))
            else:
                # The winner's entry is used up, the runner-up's stays.
                found.append(entry if found else heappop(heap))
        for entry in aside:
            heappush(heap, entry)
        if not found:
            return None
        winner = found[0]
        if len(found) == 1:
            return Pair(work, winner[5], self._terms(work, winner))
        runner_up = found[1]
        return Pair(work, winner[5], self._terms(work, winner), runner_up[3], self._terms(work, runner_up))

    def _preferred(self, work: Work, passed: Collection[str]) -> list[Candidate]:
        """Its first two preferred agents who may take it now, as candidates."""
        profile = work.profile
        preferred = [agent_id for agent_id in dict.fromkeys(work.preferred) if agent_id not in passed]
        members = [profile.members.get(agent_id) for agent_id in preferred]
        return [
            self._candidate(profile, agent)
            for agent in members
            if agent is not None and not work.excludes(agent.agent_id) and self.available(agent, profile)
        ][:2]

    @staticmethod
    def _candidate(profile: Profile, agent: Agent) -> Candidate:
        return (*profile.key.choice.key(agent, profile.wanted), agent.agent_id, agent.stamp, agent)

    @staticmethod
    def _terms(work: Work, candidate: Candidate) -> Terms:
        """The agent's score for this item as (name, integer) pairs in rule order."""
        terms = work.profile.tell(candidate)
        return (("preferred", work.preference(candidate[3])), *terms) if work.preferred else terms

    def yielding(self, best: Pair, agent: Agent) -> Pair:
        """The pair of the item with another agent than the best, who is left to an item that has no other."""
        terms = self._terms(best.work, self._candidate(best.work.profile, agent))
        return Pair(best.work, agent, ((YIELDED, 1), *terms), best.agent.agent_id, ((YIELDED, 0), *best.terms))

    def sole_pair(self, work: Work, agent: Agent) -> Pair:
        """The pair of an agent who just became free: nobody else could take the item, or it would not wait."""
        return Pair(work, agent, self._terms(work, self._candidate(work.profile, agent)))

    def may_yet_pass(self, pair: Pair) -> bool:
        """Whether items that are not bound yet could come first for the agent, for all that stands behind this one."""
        work = pair.work
        return work.profile.priority(pair.agent) > 1 or (self.ratios is not None and self.ratios.rules(work))

    # -- the item for an agent

    def best_work(self, agent: Agent) -> Work | None:
        """The item that this agent takes next of all that they may take now."""
        best: Entry | None = None
        turn = 0
        interrupts = self.policy.interrupts
        free = self._free(agent)
        for slot, held in agent.profiles.items():
            if slot[0] != turn:
                if best is not None:
                    break
                turn = slot[0]
            if free and agent.has_room(slot[1], held.units, interrupts):
                # Heads are compared as they lie in the lists: each object looked at is likely a cache miss.
                for entries in held.lists:
                    if entries and (best is None or entries[0] < best):
                        best = entries[0]
        if best is None:
            return None
        work = best[3]
        if agent.agent_id in work.resting or self.ratios or (work.profile.reserve and work.profile.held_back):
            return self._chosen_work(agent)
        return work

    def _chosen_work(self, agent: Agent) -> Work | None:
        """The same where it is not simply what stands first: look behind what rests or is held back; ratios choose."""
        heads: list[Work] = []
        turn = 0
        for slot, held in agent.profiles.items():
            if slot[0] != turn:
                if heads:
                    break
                turn = slot[0]
            if self._free(agent) and agent.has_room(slot[1], held.units, self.policy.interrupts):
                for profile in held.profiles:
                    if profile.waiting.entries and not profile.held_back:
                        awake = (work for work in profile.waiting if agent.agent_id not in work.resting)
                        heads += [work for work in (next(awake, None),) if work is not None]
        if not heads:
            return None
        first = min(heads, key=lambda work: work.rank)
        return first if self.ratios is None else self.ratios.choose(first, heads, ageing=self.policy.ageing_us > 0)

    # -- between turns

    def tidy(self, profiles: int = 8) -> None:
        """Off the decision path: drop stale entries of the next few profiles, and profiles that nobody needs."""
        del self._past[-32 * profiles :]
        for _ in range(min(profiles, len(self._round))):
            profile = self._round.popleft()
            narrow = profile.key.only is not None
            if not profile.users and (narrow or len(self._profiles) > _KEEP_PROFILES):
                del self._profiles[profile.key]
                profile.forget()
                continue
            profile.tidy()
            self._round.append(profile)
