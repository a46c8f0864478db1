"""Figures of a run."""

import pytest

from loadtests.plan import Plan, load_plan
from loadtests.result import _by_window, p99_low, summarise
from loadtests.tally import Customer, Samples, Tally


def customer(key: int, work: str, waited_s: float | None, error: str = "") -> Customer:
    return Customer(str(key), work, float(key), 1.0, 0.0, None, waited_s=waited_s, error=error)


@pytest.fixture
def tally() -> Tally:
    tally = Tally()
    waits = [("calls", wait) for wait in (1.0, 4.0, 6.0, None)] + [("chats", 2.0)]
    tally.customers = {str(key): customer(key, work, wait) for key, (work, wait) in enumerate(waits)}
    tally.samples["offer"] = Samples([(0.1, 10.0), (0.9, 30.0), (1.5, 20.0)])
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
    tally.samples["offer"].add(seconds * 0.9, 40.0)
    assert [(each["n"], each["p99"]) for each in summarise(plan, tally, finished=True)["windows"]["offer"]] == [
        (3.0, 30.0),
        (1.0, 40.0),
    ]
    tally.samples["offer"].add(seconds + 0.1, 50.0)
    assert len(summarise(plan, tally, finished=True)["windows"]["offer"]) == 2, "nobody comes any more"
    assert run["answers"] == [(1, 1), (5, 1), (6, 1), (8, 1)]


def test_windows_end_with_the_run_and_what_is_left_over_is_warm_up() -> None:
    samples = [(60.0, 9.0), (119.9, 9.0), (120.0, 1.0), (419.9, 2.0), (420.0, 3.0), (1919.9, 4.0)]
    found = _by_window(samples, 1920.0)
    assert [(each["n"], each["max"]) for each in found] == [(2.0, 2.0), (1.0, 3.0), (1.0, 4.0)]


def test_the_slowest_hundredth_has_an_interval_that_narrows_with_their_number() -> None:
    few, many = [float(value) for value in range(1000)], [float(value) / 100 for value in range(100_000)]
    # Of 1,000 the number above the true one is binomial with mean 10: P(16 or fewer) = 0.974, P(17 or fewer) = 0.987.
    assert p99_low(few) == 999 - 17
    assert 989 < p99_low(many) < 990
    assert p99_low([5.0]) == 5.0
