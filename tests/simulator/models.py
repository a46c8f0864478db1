"""Scenarios of the tests, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.policy import AgentPolicy, Policy, QueuePolicy, Strategy
from router.vocabulary import Medium, Requirement
from simulator.arrivals import steady
from simulator.distributions import Distribution, Exponential
from simulator.scenario import Group, Scenario, WorkType
from simulator.schedule import Plan, Spell

SECOND = 1_000_000
HOUR = 3600 * SECOND
ALWAYS = Plan((Spell(0, None),))


def seconds(mean: float) -> Exponential:
    """An exponential duration."""
    return Exponential(mean * SECOND)


def queue(name: str, *, skill: str | None = None, strategy: Strategy = Strategy.LONGEST_IDLE) -> QueuePolicy:
    """A voice queue without wrap-up, which demands one skill or none."""
    needs = (Requirement(skill),) if skill else ()
    return QueuePolicy(name, Medium.VOICE, needs, strategy=strategy, wrap_up_us=0)


def agents(group: str, count: int, **skills: int) -> dict[str, AgentPolicy]:
    """So many agents with these skills, one call each."""
    return {f"{group}-{number:03}": AgentPolicy(f"{group}-{number:03}", group, skills) for number in range(count)}


def group(name: str, members: Mapping[str, AgentPolicy]) -> Group:
    """Agents who are always there and answer at once."""
    return Group(name, dict.fromkeys(members, ALWAYS))


def work(name: str, per_hour: float, talk: Distribution, hours: float, **more: Any) -> WorkType:
    """Calls to the queue of the same name at a steady rate."""
    return WorkType(name, name, Medium.VOICE, steady(0, round(hours * HOUR), per_hour), talk, **more)


def scenario(
    queues: Sequence[QueuePolicy],
    groups: Mapping[str, Mapping[str, AgentPolicy]],
    types: Sequence[WorkType],
    hours: float,
    warm_up: float = 0.0,
) -> Scenario:
    """A steady model: measured from `warm_up` on (hours)."""
    everybody = {name: agent for members in groups.values() for name, agent in members.items()}
    policy = Policy("model", {one.name: one for one in queues}, everybody)
    return Scenario(
        name="model",
        policy=policy,
        work=tuple(types),
        groups=tuple(group(name, members) for name, members in groups.items()),
        start_us=0,
        end_us=round(hours * HOUR),
        measure_from_us=round(warm_up * HOUR),
        measure_to_us=round(hours * HOUR),
    )


def one_queue(
    servers: int, per_hour: float, talk: Distribution, hours: float, warm_up: float, patience_s: float | None = None
) -> Scenario:
    """M/G/n, or M/G/n+M with patience."""
    patience = seconds(patience_s) if patience_s is not None else None
    calls = work("calls", per_hour, talk, hours, patience=patience)
    return scenario([queue("calls")], {"agents": agents("agents", servers)}, [calls], hours, warm_up)
