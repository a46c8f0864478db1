"""Each distribution has its mean, and its quantiles are the inverse of its distribution function."""

import numpy as np
import pytest

from simulator.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    LogNormal,
    Uniform,
    durations,
    residual,
)

SECOND = 1_000_000
EVEN = (np.arange(20_000) + 0.5) / 20_000
ALL: dict[str, Distribution] = {
    "constant": Constant(90 * SECOND),
    "exponential": Exponential(90e6),
    "uniform": Uniform(30 * SECOND, 150 * SECOND),
    "lognormal": LogNormal(90e6, 0.8),
    "lognormal without spread": LogNormal(90e6, 0.0),
    "empirical": Empirical((30 * SECOND, 60 * SECOND, 90 * SECOND, 180 * SECOND)),
}


@pytest.mark.parametrize("name", ALL)
def test_the_mean_is_what_was_asked_for(name: str) -> None:
    drawn = ALL[name].quantiles(EVEN)
    assert drawn.mean() == pytest.approx(90e6, rel=0.005)
    assert ALL[name].mean_us == pytest.approx(90e6)


@pytest.mark.parametrize("name", ["exponential", "uniform", "lognormal"])
def test_quantiles_invert_the_distribution(name: str) -> None:
    for share in (0.01, 0.3, 0.5, 0.95):
        quantile = float(ALL[name].quantiles(np.array([share]))[0])
        assert ALL[name].below(quantile) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_more_luck_is_never_a_shorter_time(name: str) -> None:
    drawn = ALL[name].quantiles(EVEN)
    assert (np.diff(drawn) >= 0).all()
    assert (drawn >= 0).all()
    assert ALL[name].below(-1.0) == 0.0
    assert ALL[name].below(1e12) == pytest.approx(1.0)


def test_the_spread_of_a_lognormal_is_its_cv() -> None:
    drawn = LogNormal(90e6, 0.8).quantiles(EVEN)
    assert drawn.std() / drawn.mean() == pytest.approx(0.8, rel=0.02)


def test_the_ends_of_the_unit_interval_give_finite_times() -> None:
    ends = np.array([0.0, np.nextafter(1.0, 0.0)])
    assert durations(LogNormal(90e6, 0.8), ends)[1] < 90e6 * 1000
    assert durations(Exponential(90e6), ends)[0] == 0


def test_what_is_left_of_an_exponential_is_as_long_as_all_of_it() -> None:
    left = [residual(Exponential(90e6), 300 * SECOND, float(share)) for share in EVEN[::20]]
    assert np.mean(left) == pytest.approx(90e6, rel=0.01)


def test_what_is_left_is_what_the_condition_leaves() -> None:
    assert residual(Uniform(0, 100), 60, 0.5) == 20
    assert residual(Constant(100), 60, 0.9) == 40
    assert residual(Constant(100), 160, 0.9) == 0, "it should have been over"
    assert residual(Empirical((10, 20, 90)), 30, 0.4) == 60
    assert 0 <= residual(LogNormal(100.0, 0.5), 10_000, 0.5) < 100_000
