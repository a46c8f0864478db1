"""The next minutes of a live shard as a scenario: who is there stays as found, customers come as they came lately.

What nobody knows of the near future is a basis for each queue and each team: rates and means that were measured, or
assumed where too little was. The server measures them and says which is which (docs/what-if.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.policy import Policy
from router.rows import ShardImage
from router.vocabulary import Medium, Requirement
from simulator.arrivals import steady
from simulator.distributions import Constant, Distribution, Exponential, LogNormal
from simulator.scenario import NO_TIME, Group, Scenario, WorkType
from simulator.schedule import Plan

# Spread over mean of conversations and of ringing. Durations of calls are close to lognormal, with about this spread:
# Brown, Gans, Mandelbaum, Sakov, Shen, Zeltyn and Zhao, "Statistical Analysis of a Telephone Call Center" (JASA 100,
# 2005).
TALK_CV = 1.0
RING_CV = 0.5
# Of an agent who has work or is there, and whom the rules do not know (any more).
STRANGERS = ""
STAYS = Plan()


@dataclass(frozen=True, slots=True)
class Demand:
    """What an item itself asks for, as its channel set it, and which share of the queue's items does."""

    share: float
    requirements: tuple[Requirement, ...] = ()
    condition: str = ""
    priority: int = 0
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBasis:
    """What is expected of a queue's customers. Means in microseconds; `patience_us` None: they wait for ever.

    Customers who are in no `demands` ask only for what their queue asks.
    """

    queue: str
    medium: Medium
    threshold_us: int
    short_us: int
    per_hour: float
    talk_us: int
    wrap_up_us: int
    patience_us: int | None
    demands: tuple[Demand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBasis:
    """How a team answers: how long it rings in the mean, and the shares of offers that are rejected or missed."""

    team: str
    ring_us: int
    reject: float = 0.0
    miss: float = 0.0


def moment(
    policy: Policy, image: ShardImage, queues: Sequence[QueueBasis], teams: Sequence[TeamBasis], horizon_us: int
) -> Scenario:
    """The scenario that begins with `image`. Each queue of the policy and of the image needs its basis."""
    return Scenario(
        name="moment",
        policy=policy,
        work=tuple(work for basis in queues for work in _work(basis, horizon_us)),
        groups=tuple(_groups(policy, image, {basis.team: basis for basis in teams})),
        start_us=0,
        end_us=horizon_us,
        measure_from_us=0,
        measure_to_us=horizon_us,
    )


def _work(basis: QueueBasis, horizon_us: int) -> Iterator[WorkType]:
    """The queue's plain customers first: found items count as theirs, and keep what they ask for themselves."""
    plain = Demand(max(0.0, 1.0 - sum(demand.share for demand in basis.demands)))
    for number, demand in enumerate((plain, *basis.demands)):
        yield WorkType(
            name=f"{basis.queue}/{number}",
            queue=basis.queue,
            medium=basis.medium,
            arrivals=steady(0, horizon_us, basis.per_hour * demand.share),
            talk=_lognormal(basis.talk_us, TALK_CV),
            wrap_up=_lognormal(basis.wrap_up_us, TALK_CV),
            patience=None if basis.patience_us is None else Exponential(float(max(1, basis.patience_us))),
            requirements=demand.requirements,
            condition=demand.condition,
            attributes=demand.attributes,
            priority=demand.priority,
            threshold_us=basis.threshold_us,
            short_us=basis.short_us,
        )


def _groups(policy: Policy, image: ShardImage, teams: Mapping[str, TeamBasis]) -> Iterator[Group]:
    members: dict[str, list[str]] = {}
    for agent in policy.agents.values():
        members.setdefault(agent.team, []).append(agent.agent_id)
    known = set(policy.agents)
    found = {row.agent_id for row in image.agents} | {row.agent_id for row in image.reservations}
    if strangers := sorted(found - known):
        members.setdefault(STRANGERS, []).extend(strangers)
    for team, agents in members.items():
        basis = teams.get(team)
        ring = NO_TIME if basis is None else _lognormal(basis.ring_us, RING_CV)
        plans = dict.fromkeys(agents, STAYS)
        yield Group(team, plans, ring, basis.reject if basis else 0.0, basis.miss if basis else 0.0)


def _lognormal(mean_us: int, cv: float) -> Distribution:
    return LogNormal(float(mean_us), cv) if mean_us > 0 else Constant(0)
