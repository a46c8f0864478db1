"""The sites that decisions are measured on: one plain, one with all rules in force, and one for each rule alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from msgspec import structs

from router.events import WorkQueued
from router.policy import (
    AgentPolicy,
    AgentQueue,
    Order,
    Policy,
    Preference,
    PriorityRule,
    QueuePolicy,
    Reserve,
    Ring,
    Strategy,
    Weights,
)
from router.vocabulary import Medium

SKILLS = 200
SKILLS_PER_AGENT = 5
TEAMS = 4
SECOND = 1_000_000
FOREVER = 1 << 40

# A skill that one agent alone has, where the site says so.
RARE = "rare"

QueueRule = Callable[[QueuePolicy, int], QueuePolicy]
AgentRule = Callable[[AgentPolicy, Random, tuple[str, ...]], AgentPolicy]
WorkRule = Callable[[WorkQueued, Random], WorkQueued]


@dataclass(frozen=True)
class Rules:
    """What a site has more than the plain one: of its queues (by number), its agents, its policy, what items say."""

    queues: int = 1
    queue: QueueRule | None = None
    agent: AgentRule | None = None
    policy: Callable[[Policy], Policy] | None = None
    work: WorkRule | None = None


def site(random: Random, agents: int, rules: Rules) -> Policy:
    """Voice queues; agents with five of 200 skills each, in four teams. Nothing ends by itself."""
    names = [f"s{index}" for index in range(SKILLS)]
    queues = {}
    for number in range(rules.queues):
        name = "voice" if not number else f"voice{number}"
        queue = QueuePolicy(name, Medium.VOICE, offer_timeout_us=FOREVER, wrap_up_us=FOREVER)
        queues[name] = queue if rules.queue is None else rules.queue(queue, number)
    made = {}
    for index in range(agents):
        skills = {name: random.randint(1, 10) for name in random.sample(names, SKILLS_PER_AGENT)}
        agent = AgentPolicy(f"a{index:06}", f"t{index % TEAMS}", skills)
        made[agent.agent_id] = agent if rules.agent is None else rules.agent(agent, random, tuple(queues))
    policy = Policy("bench", queues, made)
    return policy if rules.policy is None else rules.policy(policy)


def _rings(queue: QueuePolicy, _: int) -> QueuePolicy:
    """Skills are lowered, then agents of every team may come, then one more point of priority."""
    lowered = tuple((f"s{index}", 2) for index in range(SKILLS))
    rings = (Ring(10 * SECOND, lower=lowered), Ring(20 * SECOND, teams=()), Ring(30 * SECOND, priority=1))
    return replace(queue, teams=("t0", "t1", "t2"), rings=rings)


def _priorities(queue: QueuePolicy, number: int) -> QueuePolicy:
    return replace(queue, priority=number, priority_rules=(PriorityRule('customer.tier == "gold"', 5),))


def _ageing(policy: Policy) -> Policy:
    return replace(policy, ageing_us=30 * SECOND)


def _tiers(event: WorkQueued, random: Random) -> WorkQueued:
    return structs.replace(event, attributes=(("customer.tier", random.choice(("gold", "plain", "plain"))),))


def _all(queue: QueuePolicy, number: int) -> QueuePolicy:
    return _priorities(_rings(queue, number), number)


def _preferences(queue: QueuePolicy, _: int) -> QueuePolicy:
    return replace(queue, preferences=(Preference('team == "t1"', 2, 'customer.tier == "gold"'),))


def _weighted(queue: QueuePolicy, _: int) -> QueuePolicy:
    return replace(queue, strategy=Strategy.WEIGHTED, weights=Weights(1, 10, 1, 5))


def _lists(agent: AgentPolicy, random: Random, queues: tuple[str, ...]) -> AgentPolicy:
    """Half of the queues, with turns."""
    taken = random.sample(queues, len(queues) // 2)
    return replace(agent, queues={name: AgentQueue(random.randint(1, 3)) for name in taken})


def _rarely(agent: AgentPolicy, _: Random, __: tuple[str, ...]) -> AgentPolicy:
    return replace(agent, skills={**agent.skills, RARE: 5}) if agent.agent_id == "a000000" else agent


def _preferred(event: WorkQueued, random: Random) -> WorkQueued:
    return structs.replace(event, preferred=(f"a{random.randrange(1000):06}", f"a{random.randrange(1000):06}"))


def _condition(event: WorkQueued, _: Random) -> WorkQueued:
    """An expression of the item's own in place of its requirement: as many different ones as there are demands."""
    [need] = event.requirements
    other = f"s{int(need.skill[1:]) * 7 % SKILLS}"
    condition = f'{need.skill} >= {need.minimum} and (team in ("t0", "t1", "t2") or {other} >= 9)'
    return structs.replace(event, requirements=(), condition=condition)


# Not for a table of what each rule costs.
SPECIAL: Mapping[str, Rules] = {"rare": Rules(agent=_rarely)}
RULES: Mapping[str, Rules] = {
    "plain": Rules(),
    "rules": Rules(queues=4, queue=_all, policy=_ageing, work=_tiers),
    "rings": Rules(queue=_rings),
    "priorities": Rules(queues=4, queue=_priorities, work=_tiers),
    "ageing": Rules(policy=_ageing),
    "target": Rules(queue=lambda queue, _: replace(queue, order=Order.TARGET, target_us=20 * SECOND)),
    "weighted": Rules(queue=_weighted),
    "preferences": Rules(queue=_preferences, work=_tiers),
    "preferred": Rules(work=_preferred),
    "patience": Rules(
        queue=lambda queue, _: replace(queue, preferred_patience_us=20 * SECOND),
        work=_preferred,
    ),
    "conditions": Rules(work=_condition),
    "queues": Rules(queues=10),
    "lists": Rules(queues=10, agent=_lists),
    "ratio": Rules(queues=10, queue=lambda queue, number: replace(queue, ratio=number + 1)),
    "reserve": Rules(queue=lambda queue, _: replace(queue, reserve=Reserve(1, 3))),
    "interrupts": Rules(policy=lambda policy: replace(policy, interrupts={Medium.CHAT: (Medium.VOICE,)})),
}
