"""The page of a run: whole by itself, and nothing of a run can break it."""

import json

import pytest

from loadtests.judge import Finding, Subject, Verdict, judge, verdict
from loadtests.plan import load_plan
from loadtests.predict import predict
from loadtests.report import page, with_findings
from loadtests.result import summarise
from loadtests.tally import Customer, Samples, Tally


def one_run(name: str, lateness: float = 5.0) -> dict[str, object]:
    plan, tally = load_plan("ordinary_day"), Tally()
    tally.customers["1"] = Customer("1", "calls", 0.5, 1.0, 0.0, None, waited_s=2.0)
    tally.samples["WS offer"] = tally.samples["offer"] = Samples([(0.1, 10.0), (3.9, 30.0)])
    tally.samples["lateness"] = Samples([(0.1, lateness)])
    tally.errors["<script>alert(1)</script>"] = 1
    generator = {"cpu": 0.31, "waited": 0.02, "cores": 2, "load_average": [1.0, 1.0]}
    run = summarise(plan, tally, finished=True, generator=generator)
    prediction = predict(plan.scenario, plan.seed, 3)
    findings = [*judge(plan, run, prediction), Finding(Subject.SERVER, "<b>", 1.0, "&", passed=False)]
    shown = with_findings({**run, "prediction": prediction}, name, findings, verdict(findings))
    return dict(json.loads(json.dumps(shown)))


def test_one_run() -> None:
    html = page([one_run("day")])
    assert "polyline" in html
    assert "failed" in html
    assert "<script>" not in html
    assert "<td>&lt;b&gt;</td>" in html
    assert "used 31% of a core and waited for one 2% of the time; the machine has 2" in html
    assert "one run lies in" in html, "what the simulator says stands beside the bounds"
    assert "http" not in html, "nothing is fetched from anywhere"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_is_the_first_that_is_read(verdict: Verdict) -> None:
    html = page([one_run("day") | {"verdict": verdict.value}])
    assert html.index(f">{verdict}</span>") < html.index("<table>")
    assert ("Nothing is concluded" in html) is (verdict is Verdict.SATURATED)


def test_two_runs_stand_beside_each_other() -> None:
    html = page([one_run("day"), one_run("outage", lateness=10.0)])
    assert html.count("<polyline") == 2 * html.count("<svg")
    assert "day and outage" in html
    assert ">+100%<" in html, "a figure's change is told"


def test_two_runs_of_one_scenario_are_told_apart() -> None:
    html = page([one_run("day"), one_run("day")])
    assert "day, before and day, after" in html
