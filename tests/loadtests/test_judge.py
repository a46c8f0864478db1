"""Each rule of the judgement, and the three verdicts."""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.judge import MISSING, SATURATED_MS, SLACK, Finding, Subject, Verdict, judge, verdict, why_late
from loadtests.plan import Expected, Plan, load_plan
from loadtests.predict import predict
from simulator.scenario import Scenario

GOOD = {"level": 0.9, "abandon_rate": 0.05, "offered": 100, "wait_s": {"mean": 2.0}}


@pytest.fixture
def plan() -> Plan:
    return load_plan("ordinary_day")


def a_run(**changed: Any) -> dict[str, Any]:
    """A run with which nothing is wrong, but for what is said."""
    return {
        "finished": True,
        "errors": {},
        "latency_ms": {"lateness": {"p99": 5.0}, "came late": {"p99": 6.0}, "offer": {"p99": 40.0}},
        "work": {"calls": {**GOOD}, "chats": {**GOOD}},
        **changed,
    }


def a_prediction(low: float = 0.85, high: float = 0.95, gave_up: float = 0.05, wait_s: float = 2.0) -> dict[str, Any]:
    level = {"mean": (low + high) / 2, "low": low, "high": high}
    waits = {"mean": wait_s, "low": wait_s - 0.1, "high": wait_s + 0.1}
    measures = {"level": level, "abandon_rate": {"mean": gave_up, "low": gave_up, "high": gave_up}, "wait_s": waits}
    return {"draws": 30, "work": {"calls": measures, "chats": measures}}


def failed(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.subject.value, one.what) for one in found if not one.passed]


def late(kind: str, milliseconds: float) -> dict[str, Any]:
    return {"latency_ms": {**a_run()["latency_ms"], kind: {"p99": milliseconds}}}


def test_a_run_that_did_all_that_was_asked_passes(plan: Plan) -> None:
    found = judge(plan, a_run(), a_prediction())
    assert failed(found) == []
    assert verdict(found) is Verdict.PASSED
    assert {one.subject for one in found} == set(Subject)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"finished": False}, "the run came to its end"),
        ({"errors": {"bye: too_fast": 1}}, "errors"),
        (late("offer", 1001.0), "offer, p99 ms"),
        ({"latency_ms": {}}, "offer, p99 ms"),
        ({"work": {"calls": {**GOOD, "level": 0.5}, "chats": GOOD}}, "calls: level"),
        ({"work": {"calls": GOOD, "chats": {**GOOD, "abandon_rate": 0.5}}}, "chats: gave up"),
    ],
)
def test_what_the_server_did_not_do_fails_the_run(plan: Plan, changed: dict[str, Any], what: str) -> None:
    found = judge(plan, a_run(**changed), None)
    assert failed(found) == [("server", what)]
    assert verdict(found) is Verdict.FAILED


def test_a_level_may_be_too_good_for_a_crowded_line() -> None:
    plan = load_plan("crowded_line")
    crowded = {**GOOD, "level": 0.9, "abandon_rate": 0.4}
    found = judge(plan, a_run(work={"calls": crowded}), None)
    assert failed(found) == [("server", "calls: level")]


@pytest.mark.parametrize(
    ("kind", "what"), [("lateness", "lateness, p99 ms"), ("came late", "customers came late, p99 ms")]
)
def test_a_generator_that_was_late_is_no_failure_of_the_server(plan: Plan, kind: str, what: str) -> None:
    found = judge(plan, a_run(**late(kind, SATURATED_MS + 1)), None)
    assert failed(found) == [("generator", what)]
    assert verdict(found) is Verdict.SATURATED
    both = judge(plan, a_run(**late(kind, SATURATED_MS + 1), errors={"no answer to ping": 3}), None)
    assert verdict(both) is Verdict.SATURATED, "its own slowness may be why the server seems to have failed"
    assert verdict(judge(plan, a_run(**late(kind, SATURATED_MS)), None)) is Verdict.PASSED


@pytest.mark.parametrize(
    ("low", "high", "gave_up", "wrong"),
    [
        (0.85, 0.95, 0.05, []),
        (0.95 - 1e-9, 1.0, 0.05, []),
        (0.96, 1.0, 0.05, ["calls: level", "chats: level"]),
        (0.5, 0.84, 0.05, ["calls: level", "chats: level"]),
        (0.85, 0.95, 0.11, ["calls: gave up", "chats: gave up"]),
    ],
)
def test_the_run_lies_where_the_simulators_do(
    plan: Plan, low: float, high: float, gave_up: float, wrong: list[str]
) -> None:
    assert SLACK == 0.05
    found = judge(plan, a_run(), a_prediction(low, high, gave_up))
    assert failed(found) == [("simulator", what) for what in sorted(wrong)]
    assert verdict(found) is (Verdict.FAILED if wrong else Verdict.PASSED)


@pytest.mark.parametrize(("wait_s", "right"), [(1.5, True), (1.3, False), (2.6, True), (2.8, False)])
def test_customers_wait_as_long_as_in_the_simulator(plan: Plan, wait_s: float, right: bool) -> None:
    found = judge(plan, a_run(), a_prediction(wait_s=wait_s))
    wrong = [] if right else [("simulator", "calls: mean wait, s"), ("simulator", "chats: mean wait, s")]
    assert failed(found) == wrong, "0.1 s by chance, 0.3 s and a tenth of the wait for the way"


def as_if_lived(scenario: Scenario, seed: int) -> dict[str, Any]:
    """A run in which the simulator was the server."""
    found = predict(scenario, seed, 2)["work"]
    return a_run(
        work={
            name: {
                "level": one["level"]["mean"],
                "abandon_rate": one["abandon_rate"]["mean"],
                "wait_s": {"mean": one["wait_s"]["mean"]},
                "offered": 100,
            }
            for name, one in found.items()
        }
    )


@pytest.mark.parametrize("name", ["crowded_line_shared", "promotion_spike", "channel_outage"])
def test_a_server_that_leaves_two_agents_idle_is_found_out(name: str) -> None:
    plan = load_plan(name)
    prediction = predict(plan.scenario, plan.seed, 10)
    assert failed(judge(plan, as_if_lived(plan.scenario, plan.seed), prediction)) == []
    last = plan.scenario.groups[-1]
    fewer = replace(last, plans=dict(list(last.plans.items())[:-2]))
    wrong = replace(plan.scenario, groups=(*plan.scenario.groups[:-1], fewer))
    found = judge(plan, as_if_lived(wrong, plan.seed), prediction)
    assert "simulator" in {subject for subject, _ in failed(found)}


def test_what_is_not_asked_is_not_judged(plan: Plan) -> None:
    bad = {"level": 0.0, "abandon_rate": 1.0, "offered": 100, "wait_s": {}}
    unbounded = replace(plan, compare=False, work={"calls": Expected(), "chats": Expected(callers="sipp")})
    assert failed(judge(unbounded, a_run(work={"calls": bad, "chats": bad}), a_prediction())) == []
    nobody = {"draws": 30, "work": {"calls": {"level": None, "abandon_rate": None, "wait_s": None}}}
    alone = replace(plan, work={})
    assert failed(judge(alone, a_run(work={"calls": {**bad, "offered": 0}}), nobody)) == []


def test_the_reason_for_lateness_is_named() -> None:
    assert "own work fills a core" in why_late({"cpu": 0.93, "waited": 0.3})
    assert "other programs" in why_late({"cpu": 0.3, "waited": MISSING})
    assert "neither" in why_late({"cpu": 0.3, "waited": 0.01})
    assert "30% of a core:" in why_late({"cpu": 0.3, "waited": None}), (
        "elsewhere than on Linux the kernel does not tell"
    )
    assert why_late({})


def test_the_exit_status_tells_the_verdicts_apart() -> None:
    assert [each.status for each in Verdict] == [0, 1, 3]
