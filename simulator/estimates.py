"""From replications (or batches of one long run) to a value with its 95 % confidence interval.

Every measure is a ratio of two sums: seconds waited over customers, customers within the target over customers offered,
busy time over time there; a count is itself over 1. The value is the ratio of the totals, its variance that of the
residuals numerator - value * denominator over the samples (the classical ratio estimator: Law, "Simulation Modeling and
Analysis"; Cochran, "Sampling Techniques"), and its interval Student's t with one degree of freedom fewer than samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from simulator.distributions import Floats

CONFIDENCE = 0.95
# The 97.5th percentile of Student's t for 1 to 30 degrees of freedom.
_T = np.fromstring(
    """12.7062 4.3027 3.1824 2.7764 2.5706 2.4469 2.3646 2.3060 2.2622 2.2281
       2.2010 2.1788 2.1604 2.1448 2.1314 2.1199 2.1098 2.1009 2.0930 2.0860
       2.0796 2.0739 2.0687 2.0639 2.0595 2.0555 2.0518 2.0484 2.0452 2.0423""",
    sep=" ",
)
_Z = 1.959963985


@dataclass(frozen=True, slots=True)
class Pair:
    """One sample of a measure in each place: numerators and denominators."""

    over: Floats
    under: Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` is None where nothing was there to measure; `half_width` None where one sample says nothing of chance."""

    value: float | None
    half_width: float | None

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.value is None or self.half_width is None else self.value - self.half_width

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.value is None or self.half_width is None else self.value + self.half_width

    def holds(self, value: float) -> bool:
        """Whether `value` lies in the interval."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def t_quantile(degrees: int) -> float:
    """The 97.5th percentile of Student's t; beyond 30 degrees by the Cornish-Fisher expansion (error below 1e-5)."""
    if degrees <= len(_T):
        return float(_T[degrees - 1])
    z, n = _Z, float(degrees)
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


def join(pairs: Sequence[Pair]) -> Pair:
    """The samples of several runs as one."""
    return Pair(np.concatenate([pair.over for pair in pairs]), np.concatenate([pair.under for pair in pairs]))


def estimate(pair: Pair) -> Estimate:
    """The ratio of the totals with its interval."""
    total = float(pair.under.sum())
    if total <= 0:
        return Estimate(None, None)
    value = float(pair.over.sum()) / total
    return Estimate(value, _half_width(_influence(pair)))


def difference(first: Pair, second: Pair) -> Estimate:
    """Second less first, of runs with common random numbers: sample by sample, so that what they share cancels out."""
    before, after = estimate(first), estimate(second)
    if before.value is None or after.value is None:
        return Estimate(None, None)
    return Estimate(after.value - before.value, _half_width(_influence(second) - _influence(first)))


def _influence(pair: Pair) -> Floats:
    """How far each sample alone moves the ratio."""
    value = pair.over.sum() / pair.under.sum()
    return np.asarray((pair.over - value * pair.under) / pair.under.mean())


def _half_width(influence: Floats) -> float | None:
    count = len(influence)
    if count < 2:
        return None
    spread = sqrt(float((influence**2).sum()) / (count - 1))
    return t_quantile(count - 1) * spread / sqrt(count)
