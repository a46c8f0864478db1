"""Walks under every rule of matching: expressions, rings, lists of queues, reserves, ratios, ageing, preferences."""

from dataclasses import replace
from random import Random

from msgspec import structs

from router.events import Event, PolicyChanged, WorkQueued
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
)
from router.vocabulary import Medium
from tests.properties.walk import Walk
from tests.router.world import SECOND

TIERS = ("gold", "plain")


def condition(random: Random, skills: int) -> str:
    """A small expression over skills and attributes. Conjunctions only speak of skills by name, as the oracle asks."""
    one, two = (f"s{random.randrange(skills)}" for _ in range(2))
    return random.choice((
        "", "", "",
        f"{one} >= {random.randint(1, 4)}",
        f"{one} and {two} >= 2",
        'work.language == "de" or work.medium == "chat" or True',
        'team == "t0" or customer.tier == "gold"',
        'at_least(1, team in ("t0", "t1"), customer.tier == "gold")',
        'not team == "t9" and work.queue != "q9"',
    ))  # fmt: skip


def with_rules(random: Random, policy: Policy, skills: int) -> Policy:
    """The policy with rules at random; about half of the walks' policies have ratios or turns."""
    choosy = random.random() < 0.5
    return replace(
        policy,
        queues={name: _queue(random, rules, skills, choosy) for name, rules in policy.queues.items()},
        agents={name: _agent(random, rules, tuple(policy.queues), choosy) for name, rules in policy.agents.items()},
        ageing_us=random.choice((0, 0, 20 * SECOND)),
        interrupts=random.choice(({}, {Medium.CHAT: (Medium.VOICE,)}, {Medium.EMAIL: tuple(Medium)})),
    )


def _queue(random: Random, rules: QueuePolicy, skills: int, choosy: bool) -> QueuePolicy:
    first, second = (f"s{random.randrange(skills)}" for _ in range(2))
    rings = (
        Ring(5 * SECOND, lower=((first, 2),), priority=random.choice((0, 3)), skip_empty=random.random() < 0.5),
        Ring(20 * SECOND, drop=(second,), teams=random.choice((None, (), ("t1",)))),
        Ring(40 * SECOND, requirements=random.choice((None, "", f"{first} >= 2")), lower=((second, 1),)),
    )
    preferences = (Preference('team == "t1"', 2), Preference(f"{first} >= 3", 1, 'customer.tier == "gold"'))
    return replace(
        rules,
        condition=condition(random, skills),
        hard=random.choice(((), (first,))),
        rings=rings[: random.randint(0, 3)],
        preferences=random.choice(((), preferences)),
        priority_rules=random.choice(((), (PriorityRule('customer.tier == "gold"', 4),))),
        preferred_patience_us=random.choice((0, 10, 30)) * SECOND,
        order=random.choice(tuple(Order)),
        target_us=random.choice((10, 60)) * SECOND,
        ratio=random.choice((0, 1, 3)) if choosy else 0,
        reserve=random.choice((None, None, Reserve(random.randint(1, 2), 4))),
        units=random.choice((None, None, 1, 2)),
    )  # fmt: skip


def _agent(random: Random, rules: AgentPolicy, queues: tuple[str, ...], choosy: bool) -> AgentPolicy:
    taken = {
        name: AgentQueue(random.randint(1, 2) if choosy else 1, random.choice((0, 0, 8)) * SECOND)
        for name in queues
        if random.random() < 0.7
    }
    return replace(rules, queues=random.choice(({}, taken)))


class RuleWalk(Walk):
    """A walk whose policies have rules and whose items say things about themselves."""

    def __init__(self, seed: int, *, agents: int, queues: int, skills: int) -> None:
        super().__init__(seed, agents=agents, queues=queues, skills=skills)
        event = PolicyChanged(with_rules(self.random, self.first, skills))
        commands = self.world.dispatcher.handle(event, self.world.now)
        self._track(event)
        self._note(event, commands)

    def _policy(self) -> Event:
        event = super()._policy()
        assert isinstance(event, PolicyChanged)
        if self.random.random() < 0.3:
            return event
        return PolicyChanged(with_rules(self.random, event.policy, self.size[2]))

    def _work(self) -> Event:
        event, random = super()._work(), self.random
        assert isinstance(event, WorkQueued)
        names = [f"a{random.randrange(self.size[0] + 1):02}" for _ in range(3)]
        said = {"language": random.choice(("de", "en")), "customer.tier": random.choice(TIERS)}
        return structs.replace(
            event,
            condition=condition(random, self.size[2]) if random.random() < 0.3 else "",
            attributes=tuple(sorted(pair for pair in said.items() if random.random() < 0.6)),
            preferred=tuple(dict.fromkeys(names[:2])) if random.random() < 0.2 else (),
            named=tuple(dict.fromkeys(names[1:])) if random.random() < 0.1 else (),
            units=random.choice((None, None, None, 1, 3)),
        )
