"""Results as tables and as JSON."""

import json
from dataclasses import replace

import pytest

from simulator.measures import PERCENTILES
from simulator.replications import simulate
from simulator.report import Report
from tests.simulator.models import agents, one_queue, queue, scenario, seconds, work

MODEL = replace(one_queue(4, 80, seconds(150), 2, 0, patience_s=100), replications=3)


def report(replications: int = 3) -> Report:
    return Report(MODEL, 7, simulate(MODEL, 7, replications=replications))


def test_json_has_every_measure_with_its_interval() -> None:
    found = json.loads(report().json())
    assert (found["scenario"], found["seed"], found["replications"], found["confidence"]) == ("model", 7, 3, 0.95)
    assert set(found["measures"]) == {"work", "queue", "group", "all", "served_by"}
    calls = found["measures"]["work"]["calls"]
    assert {f"wait_p{percent}_s" for percent in PERCENTILES} <= set(calls)
    for value in calls.values():
        assert value["low"] <= value["value"] <= value["high"]
    assert 0 < calls["level_of_settled"]["value"] < 1
    assert len(found["slots"]["arrivals"]) == 8
    assert sum(found["slots"]["arrivals"]) == pytest.approx(calls["arrivals"]["value"])


def test_the_same_seed_prints_the_same() -> None:
    assert report().json() == report().json()
    assert report().text() == report().text()


def test_the_table_names_method_and_measures() -> None:
    text = report().text()
    assert "3 replications, seed 7, 95% intervals" in text
    assert "one replication in 20 batches" in report(1).text()
    assert "±" in text
    assert " %" in text
    for measure in ("level_without_early", "wait_p95_s", "occupancy"):
        assert measure in text
    assert "turned_away" not in text, "what does not occur is not shown"
    assert "\nqueue " not in text, "one type for each queue: told once"


def test_what_was_not_there_is_a_dash() -> None:
    nobody = one_queue(2, 0, seconds(100), 1, 0)
    result = simulate(nobody, 1, replications=2)
    line = next(line for line in Report(nobody, 1, result).text().splitlines() if line.startswith("wait_s"))
    assert line.split() == ["wait_s", "-"]
    found = json.loads(Report(nobody, 1, result).json())
    assert found["measures"]["work"]["calls"]["wait_s"] == {"value": None, "low": None, "high": None}


def test_several_types_and_groups_are_shown_beside_each_other_and_together() -> None:
    types = [replace(work(name, 40, seconds(100), 1), queue="both") for name in ("one", "two", "three", "four", "five")]
    groups = {"first": agents("first", 2), "second": agents("second", 2)}
    model = scenario([queue("both")], groups, types, 1)
    text = Report(model, 1, simulate(model, 1, replications=2)).text()
    lines = text.splitlines()
    assert any(line.split() == ["work", "one", "two", "three", "four"] for line in lines)
    assert any(line.split() == ["work", "five"] for line in lines)
    assert any(line.split() == ["queue", "both"] for line in lines)
    assert any(line.split() == ["answered", "by", "one", "two", "three", "four"] for line in lines)
    assert any(line.split() == ["all", "all"] for line in lines)


def test_notes_are_shown() -> None:
    model = replace(MODEL, policy=replace(MODEL.policy, queues={}))
    text = Report(model, 1, simulate(model, 1, replications=2)).text()
    assert "note: refused: unknown_queue:" in text
    assert "turned_away" in text
