"""The next minutes of a shard as a scenario: everybody stays as found, what is expected is the basis."""

from dataclasses import replace

from router.policy import AgentPolicy, Policy
from router.rows import AgentRow, ShardImage
from router.vocabulary import Medium, Presence, Requirement
from simulator.moment import STRANGERS, Demand, QueueBasis, TeamBasis, moment
from simulator.replications import run
from tests.simulator.models import SECOND, agents, queue

NOW = 1_772_409_600_000_000
HORIZON = 1800 * SECOND
RULES = Policy("model", {"calls": queue("calls")}, agents("agents", 3))


def basis(per_hour: float = 0.0, *demands: Demand, patience_us: int | None = None) -> QueueBasis:
    return QueueBasis(
        queue="calls",
        medium=Medium.VOICE,
        threshold_us=20 * SECOND,
        short_us=5 * SECOND,
        per_hour=per_hour,
        talk_us=100 * SECOND,
        wrap_up_us=0,
        patience_us=patience_us,
        demands=demands,
    )


def found(*names: str, presence: Presence = Presence.READY) -> ShardImage:
    rows = tuple(AgentRow(name, presence, None, NOW, 1, True, NOW) for name in names)
    return ShardImage(rows, (), (), "model", 1, NOW)


TEAM = TeamBasis(team="agents", ring_us=3 * SECOND)


def test_customers_come_as_expected_and_are_answered_by_who_is_there() -> None:
    image = found("agents-000", "agents-001", "agents-002")
    made = moment(RULES, image, [basis(60.0)], [TEAM], HORIZON)
    counts = [len(run(made, seed, start=image).waits.end) for seed in range(30)]
    assert 26 < sum(counts) / len(counts) < 34
    assert made.groups[0].ring.mean_us == 3 * SECOND


def test_who_is_not_ready_stays_so() -> None:
    image = found("agents-000", presence=Presence.NOT_READY)
    made = moment(RULES, image, [basis(60.0, patience_us=60 * SECOND)], [TEAM], HORIZON)
    trace = run(made, 1, start=image)
    assert len(trace.waits.group)
    assert set(trace.waits.group.tolist()) == {-1}


def test_an_agent_whom_the_rules_do_not_know_is_no_obstacle() -> None:
    image = found("agents-000", "stranger")
    made = moment(RULES, image, [basis(30.0)], [TEAM], HORIZON)
    assert {group.name for group in made.groups} == {"agents", STRANGERS}
    run(made, 1, start=image)


def test_a_share_of_the_customers_asks_for_more() -> None:
    german = Demand(0.5, (Requirement("german", 1),))
    policy = replace(RULES, agents={"agents-000": AgentPolicy("agents-000", "agents", {})})
    image = found("agents-000")
    made = moment(policy, image, [basis(60.0, german, patience_us=60 * SECOND)], [TEAM], HORIZON)
    assert [round(work.arrivals.total) for work in made.work] == [15, 15]
    trace = run(made, 2, start=image)
    assert set(trace.waits.group[trace.waits.work == 1].tolist()) == {-1}
    assert 0 in trace.waits.group[trace.waits.work == 0].tolist()
