"""The page of a run: whole by itself, and nothing of a run can break it."""

import json

from loadtests.plan import load_plan
from loadtests.report import page, with_findings
from loadtests.result import Finding, judge, summarise
from loadtests.tally import Customer, Tally


def one_run(name: str) -> dict[str, object]:
    plan, tally = load_plan("ordinary_day"), Tally()
    tally.customers["1"] = Customer("1", "calls", 0.5, 1.0, 0.0, None, waited_s=2.0)
    tally.samples["offer"] = [(0.1, 10.0), (3.9, 30.0)]
    tally.errors["<script>alert(1)</script>"] = 1
    run = summarise(plan, tally, finished=True)
    findings = [*judge(plan, run, None), Finding("<b>", 1.0, "&", passed=False)]
    return dict(json.loads(json.dumps(with_findings(run, name, findings))))


def test_one_run() -> None:
    html = page([one_run("day")])
    assert "polyline" in html
    assert "failed" in html
    assert "<script>" not in html
    assert "<td>&lt;b&gt;</td>" in html
    assert "http" not in html.replace("http-equiv", ""), "nothing is fetched from anywhere"


def test_two_runs_stand_beside_each_other() -> None:
    html = page([one_run("before"), one_run("after")])
    assert html.count("<polyline") == 2 * html.count("<svg")
    assert "before and after" in html
