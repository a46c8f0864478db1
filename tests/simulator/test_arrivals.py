"""Poisson arrivals at steady and changing rates, and counted ones."""

import numpy as np

from simulator.arrivals import Steps, draw, from_rates, steady
from simulator.streams import Streams

HOUR = 3_600_000_000


def test_a_steady_rate_is_poisson() -> None:
    counts = [len(draw(steady(0, 10 * HOUR, 30), Streams(1, number), "calls", 1.0, 10 * HOUR)) for number in range(400)]
    assert abs(np.mean(counts) - 300) < 3
    assert 0.85 < np.var(counts) / 300 < 1.15
    gaps = np.diff(draw(steady(0, 1000 * HOUR, 30), Streams(1, 0), "calls", 1.0, 1000 * HOUR))
    assert 0.97 < gaps.std() / gaps.mean() < 1.03, "the gaps are exponential"


def test_rates_hold_from_their_time_on() -> None:
    steps = from_rates([(2 * HOUR, 60.0), (3 * HOUR, 0.0), (4 * HOUR, 600.0), (9 * HOUR, 5.0)], 5 * HOUR)
    times = draw(steps, Streams(2, 0), "calls", 1.0, 5 * HOUR)
    hours = np.bincount(times // HOUR, minlength=5)
    assert hours[0] == hours[1] == hours[3] == 0
    assert 40 <= hours[2] <= 80
    assert 530 <= hours[4] <= 670
    assert (np.diff(times) >= 0).all()
    assert steps.total == 660


def test_a_busier_day_draws_the_same_customers_closer_together() -> None:
    plain, busy = (draw(steady(0, HOUR, 100), Streams(3, 0), "calls", factor, HOUR) for factor in (1.0, 1.25))
    assert len(busy) > len(plain)
    assert np.abs(busy[: len(plain)] * 1.25 - plain).max() < 3


def test_a_counted_day_has_exactly_its_counts() -> None:
    steps = Steps((0, HOUR, 2 * HOUR, 3 * HOUR), (5, 0, 7), exact=True)
    times = draw(steps, Streams(4, 0), "calls", 2.0, 3 * HOUR)
    assert np.bincount(times // HOUR).tolist() == [5, 0, 7]
    assert (np.diff(times) >= 0).all()


def test_nobody_comes_after_the_end_or_when_nobody_is_expected() -> None:
    assert draw(steady(0, 10 * HOUR, 60), Streams(5, 0), "calls", 1.0, HOUR).max() < HOUR
    assert len(draw(steady(0, HOUR, 0), Streams(5, 0), "calls", 1.0, HOUR)) == 0
    assert len(draw(Steps((0,), ()), Streams(5, 0), "calls", 1.0, HOUR)) == 0
    assert len(draw(Steps((0,), (), exact=True), Streams(5, 0), "calls", 1.0, HOUR)) == 0
