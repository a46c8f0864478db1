"""Who gets what: profiles with incrementally kept eligible sets, and pairs drawn from them in queue order.

A profile is what a decision needs to know of a work item: medium, teams, requirements and strategy, or the one agent
for whom it is kept. It keeps the agents who could take such an item now in one heap, best first, and the items that
wait for such an agent in one sorted list. An agent's change raises their stamp, which makes all their heap entries
stale at once; stale entries fall out when they surface, or in `tidy`, off the decision path. A decision therefore
touches the profiles that one agent matches, never all agents or all items.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from router.agent import Agent
from router.policy import Policy, QueuePolicy, Strategy
from router.queue import Entry, WaitingList
from router.skills import SkillIndex, lacking, merge, proficiency
from router.vocabulary import Medium, Presence, Requirement
from router.work import Work

ProfileKey = tuple[Medium, tuple[str, ...], tuple[Requirement, ...], Strategy, str | None]
# (load, minus the proficiency sum, idle since, agent id, stamp, agent): smaller is better.
Candidate = tuple[int, int, int, str, int, Agent]
Demand = tuple[str, Medium, tuple[Requirement, ...], str | None]
Terms = tuple[tuple[str, int], ...]

_SLACK = 64
# Profiles beyond this many that nobody waits for are forgotten by `tidy`; requirements can be made up per call.
_KEEP_PROFILES = 4096


@dataclass(frozen=True, slots=True)
class Pair:
    """A decision: the work item, its agent and the runner-up, each agent with the terms in rule order."""

    work: Work
    agent: Agent
    terms: Terms
    runner_up: str | None = None
    runner_up_terms: Terms = ()


class Profile:
    """One compiled demand with those who can meet it now (`heap`) and those who wait for it (`waiting`)."""

    __slots__ = (
        "demands",
        "directed",
        "heap",
        "key",
        "medium",
        "members",
        "requirements",
        "strategy",
        "teams",
        "users",
        "waiting",
    )

    def __init__(self, key: ProfileKey) -> None:
        self.key = key
        self.medium, self.teams, self.requirements, self.strategy, self.directed = key
        self.members: dict[str, Agent] = {}
        self.heap: list[Candidate] = []
        self.waiting = WaitingList()
        self.users = 0
        self.demands: list[Demand] = []

    @property
    def limit(self) -> int:
        """The most entries that the heap may have before it is compacted at once."""
        return 4 * len(self.members) + _SLACK

    def admits(self, agent: Agent) -> bool:
        """Whether the agent may ever take such an item under the current rules."""
        rules = agent.rules
        return (
            rules.capacity.get(self.medium, 0) > 0
            and (self.directed is None or self.directed == agent.agent_id)
            and (not self.teams or rules.team in self.teams)
            and lacking(rules.skills, self.requirements) is None
        )

    def weight(self, agent: Agent) -> int:
        """Minus the proficiency sum where the strategy asks for it, else 0."""
        if self.strategy is Strategy.LONGEST_IDLE:
            return 0
        return -proficiency(agent.rules.skills, self.requirements)

    def compact(self) -> None:
        """Throw stale entries away; the order of the others is not touched, as no two are equal."""
        self.heap = [entry for entry in self.heap if entry[5].stamp == entry[4]]
        heapify(self.heap)

    def terms(self, load: int, weight: int, idle_since: int) -> Terms:
        """The score as (name, integer) pairs in rule order."""
        if self.strategy is Strategy.LONGEST_IDLE:
            return (("load", load), ("idle_since", idle_since))
        return (("load", load), ("proficiency", -weight), ("idle_since", idle_since))


class Memberships:
    """What an agent keeps of the profiles of one medium that they match: each with their weight in it and its list.

    Three lists in step instead of one of tuples: a decision reads one of them whole, and tuples made profile by profile
    lie scattered in memory.
    """

    __slots__ = ("lists", "profiles", "weights")

    def __init__(self) -> None:
        self.profiles: list[Profile] = []
        self.weights: list[int] = []
        self.lists: list[list[Entry]] = []

    def add(self, profile: Profile, weight: int) -> None:
        """The agent matches one more profile."""
        self.profiles.append(profile)
        self.weights.append(weight)
        self.lists.append(profile.waiting.entries)

    def drop(self, profile: Profile) -> None:
        """The profile is forgotten."""
        index = self.profiles.index(profile)
        del self.profiles[index], self.weights[index], self.lists[index]


class Matcher:
    """The eligible sets and waiting lists of one policy version."""

    def __init__(self, policy: Policy, agents: Iterable[Agent]) -> None:
        self._cost = policy.cost
        self._skills = SkillIndex(agents)
        self._profiles: dict[ProfileKey, Profile] = {}
        self._by_demand: dict[Demand, Profile] = {}
        self._round: deque[Profile] = deque()

    @property
    def profiles(self) -> Mapping[ProfileKey, Profile]:
        """All compiled profiles, in order of their first use."""
        return self._profiles

    def bind(self, work: Work, queue: QueuePolicy) -> None:
        """Give the item its profile and its merged demand, compiling the profile on its first use."""
        key = (queue.name, work.medium, work.requirements, work.directed)
        profile = self._by_demand.get(key)
        if profile is None:
            profile = self.compile(work.medium, queue, work.requirements, work.directed)
            self._by_demand[key] = profile
            profile.demands.append(key)
        profile.users += 1
        work.profile = profile
        work.demanded = profile.requirements

    def unbind(self, work: Work) -> None:
        """The item is closed; its profile may be forgotten when nobody else needs it."""
        work.profile.users -= 1

    def compile(
        self, medium: Medium, queue: QueuePolicy, requirements: tuple[Requirement, ...], directed: str | None = None
    ) -> Profile:
        """The profile of a queue's item with these requirements of its own, or kept for one agent."""
        key: ProfileKey = (medium, (), (), queue.strategy, directed)
        if directed is None:
            key = (medium, tuple(sorted(queue.teams)), merge(queue.requirements, requirements), queue.strategy, None)
        profile = self._profiles.get(key)
        if profile is None:
            profile = Profile(key)
            self._profiles[key] = profile
            self._round.append(profile)
            holders = self._skills.holders(profile.requirements) if directed is None else self._skills.only(directed)
            for agent in holders:
                self._enroll(profile, agent)
        return profile

    def _enroll(self, profile: Profile, agent: Agent) -> None:
        if not profile.admits(agent):
            return
        profile.members[agent.agent_id] = agent
        weight, medium = profile.weight(agent), profile.medium
        if medium not in agent.profiles:
            agent.profiles[medium] = Memberships()
        agent.profiles[medium].add(profile, weight)
        if self.available(agent, medium):
            heappush(profile.heap, (agent.units, weight, agent.idle_since, agent.agent_id, agent.stamp, agent))

    def revise(self, agents: Iterable[Agent], changed: Iterable[Agent]) -> None:
        """The rules of a few agents changed, or those of queues: eligible sets follow, waiting lists start empty.

        The caller binds and enlists the open items anew. The units of the media must be as before.
        """
        self._skills = SkillIndex(agents)
        self._by_demand.clear()
        for profile in self._profiles.values():
            profile.demands.clear()
            profile.users = 0
            profile.waiting.entries.clear()
        for agent in changed:
            for memberships in agent.profiles.values():
                for profile in memberships.profiles:
                    del profile.members[agent.agent_id]
            agent.profiles = {}
            agent.stamp += 1
            for profile in self._profiles.values():
                self._enroll(profile, agent)
        for profile in self._profiles.values():
            if len(profile.heap) > profile.limit:
                profile.compact()

    def available(self, agent: Agent, medium: Medium) -> bool:
        """Whether the agent may be offered an item of the medium now (rests of single items aside)."""
        return (
            agent.presence is Presence.READY
            and agent.connected
            and agent.has_room(medium, self._cost(agent.rules, medium))
        )

    def publish(self, agent: Agent) -> None:
        """Make the agent's entries follow their state: older ones go stale, new ones appear where there is room."""
        agent.stamp += 1
        units, idle_since, agent_id, stamp = agent.units, agent.idle_since, agent.agent_id, agent.stamp
        for medium, memberships in agent.profiles.items():
            if not self.available(agent, medium):
                continue
            for profile, weight in zip(memberships.profiles, memberships.weights, strict=True):
                heappush(profile.heap, (units, weight, idle_since, agent_id, stamp, agent))
                if len(profile.heap) > profile.limit:
                    profile.compact()

    def enlist(self, work: Work) -> None:
        """Put a waiting item into its profile's list."""
        work.profile.waiting.add(work)

    def delist(self, work: Work) -> None:
        """Take an item out of its profile's list."""
        work.profile.waiting.remove(work)

    def best_agent(self, work: Work) -> Pair | None:
        """The agent for this item now, with the runner-up; None when nobody may take it.

        The winner's entry is used up: the caller claims the pair and publishes the agent at once.
        """
        profile = work.profile
        heap, resting = profile.heap, work.resting
        aside: list[Candidate] = []
        winner: Candidate | None = None
        runner_up: Candidate | None = None
        while heap:
            entry = heap[0]
            if entry[5].stamp != entry[4]:
                heappop(heap)
            elif resting and entry[3] in resting:
                aside.append(heappop(heap))
            elif winner is None:
                winner = heappop(heap)
            else:
                runner_up = entry
                break
        for entry in aside:
            heappush(heap, entry)
        if winner is None:
            return None
        terms = profile.terms(winner[0], winner[1], winner[2])
        if runner_up is None:
            return Pair(work, winner[5], terms)
        return Pair(work, winner[5], terms, runner_up[3], profile.terms(runner_up[0], runner_up[1], runner_up[2]))

    def best_work(self, agent: Agent) -> Work | None:
        """The item that stands first among all that this agent may take now."""
        best: Entry | None = None
        for medium, memberships in agent.profiles.items():
            if self.available(agent, medium):
                # Heads are compared as they lie in the lists: each object looked at is likely a cache miss.
                for entries in memberships.lists:
                    if entries and (best is None or entries[0] < best):
                        best = entries[0]
        if best is None:
            return None
        if agent.agent_id in best[3].resting:
            return self._best_work_awake(agent)
        return best[3]

    def _best_work_awake(self, agent: Agent) -> Work | None:
        """The same where the very first item rests for this agent: look behind the heads that do."""
        found: list[Work] = []
        for medium, memberships in agent.profiles.items():
            if self.available(agent, medium):
                for profile in memberships.profiles:
                    awake = (work for work in profile.waiting if agent.agent_id not in work.resting)
                    found += [work for work in (next(awake, None),) if work is not None]
        return min(found, key=lambda work: work.rank, default=None)

    def sole_pair(self, work: Work, agent: Agent) -> Pair:
        """The pair of an agent who just became free: nobody else could take the item, or it would not wait."""
        profile = work.profile
        return Pair(work, agent, profile.terms(agent.units, profile.weight(agent), agent.idle_since))

    def tidy(self, profiles: int = 8) -> None:
        """Off the decision path: drop stale entries of the next few profiles, and profiles that nobody needs."""
        for _ in range(min(profiles, len(self._round))):
            profile = self._round.popleft()
            if len(self._profiles) > _KEEP_PROFILES and self._forget(profile):
                continue
            heap = profile.heap
            while heap and heap[0][5].stamp != heap[0][4]:
                heappop(heap)
            if len(heap) > 2 * len(profile.members) + _SLACK:
                profile.compact()
            self._round.append(profile)

    def _forget(self, profile: Profile) -> bool:
        if profile.users:
            return False
        del self._profiles[profile.key]
        for demand in profile.demands:
            del self._by_demand[demand]
        for agent in profile.members.values():
            agent.profiles[profile.medium].drop(profile)
        return True
