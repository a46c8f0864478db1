"""When customers come: Poisson with a rate that changes in steps, or as many in each interval as were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.distributions import Floats
from simulator.streams import Streams

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Steps:
    """How many come in each step: `edges_us` are its ends (one more than `counts`), from the start of the run.

    `exact`: as many as `counts` says (whole numbers), each at a time of its own in the step; otherwise they are the
    means of a Poisson process.
    """

    edges_us: tuple[int, ...]
    counts: tuple[float, ...]
    exact: bool = False

    @property
    def total(self) -> float:
        """How many are expected."""
        return sum(self.counts)


def steady(start_us: int, end_us: int, per_hour: float) -> Steps:
    """One rate from start to end."""
    return Steps((start_us, end_us), (per_hour * (end_us - start_us) / 3.6e9,))


def from_rates(rates: Sequence[tuple[int, float]], end_us: int) -> Steps:
    """Each (from, per hour) holds until the next one, the last until `end_us`; before the first nobody comes."""
    kept = [(at, rate) for at, rate in rates if at < end_us]
    edges = [at for at, _ in kept] + [end_us]
    counts = [rate * (edges[index + 1] - at) / 3.6e9 for index, (at, rate) in enumerate(kept)]
    return Steps(tuple(edges), tuple(counts))


def draw(steps: Steps, streams: Streams, name: str, factor: float, until_us: int) -> Times:
    """The arrival times (microseconds from the start of the run, sorted) up to `until_us`.

    `factor` multiplies the means; a counted day is as it was counted, whatever the factor.
    """
    generator = streams.generator("arrivals", name)
    edges = np.asarray(steps.edges_us, np.float64)
    if steps.exact:
        found = [
            generator.uniform(edges[index], edges[index + 1], round(count)) for index, count in enumerate(steps.counts)
        ]
        times = np.sort(np.concatenate(found)) if found else np.empty(0)
    else:
        cumulated = np.concatenate(([0.0], np.cumsum(np.asarray(steps.counts) * factor)))
        times = np.interp(_unit_process(generator, float(cumulated[-1])), cumulated, edges)
    whole = np.rint(times).astype(np.int64)
    return np.asarray(whole[whole < until_us])


def _unit_process(generator: np.random.Generator, length: float) -> Floats:
    """The points of a Poisson process of rate 1 up to `length`: stretched by the cumulated rate, they are the arrivals
    (Çinlar, "Introduction to Stochastic Processes", 1975), and a higher rate only draws them closer together."""
    points = np.empty(0)
    last = 0.0
    while last < length:
        block = last + np.cumsum(generator.exponential(size=max(64, int((length - last) * 1.05))))
        points = np.concatenate((points, block))
        last = float(points[-1])
    return points[points < length]
