"""What is measured, from a trace that was made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.measures import Summary, summarize
from simulator.trace import Ending, GroupTime, Trace, Waits, intervals
from tests.simulator.models import SECOND, agents, queue, scenario, seconds, work

MODEL = replace(
    scenario(
        [queue("calls")],
        {"agents": agents("agents", 2)},
        [replace(work("calls", 60, seconds(100), 1), threshold_us=20 * SECOND)],
        1,
    ),
    end_us=100 * SECOND,
    measure_to_us=100 * SECOND,
    slot_us=50 * SECOND,
)
# Came at, wait, how it ended, handled.
ROWS = [
    (0, 0, Ending.ANSWERED, 60.0),
    (10, 20, Ending.ANSWERED, 40.0),
    (20, 30, Ending.ANSWERED, 50.0),
    (30, 5, Ending.ABANDONED, np.nan),
    (60, 40, Ending.ABANDONED, np.nan),
    (70, 0, Ending.TURNED_AWAY, np.nan),
    (80, 15, Ending.DIVERTED, np.nan),
    (90, 60, Ending.UNSERVED, np.nan),
    (150, 0, Ending.ANSWERED, 9.0),
]


def trace() -> Trace:
    came, wait, ending, handled = (np.array(column) for column in zip(*ROWS, strict=True))
    came = came.astype(float)
    answered = ending == Ending.ANSWERED
    numbers = np.zeros(len(ROWS), np.int64)
    waits = Waits(numbers, came, came, came + wait, ending, np.where(answered, 0, -1), numbers, handled.astype(float))
    rows = [(0, 100 * SECOND, 1), (0, 50 * SECOND, 1)]
    times = GroupTime(
        intervals(rows, 0), intervals([(0, 60 * SECOND, 1)], 0), intervals(rows, 0), intervals([(0, 60 * SECOND, 1)], 0)
    )
    return Trace(waits, (times,), turns=99, notes={"something": 1})


def value(summary: Summary, measure: str, kind: str = "work", name: str = "calls") -> float:
    pair = summary.pairs[kind, name, measure]
    return float(pair.over.sum() / pair.under.sum())


EXPECTED = {
    "arrivals": 8,
    "answered": 3,
    "abandoned": 2,
    "diverted": 1,
    "turned_away": 1,
    "unserved": 1,
    "retries": 0,
    "abandon_rate": 2 / 6,
    "level_of_answered": 2 / 3,
    "level_of_settled": 2 / 6,
    "level_without_short": 2 / 5,
    "level_without_early": 2 / 5,
    "level_with_early": 3 / 6,
    "waited": 4 / 5,
    "wait_s": 95 / 5,
    "wait_answered_s": 50 / 3,
    "wait_p50_s": 20,
    "handle_s": 50,
    "queue_length": (20 + 30 + 5 + 40 + 15 + 10) / 100,
}


@pytest.mark.parametrize("measure", EXPECTED)
def test_a_measure_is_what_its_name_says(measure: str) -> None:
    summary = summarize(trace(), MODEL, 1)
    assert value(summary, measure) == pytest.approx(EXPECTED[measure])
    assert value(summary, measure, "queue") == pytest.approx(EXPECTED[measure])
    assert value(summary, measure, "all", "all") == pytest.approx(EXPECTED[measure])


@pytest.mark.parametrize("measure", [name for name in EXPECTED if not name.startswith("wait_p")])
def test_batches_sum_up_to_the_same(measure: str) -> None:
    assert value(summarize(trace(), MODEL, 5), measure) == pytest.approx(EXPECTED[measure])


def test_agents_time_is_shared_out() -> None:
    summary = summarize(trace(), MODEL, 1)
    assert value(summary, "staffed", "group", "agents") == pytest.approx(1.5)
    assert value(summary, "busy", "group", "agents") == pytest.approx(0.6)
    assert value(summary, "occupancy", "group", "agents") == pytest.approx(60 / 150)
    assert value(summary, "load", "group", "agents") == pytest.approx(60 / 150)
    assert value(summary, "agents", "served_by", "calls") == 1.0


def test_slots_are_the_days_picture() -> None:
    slots = summarize(trace(), MODEL, 1).slots
    assert slots["arrivals"].tolist() == [4, 4]
    assert slots["within"].tolist() == [2, 0]
    assert slots["abandoned"].tolist() == [1, 1]
    assert slots["staffed"].tolist() == [2, 1]
    assert slots["busy"].tolist() == pytest.approx([1, 0.2])
    assert slots["queue_length"].tolist() == pytest.approx([55 / 50, 65 / 50])


def test_what_came_outside_is_not_measured() -> None:
    later = replace(MODEL, measure_from_us=65 * SECOND)
    assert value(summarize(trace(), later, 1), "arrivals") == 3
