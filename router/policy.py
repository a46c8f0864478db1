"""The immutable rules that a decision follows: queues with their stages, agents' skills and capacity, units of media.

Conditions and demands are kept as text in the form of `router.expression_parser`, so that a stored policy reads as the
files do. Durations are integer microseconds throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.vocabulary import Medium, Requirement


class Strategy(StrEnum):
    """How the agent is chosen among those who may take the item.

    Each is a list of terms, compared in order, smaller first; `preference` (QueuePolicy.preferences) always leads and
    the agent's id always ends it, so that a choice never depends on anything else. `load` is units held against the
    agent's total, in thousandths: an idle agent comes before one who holds a third of what they can.

    best_proficiency: load, minus the sum of the grades asked for, idle since.
    least_loaded: load, idle since.
    longest_idle: holds anything (0 or 1), idle since.
    fewest_today: load, items taken since the day began, idle since.
    weighted: the sum of QueuePolicy.weights, idle since.
    """

    BEST_PROFICIENCY = "best_proficiency"
    LEAST_LOADED = "least_loaded"
    LONGEST_IDLE = "longest_idle"
    FEWEST_TODAY = "fewest_today"
    WEIGHTED = "weighted"


class Order(StrEnum):
    """What a queue's items are ordered by after their priority.

    first_come: the time since which they wait. target: the time at which they miss the queue's target, so that
    among queues with different targets the item most at risk comes first.
    """

    FIRST_COME = "first_come"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Exit:
    """Where an item goes that does not stay: to another `queue`, or out of the router to what its channel does next.

    Exactly one is set. `divert` is a word for the channel: a flow's name for calls ("voicemail"), "message" or "end"
    for chats.
    """

    queue: str = ""
    divert: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """What holds for an item from `after_us` of waiting on, on top of the rings before it.

    `lower` takes grades off the minimum of a skill, `drop` no longer asks for it (in the queue's requirements and in
    the item's own; never for a hard skill). `requirements`, where it is not None, stands in place of the queue's own
    requirements and condition. `teams` stands in place of the queue's teams where it is not None. `priority` is
    added. With an `exit` the item leaves; nothing else of the ring then counts. A ring without an exit in which no
    agent is present is skipped (`skip_empty`): the next ring holds at once.
    """

    after_us: int
    lower: tuple[tuple[str, int], ...] = ()
    drop: tuple[str, ...] = ()
    requirements: str | None = None
    teams: tuple[str, ...] | None = None
    priority: int = 0
    exit: Exit | None = None
    skip_empty: bool = True


@dataclass(frozen=True, slots=True)
class Preference:
    """For work that meets `when` (attributes only), agents who meet `want` come first by so much `score`."""

    want: str
    score: int = 1
    when: str = ""


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """Work that meets `when` (attributes only) has so much more priority."""

    when: str
    priority: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """Items of a priority under `below` are not offered while no more than `free` agents who could take them are free.

    The priority is the item's whole one: its own, its queue's, its rules' and its ring's.
    """

    free: int
    below: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The weighted strategy: points for each thousandth of load, each grade, each second idle, each item today.

    Load and items count against the agent, grades and idle seconds for them.
    """

    load: int = 1
    proficiency: int = 0
    idle: int = 0
    handled: int = 0


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """A queue's rules. Durations in microseconds; `teams` empty means every team.

    condition: an expression that holds beside `requirements`.
    hard: skills that no ring lowers or drops.
    rings: by ascending `after_us`.
    preferred_patience_us: how long an item waits for its preferred agents alone while one of them is present.
    target_us: the service target that Order.TARGET orders by.
    ratio: the queue's share of those who wait (fixed queue ratio); 0 takes no part.
    max_waiting: 0 for any number; who comes beyond it takes `when_full`, or is refused.
    closed: what comes takes `when_closed`, or is refused; with `empty_when_closed` so does who waits.
    units: what one item takes of an agent's total, where it is not the agent's own or the policy's number.
    offer_to: to how many agents at once an item is offered; the first to accept has it.
    auto_accept: the offer counts as accepted by being made.
    missed_not_ready: who lets an offer pass becomes not-ready.
    reject_rest_us: how long an item rests for an agent who rejected it; None for good.
    wrap_up_us: 0 for none. wrap_up_extend_us: by how much in all an agent may extend it.
    callback_attempts: how often a promised callback is tried; callback_retry_us between the tries.
    park_limit: how many items an agent who parks one of this queue may have parked in all; 0: none is parked.
    park_max_us: the longest time for which one is parked. park_patience_us: how long one that came back waits for its
    agent alone while they are present.
    """

    name: str
    medium: Medium
    requirements: tuple[Requirement, ...] = ()
    priority: int = 0
    strategy: Strategy = Strategy.BEST_PROFICIENCY
    teams: tuple[str, ...] = ()
    offer_timeout_us: int = 20_000_000
    wrap_up_us: int = 30_000_000
    reject_rest_us: int | None = 30_000_000
    condition: str = ""
    hard: tuple[str, ...] = ()
    rings: tuple[Ring, ...] = ()
    preferences: tuple[Preference, ...] = ()
    priority_rules: tuple[PriorityRule, ...] = ()
    preferred_patience_us: int = 0
    order: Order = Order.FIRST_COME
    target_us: int = 0
    ratio: int = 0
    weights: Weights = Weights()
    reserve: Reserve | None = None
    max_waiting: int = 0
    when_full: Exit | None = None
    closed: bool = False
    when_closed: Exit | None = None
    empty_when_closed: bool = False
    units: int | None = None
    offer_to: int = 1
    auto_accept: bool = False
    missed_not_ready: bool = True
    wrap_up_extend_us: int = 0
    callback_attempts: int = 3
    callback_retry_us: int = 600_000_000
    park_limit: int = 10
    park_max_us: int = 86_400_000_000
    park_patience_us: int = 120_000_000


@dataclass(frozen=True, slots=True)
class AgentQueue:
    """How an agent takes from one queue: `priority` 1-99 (1 first, before the work's own), after `delay_us` of wait."""

    priority: int = 1
    delay_us: int = 0


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """What an agent can do and hold: proficiency 1-10 per skill, items per medium, units in total.

    `units`: what one item of a medium takes of this agent's total where that is not the policy's own number. A call
    that takes all of an agent is `{VOICE: total_units}`: it fits none but an idle one, and nothing fits beside it.
    `queues`: the only queues that this agent takes from; empty for every queue whose demand they meet.
    `fresh_limit`: at most so many new items within `fresh_window_us`; 0 for any number.
    """

    agent_id: str
    team: str
    skills: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[Medium, int] = field(default_factory=lambda: {Medium.VOICE: 1})
    total_units: int = 1
    units: Mapping[Medium, int] = field(default_factory=dict)
    queues: Mapping[str, AgentQueue] = field(default_factory=dict)
    fresh_limit: int = 0
    fresh_window_us: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A queue of another shard of the site: exits may lead there, as far as `router.handoff` says."""

    shard: str
    medium: Medium


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules of a shard. `units`: what one item takes of an agent's total, unless the agent says.

    interrupts: for a medium that is held, the media that may come on top of it: its units then do not count against
    them. A held medium with an entry here keeps out every medium that is not in the entry and not itself.
    ageing_us: a point of priority is worth so much waiting; 0 for strict priority.
    elsewhere: queues of other shards to which exits may lead, by name.
    """

    version: str
    queues: Mapping[str, QueuePolicy]
    agents: Mapping[str, AgentPolicy]
    units: Mapping[Medium, int] = field(default_factory=lambda: {Medium.VOICE: 1, Medium.CHAT: 1, Medium.EMAIL: 1})
    reconnect_grace_us: int = 15_000_000
    interrupts: Mapping[Medium, tuple[Medium, ...]] = field(default_factory=dict)
    ageing_us: int = 0
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)

    def cost(self, agent: AgentPolicy, medium: Medium) -> int:
        """Units that one item of the medium takes of this agent's total."""
        own = agent.units.get(medium)
        return self.units.get(medium, 1) if own is None else own

    def takes(self, agent_id: str, medium: Medium) -> bool:
        """Whether there is such an agent, with any room for the medium at all."""
        agent = self.agents.get(agent_id)
        return agent is not None and agent.capacity.get(medium, 0) > 0
