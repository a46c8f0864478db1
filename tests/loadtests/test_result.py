"""Figures of a run, and the judgement on them."""

from typing import Any

import pytest

from loadtests.plan import Plan, load_plan
from loadtests.result import Finding, judge, summarise
from loadtests.tally import Customer, Tally


def customer(key: int, work: str, waited_s: float | None, error: str = "") -> Customer:
    return Customer(str(key), work, float(key), 1.0, 0.0, None, waited_s=waited_s, error=error)


@pytest.fixture
def tally() -> Tally:
    tally = Tally()
    waits = [("calls", wait) for wait in (1.0, 4.0, 6.0, None)] + [("chats", 2.0)]
    tally.customers = {str(key): customer(key, work, wait) for key, (work, wait) in enumerate(waits)}
    tally.samples["offer"] = [(0.1, 10.0), (0.9, 30.0), (1.5, 20.0)]
    return tally


@pytest.fixture
def plan() -> Plan:
    return load_plan("ordinary_day")


def test_customers_are_counted_by_what_became_of_them(plan: Plan, tally: Tally) -> None:
    tally.customers["9"] = customer(9, "calls", None, error="call failed: 503")
    run = summarise(plan, tally, finished=True)
    calls = run["work"]["calls"]
    assert (calls["offered"], calls["answered"], calls["abandoned"], calls["failed"]) == (5, 3, 1, 1)
    assert calls["level"] == 2 / 5, "answered within 5 s, of all who came"
    assert calls["wait_s"]["p50"] == 4.0
    assert run["lines"]["offer"] == [(0, 10.0, 30.0), (1, 20.0, 20.0)]
    seconds = plan.seconds
    tally.samples["offer"].append((seconds * 0.9, 40.0))
    assert [(each["n"], each["p99"]) for each in summarise(plan, tally, finished=True)["windows"]["offer"]] == [
        (3.0, 30.0),
        (1.0, 40.0),
    ]
    assert run["answers"] == [(1, 1), (5, 1), (6, 1), (8, 1)]


def prediction(level: float, half: float, runs: int = 25) -> dict[str, Any]:
    estimate = {"value": level, "low": level - half, "high": level + half}
    work = {name: {"level_of_settled": estimate} for name in ("calls", "chats")}
    return {"replications": runs, "measures": {"work": work}}


def outcome(found: list[Finding], what: str) -> bool:
    (one,) = [each for each in found if each.what == what]
    return one.passed


def test_a_run_is_judged_by_what_it_was_asked(plan: Plan, tally: Tally) -> None:
    run = summarise(plan, tally, finished=True)
    found = judge(plan, run, None)
    assert outcome(found, "the run came to its end")
    assert outcome(found, "errors")
    assert outcome(found, "offer, p99 ms")
    assert not outcome(found, "calls: level"), "2 of 4 are less than was asked"
    assert outcome(found, "chats: level")
    run["errors"] = {"bye: too_fast": 1}
    assert not outcome(judge(plan, run, None), "errors")
    run["latency_ms"]["lateness"] = {"p99": 500.0}
    assert not outcome(judge(plan, run, None), "lateness of the generator, p99 ms")


def test_a_run_without_offers_does_not_pass(plan: Plan) -> None:
    run = summarise(plan, Tally(), finished=False)
    found = judge(plan, run, None)
    assert not outcome(found, "the run came to its end")
    assert not outcome(found, "offer, p99 ms")


@pytest.mark.parametrize(("level", "half", "passes"), [(0.5, 0.02, True), (0.9, 0.02, False), (0.9, 0.08, True)])
def test_a_run_must_lie_where_single_runs_of_the_simulator_do(
    plan: Plan, tally: Tally, level: float, half: float, passes: bool
) -> None:
    run = summarise(plan, tally, finished=True)
    found = judge(plan, run, prediction(level, half))
    assert outcome(found, "calls: level against the simulator") is passes
