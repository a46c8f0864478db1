"""Policies and work at random in which every rule of waiting, matching, offers and agents occurs."""

from dataclasses import replace
from random import Random
from typing import Any

from router.policy import (
    AgentPolicy,
    AgentQueue,
    Elsewhere,
    Exit,
    Order,
    Policy,
    Preference,
    PriorityRule,
    QueuePolicy,
    Reserve,
    Ring,
)
from router.vocabulary import Medium
from tests.router.world import SECOND

FAR = {f"far-{medium}": Elsewhere("south", medium) for medium in Medium}
_CONDITIONS = ("", "", "s0", "s0 >= 3 or s1", "not s1", "at_least(1, s0, s1)", 'team == "t0"')
_ABOUT_WORK = ("", 'work.kind == "sale"', 'customer.tier == "gold"')
_ATTRIBUTES = ((), (("customer.tier", "gold"),), (("work.kind", "sale"),))
_INTERRUPTS: tuple[dict[Medium, tuple[Medium, ...]], ...] = ({}, {}, {Medium.CHAT: (Medium.VOICE,)}, {Medium.VOICE: ()})


def with_rules(random: Random, policy: Policy) -> Policy:
    """The same queues and agents, under rules drawn at random."""
    queues = list(policy.queues)
    lists = random.random() < 0.5
    return replace(
        policy,
        queues={name: _queue(random, queue, queues) for name, queue in policy.queues.items()},
        agents={name: _agent(random, agent, queues if lists else []) for name, agent in policy.agents.items()},
        interrupts=random.choice(_INTERRUPTS),
        ageing_us=random.choice((0, 10 * SECOND)),
        elsewhere=FAR,
    )


def random_wishes(random: Random, now: int, agents: int) -> dict[str, Any]:
    """What WorkQueued says beside its demand."""

    def some() -> tuple[str, ...]:
        return tuple(f"a{random.randrange(agents):02}" for _ in range(random.randint(1, 2)))

    return {
        "condition": random.choice(_CONDITIONS) if random.random() < 0.2 else "",
        "attributes": random.choice(_ATTRIBUTES),
        "preferred": some() if random.random() < 0.3 else (),
        "named": some() if random.random() < 0.1 else (),
        "units": random.choice((None, None, None, 1, 2)),
        "not_before": now + random.choice((-1, 1, 20)) * SECOND if random.random() < 0.1 else None,
        "since": now - 30 * SECOND if random.random() < 0.1 else None,
        "callback": random.random() < 0.1,
        **({"directed": some()[0], "taken_over": True} if random.random() < 0.05 else {}),
    }


def _exit(random: Random, queues: list[str]) -> Exit:
    return Exit(divert="voicemail") if random.random() < 0.3 else Exit(queue=random.choice((*queues, "gone", *FAR)))


def _rings(random: Random, queues: list[str]) -> tuple[Ring, ...]:
    starts = sorted(random.sample((0, 1, 2, 5, 20, 60), random.choice((0, 0, 1, 2, 3))))
    return tuple(
        Ring(
            after_us=start * SECOND,
            lower=random.choice(((), (("s0", 2),))),
            drop=random.choice(((), ("s0",), ("s1",))),
            requirements=random.choice((None, None, "s1")),
            teams=random.choice((None, None, (), ("t1",))),
            priority=random.choice((0, 0, 4)),
            exit=_exit(random, queues) if random.random() < 0.3 else None,
            skip_empty=random.random() < 0.7,
        )
        for start in starts
    )


def _queue(random: Random, queue: QueuePolicy, queues: list[str]) -> QueuePolicy:
    queue = replace(
        queue,
        condition=random.choice(_CONDITIONS),
        hard=random.choice(((), ("s0",))),
        preferences=random.choice(((), (Preference("s1", 2, random.choice(_ABOUT_WORK)),))),
        priority_rules=random.choice(((), (PriorityRule('customer.tier == "gold"', 5),))),
        order=random.choice(tuple(Order)),
        target_us=random.choice((10, 60)) * SECOND,
        ratio=random.choice((0, 0, 1, 3)),
        reserve=random.choice((None, None, Reserve(1, 4))),
    )
    return _with_life(random, queue, queues)


def _with_life(random: Random, queue: QueuePolicy, queues: list[str]) -> QueuePolicy:
    return replace(
        queue,
        rings=_rings(random, queues),
        preferred_patience_us=random.choice((0, 3, 30)) * SECOND,
        max_waiting=random.choice((0, 0, 2, 5)),
        when_full=random.choice((None, _exit(random, queues))),
        closed=random.random() < 0.15,
        when_closed=random.choice((None, _exit(random, queues))),
        empty_when_closed=random.random() < 0.7,
        units=random.choice((None, None, 1, 2)),
        offer_to=random.choice((1, 1, 2, 3)),
        auto_accept=random.random() < 0.15,
        missed_not_ready=random.random() < 0.6,
        reject_rest_us=random.choice((0, 10 * SECOND, None)),
        wrap_up_extend_us=random.choice((0, 10, 30)) * SECOND,
        park_limit=random.choice((0, 1, 3)),
        park_max_us=random.choice((10, 100)) * SECOND,
        park_patience_us=random.choice((0, 3, 30)) * SECOND,
        callback_attempts=random.choice((1, 2)),
        callback_retry_us=random.choice((2, 20)) * SECOND,
    )


def _agent(random: Random, agent: AgentPolicy, queues: list[str]) -> AgentPolicy:
    taken = {
        name: AgentQueue(random.choice((1, 1, 2)), random.choice((0, 0, 2, 10)) * SECOND)
        for name in queues
        if random.random() < 0.7
    }
    return replace(
        agent,
        queues=taken if random.random() < 0.5 else {},
        fresh_limit=random.choice((0, 0, 1, 2)),
        fresh_window_us=random.choice((5, 30)) * SECOND,
    )
