"""A profile: one compiled demand, with the agents who can meet it now and the items that wait for such an agent.

It keeps those agents in one heap, best first, and those items in one sorted list. An agent's change raises their stamp,
which makes all their heap entries stale at once; stale entries fall out when they surface, or off the decision path.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from router.agent import Agent
from router.choice import Choice, Standing
from router.expression import Expression, predicate, wanted
from router.queue import Entry, WaitingList
from router.vocabulary import Medium

# (first, second, idle since, agent id, stamp, agent): smaller is better.
Candidate = tuple[int, int, int, str, int, Agent]

SLACK = 64


class ProfileKey(NamedTuple):
    """What a profile is known by; items with equal keys share it, of whatever queue.

    queue: set where membership or turn depends on it: some agent keeps a list of queues, or it has a ratio. units: what
    an item takes of an agent's total where that is not the agent's number. only: the only agents in question; None for
    all. delay_us: the longest of the queue's delays that has passed. reserve: so many free agents are kept back.
    """

    queue: str
    medium: Medium
    units: int | None
    expression: Expression
    teams: tuple[str, ...]
    only: tuple[str, ...] | None
    delay_us: int
    choice: Choice
    reserve: int


class Profile:
    """See the module. `free` counts members with room now (kept where there is a reserve), `present` those present
    who are reached by the medium.

    users: open items bound to it. homes: where caches refer to it, so that it can be forgotten.
    """

    __slots__ = (
        "first_slot",
        "free",
        "heap",
        "homes",
        "key",
        "limit",
        "meets",
        "members",
        "present",
        "reserve",
        "tell",
        "users",
        "waiting",
        "wanted",
    )

    def __init__(self, key: ProfileKey) -> None:
        self.key = key
        # Where an agent keeps it to whom no queue comes before another.
        self.first_slot: Slot = (1, key.medium, -1 if key.units is None else key.units, key.choice.kind)
        self.meets = predicate(key.expression)
        self.tell = key.choice.teller()
        self.reserve = key.reserve
        self.wanted = wanted(key.expression)
        self.members: dict[str, Agent] = {}
        self.heap: list[Candidate] = []
        # The most entries that the heap may have before it is compacted at once.
        self.limit = SLACK
        self.waiting = WaitingList()
        self.users = 0
        self.present = 0
        self.free = 0
        self.homes: list[tuple[dict[Variant, Profile], Variant]] = []

    @property
    def held_back(self) -> bool:
        """Whether its items wait for more agents to be free than are kept in reserve."""
        return 0 < self.reserve >= self.free

    @property
    def candidate(self) -> Agent | None:
        """The best agent who has room for its items now."""
        heap = self.heap
        while heap and heap[0][5].stamp != heap[0][4]:
            heappop(heap)
        return heap[0][5] if heap else None

    def admits(self, agent: Agent) -> bool:
        """Whether the agent may ever take such an item under the current rules."""
        rules, key = agent.rules, self.key
        if not self.meets(rules.skills, rules.team):
            return False
        if rules.capacity.get(key.medium, 0) <= 0 or (key.teams and rules.team not in key.teams):
            return False
        if key.queue and rules.queues:
            taken = rules.queues.get(key.queue)
            if taken is None or taken.delay_us > key.delay_us:
                return False
        return key.only is None or agent.agent_id in key.only

    def priority(self, agent: Agent) -> int:
        """Which turn the agent gives to its queue, 1 first."""
        taken = agent.rules.queues.get(self.key.queue)
        return 1 if taken is None else taken.priority

    def compact(self) -> None:
        """Throw stale entries away; the order of the others is not touched, as no two are equal."""
        self.heap = [entry for entry in self.heap if entry[5].stamp == entry[4]]
        heapify(self.heap)

    def tidy(self) -> None:
        """Drop stale entries, as far as that is worth it."""
        if self.candidate is not None and len(self.heap) > 2 * len(self.members) + SLACK:
            self.compact()

    def slot(self, agent: Agent) -> "Slot":
        """Where the agent keeps it."""
        first = self.first_slot
        return (self.priority(agent), *first[1:]) if self.key.queue else first

    def add(self, agent: Agent, held: "Memberships") -> None:
        """The agent comes under it and keeps it there; free ones become candidates at once."""
        self.members[agent.agent_id] = agent
        self.limit += 4
        self.present += self.key.medium in agent.counted
        first, second = self.key.choice.merit(agent, self.wanted)
        held.add(self, first, second)
        if held.free:
            own = held.standing(agent)
            entry = (own[0] + first, own[1] + second, agent.idle_since, agent.agent_id, agent.stamp, agent)
            heappush(self.heap, entry)

    def remove(self, agent: Agent, held: "Memberships") -> None:
        """The agent's rules are no longer what they were; the caller drops all that the agent keeps."""
        del self.members[agent.agent_id]
        self.limit -= 4
        self.present -= self.key.medium in agent.counted
        if self.reserve:
            self.free -= held.free
        if len(self.heap) > self.limit:
            self.compact()

    def forget(self) -> None:
        """Nobody needs it: it leaves its members and every cache."""
        for home, variant in self.homes:
            home.pop(variant, None)
        for agent in self.members.values():
            agent.profiles[self.slot(agent)].drop(self)


# Of one plan: the only agents in question, the delay that has passed, how many free agents are kept back, and the units
# that the item itself says.
Variant = tuple[tuple[str, ...] | None, int, int, int | None]
# (priority, medium, units of an item or -1, kind of choice): profiles of one slot have room, or none, together.
Slot = tuple[int, Medium, int, str]


class Memberships:
    """What an agent keeps of the profiles of one slot that they match: each with their merit in it and its list.

    Lists in step instead of one of tuples: a decision reads one of them whole, and tuples made profile by profile lie
    scattered in memory. `reserved` are those of them with a reserve, `free` whether the agent counts as free in these.
    """

    __slots__ = ("firsts", "free", "lists", "profiles", "reserved", "seconds", "standing", "units")

    def __init__(self, units: int, standing: Standing) -> None:
        self.units = units
        self.standing = standing
        self.free = False
        self.profiles: list[Profile] = []
        self.firsts: list[int] = []
        self.seconds: list[int] = []
        self.lists: list[list[Entry]] = []
        self.reserved: list[Profile] = []

    def add(self, profile: Profile, first: int, second: int) -> None:
        """The agent matches one more profile."""
        self.profiles.append(profile)
        self.firsts.append(first)
        self.seconds.append(second)
        self.lists.append(profile.waiting.entries)
        if profile.reserve:
            self.reserved.append(profile)
            profile.free += self.free

    def drop(self, profile: Profile) -> None:
        """The profile is forgotten."""
        index = self.profiles.index(profile)
        del self.profiles[index], self.firsts[index], self.seconds[index], self.lists[index]
        if profile.reserve:
            self.reserved.remove(profile)

    def count(self, free: bool) -> list[Profile]:
        """The agent is free for these items, or no longer; the profiles whose items are no longer held back."""
        if free is self.free:
            return []
        self.free = free
        risen: list[Profile] = []
        for profile in self.reserved:
            before = profile.held_back
            profile.free += 1 if free else -1
            if before and not profile.held_back:
                risen.append(profile)
        return risen
