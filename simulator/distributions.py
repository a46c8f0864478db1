"""Distributions of durations, by their quantiles: one uniform number gives one duration, whatever the distribution.

So two runs that ask other distributions of the same customer (another group answers) still use the same luck. Means and
limits are integer microseconds, as everywhere; a drawn duration is at least 0.
"""

from dataclasses import dataclass
from functools import cached_property
from math import exp, log, log1p, sqrt
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NORMAL = NormalDist()
# Uniform numbers are kept off both ends: an unbounded distribution has no quantile there.
_EDGE = 2.0**-54
_LAST = 1.0 - 2 * _EDGE


class Distribution(Protocol):
    """A distribution of durations in microseconds."""

    @property
    def mean_us(self) -> float:
        """The expected duration."""
        ...

    def quantiles(self, uniforms: Floats) -> Floats:
        """The duration for each number in [0, 1)."""
        ...

    def below(self, duration_us: float) -> float:
        """The probability of a duration up to this one."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    value_us: int

    @property
    def mean_us(self) -> float:
        """The value."""
        return float(self.value_us)

    def quantiles(self, uniforms: Floats) -> Floats:
        """The value, as often as asked."""
        return np.full(uniforms.shape, float(self.value_us))

    def below(self, duration_us: float) -> float:
        """0 or 1."""
        return float(duration_us >= self.value_us)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory."""

    mean_us: float

    def quantiles(self, uniforms: Floats) -> Floats:
        """-mean ln(1 - u)."""
        return -self.mean_us * np.log1p(-uniforms)

    def below(self, duration_us: float) -> float:
        """1 - exp(-x / mean)."""
        return 1.0 - exp(-max(duration_us, 0.0) / self.mean_us)


@dataclass(frozen=True, slots=True)
class Uniform:
    """From `low_us` to `high_us`, all alike."""

    low_us: int
    high_us: int

    @property
    def mean_us(self) -> float:
        """The middle."""
        return (self.low_us + self.high_us) / 2

    def quantiles(self, uniforms: Floats) -> Floats:
        """Linear in between."""
        return self.low_us + uniforms * (self.high_us - self.low_us)

    def below(self, duration_us: float) -> float:
        """Linear in between."""
        if self.high_us == self.low_us:
            return float(duration_us >= self.low_us)
        return min(1.0, max(0.0, (duration_us - self.low_us) / (self.high_us - self.low_us)))


@dataclass(frozen=True)
class LogNormal:
    """Its logarithm is normal; `cv` is the standard deviation over the mean (both of the duration itself)."""

    mean_us: float
    cv: float

    @cached_property
    def _sigma(self) -> float:
        return sqrt(log1p(self.cv * self.cv))

    @cached_property
    def _mu(self) -> float:
        return log(self.mean_us) - self._sigma**2 / 2

    def quantiles(self, uniforms: Floats) -> Floats:
        """exp(mu + sigma z), z the normal quantile (Wichura's AS 241, Applied Statistics 37, 1988, in the library)."""
        inside = np.clip(uniforms, _EDGE, _LAST).tolist()
        normal = np.fromiter(map(_NORMAL.inv_cdf, inside), np.float64, len(inside))
        return np.asarray(np.exp(self._mu + self._sigma * normal))

    def below(self, duration_us: float) -> float:
        """The normal distribution at the logarithm."""
        if duration_us <= 0:
            return 0.0
        if not self._sigma:
            return float(duration_us >= self.mean_us)
        return _NORMAL.cdf((log(duration_us) - self._mu) / self._sigma)


@dataclass(frozen=True)
class Empirical:
    """What was measured: each of the values with the same probability. Never empty."""

    values_us: tuple[int, ...]

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(np.asarray(self.values_us, np.float64))

    @property
    def mean_us(self) -> float:
        """The mean of the values."""
        return float(self._sorted.mean())

    def quantiles(self, uniforms: Floats) -> Floats:
        """The value at that share of the sorted ones."""
        return np.asarray(self._sorted[(uniforms * len(self._sorted)).astype(np.int64)])

    def below(self, duration_us: float) -> float:
        """The share of values up to it."""
        return float(np.searchsorted(self._sorted, duration_us, side="right") / len(self._sorted))


def durations(distribution: Distribution, uniforms: Floats) -> list[int]:
    """Whole microseconds, one for each number."""
    return list(np.maximum(np.rint(distribution.quantiles(uniforms)), 0).astype(np.int64).tolist())


def residual(distribution: Distribution, elapsed_us: int, uniform: float) -> int:
    """What is left of a duration that has lasted `elapsed_us` already; 0 when it should have been over."""
    passed = distribution.below(elapsed_us)
    left = distribution.quantiles(np.array([passed + uniform * (1.0 - passed)]) if passed < 1.0 else np.array([_LAST]))
    return max(0, round(float(left[0])) - elapsed_us)
