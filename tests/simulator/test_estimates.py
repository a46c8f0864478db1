"""Values and intervals: the t quantiles, the ratio, its coverage, and differences."""

from math import lgamma

import numpy as np
import pytest

from simulator.estimates import Estimate, Pair, difference, estimate, join, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 5, 10, 19, 30, 31, 60, 500])
def test_the_quantile_leaves_a_fortieth_above(degrees: int) -> None:
    """By integrating the density of Student's t from 0 to the quantile: 0.475 lies there."""
    at = np.linspace(0.0, t_quantile(degrees), 200_001)
    scale = np.exp(lgamma((degrees + 1) / 2) - lgamma(degrees / 2)) / np.sqrt(degrees * np.pi)
    density = scale * (1 + at**2 / degrees) ** (-(degrees + 1) / 2)
    inside = float(((density[1:] + density[:-1]) / 2 * np.diff(at)).sum())
    assert inside == pytest.approx(0.475, abs=2e-6 if degrees > 1 else 1e-5)


def test_the_interval_covers_nineteen_of_twenty() -> None:
    """Of a ratio of dependent sums: waits over customers, as they come in a simulation."""
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(1000):
        customers = random.poisson(200, 10).astype(float)
        waits = customers * 3 + random.normal(0, 30, 10) * np.sqrt(customers / 200)
        inside += estimate(Pair(waits, customers)).holds(3.0)
    assert 930 <= inside <= 970


def test_a_ratio_is_that_of_the_totals() -> None:
    found = estimate(Pair(np.array([1.0, 9.0]), np.array([10.0, 30.0])))
    assert found.value == 0.25
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.25 < found.high


def test_what_cannot_be_said_is_none() -> None:
    nothing = estimate(Pair(np.array([0.0]), np.array([0.0])))
    assert nothing == Estimate(None, None)
    assert (nothing.low, nothing.high, nothing.holds(0.0)) == (None, None, False)
    one = estimate(Pair(np.array([3.0]), np.array([4.0])))
    assert (one.value, one.half_width) == (0.75, None)
    assert difference(Pair(np.zeros(2), np.zeros(2)), Pair(np.ones(2), np.ones(2))) == Estimate(None, None)


def test_a_shared_part_cancels_in_the_difference() -> None:
    shared = np.array([1.0, 5.0, 9.0, 2.0])
    ones = np.ones(4)
    found = difference(Pair(shared, ones), Pair(shared + 2, ones))
    assert found.value == pytest.approx(2.0)
    assert found.half_width == pytest.approx(0.0, abs=1e-9)


def test_samples_of_several_runs_are_one_row() -> None:
    both = join([Pair(np.array([1.0]), np.array([2.0])), Pair(np.array([3.0]), np.array([4.0]))])
    assert (both.over.tolist(), both.under.tolist()) == ([1.0, 3.0], [2.0, 4.0])
