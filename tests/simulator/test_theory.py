"""The simulator, and so the dispatcher in it, against queues that theory has solved.

All runs are seeded: a test fails or passes for good. Each interval is the simulator's own at 95 %.
"""

from dataclasses import replace

import pytest

from router.policy import AgentPolicy, Strategy
from simulator.replications import Result, compare, simulate
from simulator.scenario import Scenario
from tests.simulator.erlang import ErlangA, ErlangC, erlang_b
from tests.simulator.models import agents, one_queue, queue, scenario, seconds, work


def values(result: Result, *measures: str) -> list[float]:
    found = [result.estimate("all", "all", measure).value for measure in measures]
    return [value for value in found if value is not None]


def test_calls_that_wait_for_ever_are_erlang_c() -> None:
    exact = ErlangC(servers=10, arrival=180 / 3600, service=1 / 160)
    result = simulate(one_queue(10, 180, seconds(160), hours=30, warm_up=2), seed=1, replications=6)
    expected = {
        "waited": exact.delayed,
        "wait_s": exact.wait_s,
        "level_of_settled": exact.within(20),
        "queue_length": exact.arrival * exact.wait_s,
        "abandon_rate": 0.0,
    }
    for measure, value in expected.items():
        assert result.estimate("work", "calls", measure).holds(value), measure
    assert result.estimate("group", "agents", "occupancy").holds(exact.load / 10)
    wrong = ErlangC(servers=11, arrival=180 / 3600, service=1 / 160)
    assert not result.estimate("work", "calls", "wait_s").holds(wrong.wait_s), "the test can tell 10 from 11 agents"


def test_one_long_run_in_batches_is_erlang_c_too() -> None:
    exact = ErlangC(servers=5, arrival=90 / 3600, service=1 / 160)
    result = simulate(one_queue(5, 90, seconds(160), hours=170, warm_up=2), seed=3, replications=1)
    assert result.batches > 1
    for measure, value in {
        "waited": exact.delayed,
        "wait_s": exact.wait_s,
        "level_of_settled": exact.within(20),
    }.items():
        assert result.estimate("work", "calls", measure).holds(value), measure


def test_impatient_calls_are_erlang_a() -> None:
    """With the percentile of the wait. (The example of a paper with 50 agents is a shipped scenario: test_load.py.)"""
    exact = ErlangA(servers=12, arrival=4 / 60, service=1 / 170, impatience=1 / 150)
    result = simulate(one_queue(12, 240, seconds(170), 13, 1, patience_s=150), seed=5, replications=5)
    expected = {
        "abandon_rate": exact.abandon_rate,
        "waited": exact.delayed,
        "wait_s": exact.wait_s,
        "level_of_settled": exact.within(20),
        "queue_length": exact.queue_length,
    }
    for measure, value in expected.items():
        assert result.estimate("work", "calls", measure).holds(value), measure
    assert result.estimate("group", "agents", "occupancy").holds(exact.occupancy)
    ninetieth = result.estimate("work", "calls", "wait_p90_s")
    assert ninetieth.low is not None
    assert ninetieth.high is not None
    assert exact.waits_longer(ninetieth.high) < 0.1 < exact.waits_longer(ninetieth.low)


def test_overload_with_short_patience_is_erlang_a() -> None:
    exact = ErlangA(servers=8, arrival=200 / 3600, service=1 / 180, impatience=1 / 60)
    assert exact.arrival / exact.service > 8
    result = simulate(one_queue(8, 200, seconds(180), 25, 1, patience_s=60), seed=5, replications=4)
    for measure, value in {"abandon_rate": exact.abandon_rate, "level_of_settled": exact.within(20)}.items():
        assert result.estimate("work", "calls", measure).holds(value), measure


def separate_and_pooled(hours: float) -> tuple[Scenario, Scenario]:
    """Two queues with five agents each; the same two with ten agents who do both."""
    types = [work(name, 80, seconds(160), hours) for name in ("one", "two")]
    queues = [queue(name, skill=name) for name in ("one", "two")]
    separate = {"first": agents("first", 5, one=5), "second": agents("second", 5, two=5)}
    pooled = {"both": agents("both", 10, one=5, two=5)}
    return scenario(queues, separate, types, hours, 2), scenario(queues, pooled, types, hours, 2)


def test_pooled_agents_beat_separate_ones_by_what_theory_says() -> None:
    separate, pooled = (simulate(model, seed=7, replications=5) for model in separate_and_pooled(25))
    alone, together = ErlangC(5, 80 / 3600, 1 / 160), ErlangC(10, 160 / 3600, 1 / 160)
    assert separate.estimate("queue", "one", "wait_s").holds(alone.wait_s)
    assert separate.estimate("queue", "two", "wait_s").holds(alone.wait_s)
    assert pooled.estimate("all", "all", "wait_s").holds(together.wait_s)
    gain = compare(separate, pooled)["all", "all", "wait_s"]
    assert gain.high is not None
    assert gain.high < 0
    assert gain.holds(together.wait_s - alone.wait_s)


SKILLS = tuple(f"skill{number}" for number in range(6))


def six_types(skills_of: list[dict[str, int]], hours: float) -> Scenario:
    """Six kinds of calls with 14 erlangs each; one group for each of the sets of skills, 90 agents in all."""
    size = 90 // len(skills_of)
    groups: dict[str, dict[str, AgentPolicy]] = {}
    for number, skills in enumerate(skills_of):
        groups[f"g{number}"] = agents(f"g{number}", size, **skills)
    queues = [queue(skill, skill=skill) for skill in SKILLS]
    types = [work(skill, 84, seconds(600), hours, patience=seconds(600)) for skill in SKILLS]
    return scenario(queues, groups, types, hours, 1)


def test_two_skills_are_nearly_as_good_as_all() -> None:
    """The finding of Wallace and Whitt, "A Staffing Algorithm for Call Centers with Skill-Based Routing"
    (Manufacturing & Service Operations Management 7(4), 2005), with their 90 agents, six types and ten minutes."""
    one = [{skill: 5} for skill in SKILLS]
    two = [{first: 5, second: 5} for first in SKILLS for second in SKILLS if first != second]
    full = [dict.fromkeys(SKILLS, 5)]
    results = [simulate(six_types(skills, 7), seed=6, replications=3) for skills in (one, two, full)]
    exact = [ErlangA(15, 84 / 3600, 1 / 600, 1 / 600), ErlangA(90, 6 * 84 / 3600, 1 / 600, 1 / 600)]
    assert results[0].estimate("all", "all", "wait_s").holds(exact[0].wait_s)
    assert results[2].estimate("all", "all", "wait_s").holds(exact[1].wait_s)
    waits = [values(result, "wait_s")[0] for result in results]
    levels = [values(result, "level_of_settled")[0] for result in results]
    assert waits[0] - waits[1] > 0.75 * (waits[0] - waits[2])
    assert levels[1] - levels[0] > 0.75 * (levels[2] - levels[0])
    assert waits[2] < waits[1] < waits[0]


def primary_and_helpers(strategy: Strategy) -> Scenario:
    """Eight agents who are meant for the calls and plenty who can take them too, but at a cost."""
    groups = {"meant": agents("meant", 8, sales=9), "others": agents("others", 30, sales=1)}
    return scenario(
        [queue("sales", strategy=strategy, skill="sales")], groups, [work("sales", 150, seconds(180), 20)], 20, 1
    )


def test_best_proficiency_costs_the_fewest_wrong_skills() -> None:
    """Sent to the wrong agents only when all others are busy, calls overflow as Erlang-B says, and fewer cannot go
    there without anybody waiting. Longest idle spreads them over everybody."""
    best = simulate(primary_and_helpers(Strategy.BEST_PROFICIENCY), seed=7, replications=4)
    idle = simulate(primary_and_helpers(Strategy.LONGEST_IDLE), seed=7, replications=4)
    assert best.estimate("served_by", "sales", "others").holds(erlang_b(8, 150 / 3600 * 180))
    assert values(best, "wait_s") == values(idle, "wait_s") == [0.0]
    wrong = compare(best, idle)["served_by", "sales", "others"]
    assert wrong.low is not None
    assert wrong.low > 0.2


def shared_by_ratio(scale: int, gold: int, silver: int) -> Scenario:
    """Two queues with equal loads that keep 10 * scale agents more than busy, one of whose pools serves one only."""
    hours, warm_up = 2 + 30 / scale, 1.0
    queues = [
        replace(queue("gold", skill="gold"), ratio=gold),
        replace(queue("silver", skill="silver"), ratio=silver),
    ]
    types = [work(name, 33 * scale, seconds(600), hours, patience=seconds(900)) for name in ("gold", "silver")]
    pools = {"silver only": agents("s", 2 * scale, silver=5), "both": agents("b", 8 * scale, gold=5, silver=5)}
    return scenario(queues, pools, types, hours, warm_up)


def share_of_gold(result: Result) -> float:
    gold, silver = (result.estimate("queue", name, "queue_length").value for name in ("gold", "silver"))
    assert gold is not None
    assert silver is not None
    return gold / (gold + silver)


def test_fixed_queue_ratio_keeps_its_ratios() -> None:
    """Gurvich and Whitt, "Queue-and-Idleness-Ratio Controls in Many-Server Service Systems" (Mathematics of Operations
    Research 34(2), 2009): as the system grows, the queues come to stand in the ratio that is asked for."""
    small, large = (simulate(shared_by_ratio(scale, 1, 3), seed=10, replications=2) for scale in (1, 30))
    assert abs(share_of_gold(large) - 0.25) < 0.03
    assert abs(share_of_gold(large) - 0.25) < abs(share_of_gold(small) - 0.25)
    turned = simulate(shared_by_ratio(30, 4, 1), seed=10, replications=2)
    assert abs(share_of_gold(turned) - 0.8) < 0.02
    first_come = simulate(shared_by_ratio(30, 0, 0), seed=10, replications=2)
    assert 0.4 < share_of_gold(first_come) < 0.6, "without ratios it is another one"


def test_common_random_numbers_narrow_the_difference() -> None:
    """The same day with one agent more: the paired interval is a fraction of what independent days give."""
    base = one_queue(10, 180, seconds(160), hours=8, warm_up=1, patience_s=120)
    more = one_queue(11, 180, seconds(160), hours=8, warm_up=1, patience_s=120)
    first, second = simulate(base, seed=8, replications=5), simulate(more, seed=8, replications=5)
    other = simulate(more, seed=9, replications=5)
    paired = compare(first, second)["all", "all", "level_of_settled"].half_width
    independent = compare(first, other)["all", "all", "level_of_settled"].half_width
    assert paired is not None
    assert independent is not None
    assert paired < independent / 2


@pytest.mark.parametrize("servers", [3, 12])
def test_all_that_came_is_accounted_for(servers: int) -> None:
    model = replace(one_queue(servers, 120, seconds(170), 6, 0, patience_s=90), replications=3)
    came, answered, abandoned, unserved = values(simulate(model, 1), "arrivals", "answered", "abandoned", "unserved")
    assert came == pytest.approx(answered + abandoned)
    assert unserved == 0
