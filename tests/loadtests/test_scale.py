"""A scenario of another size has the same load on each agent."""

from pathlib import Path

import pytest

from loadtests.plan import load_plan, path_of
from loadtests.scale import scaled
from simulator.scenario import Scenario
from tests.loadtests.test_plan import NAMES


def per_agent(scenario: Scenario) -> float:
    return sum(work.arrivals.total for work in scenario.work) / len(scenario.policy.agents)


@pytest.mark.parametrize("name", NAMES)
def test_the_load_on_each_agent_stays(name: str, tmp_path: Path) -> None:
    plan = load_plan(name)
    double = load_plan(scaled(path_of(name), 2, tmp_path))
    assert len(double.scenario.policy.agents) == 2 * len(plan.scenario.policy.agents)
    assert per_agent(double.scenario) == pytest.approx(per_agent(plan.scenario))
    assert (double.seed, double.reconnect_at_s, double.seconds) == (plan.seed, plan.reconnect_at_s, plan.seconds)
    assert not any(each.bounded for each in double.work.values()), "bounds are those of the file's own size"
    assert [double.callers(work.name) for work in double.scenario.work] == [
        plan.callers(work.name) for work in plan.scenario.work
    ]


def test_agents_are_whole(tmp_path: Path) -> None:
    plan = load_plan(scaled(path_of("ordinary_day"), 0.5, tmp_path))
    assert {group.name: len(group.plans) for group in plan.scenario.groups} == {"phones": 6, "writers": 3}
