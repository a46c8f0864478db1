"""What the simulator says of a load run: the very customers of the run, under agents who answer now faster, now slower.

A load run is one draw of a scenario. Other customers would have had another service level, by far more than a server
that is right or wrong makes of it; so the simulator is asked about these customers (common random numbers: Law,
"Simulation Modeling and Analysis"), and only what the run draws for itself, how long an agent lets it ring, is drawn
anew each time.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np

from simulator.engine import Engine
from simulator.measures import summarize
from simulator.scenario import Scenario
from simulator.streams import Streams

# What the run's agents draw for themselves.
AGENTS = ("ring", "answer")
# The mean wait is that of those who were answered, in seconds; the others are shares.
MEASURES = {"level": "level_of_settled", "abandon_rate": "abandon_rate", "wait_s": "wait_answered_s"}
# One more draw lies within so many standard deviations of the mean, nearly always.
SIGMAS = 3.0


class SameCustomers(Streams):
    """The customers of the seed's first replication, with agents of another luck each time."""

    def __init__(self, seed: int, draw: int) -> None:
        super().__init__(seed, 0)
        self._others = Streams(seed, draw)

    def generator(self, purpose: str, name: str = "", *more: int) -> np.random.Generator:
        """The generator of a purpose."""
        if purpose in AGENTS:
            return self._others.generator(purpose, name, *more)
        return super().generator(purpose, name, *more)


def predict(scenario: Scenario, seed: int, draws: int) -> dict[str, Any]:
    """`work.<name>.<measure>`: the mean of that many draws, and between what one more of them lies. At least two."""
    found: dict[tuple[str, str], list[float]] = {}
    for draw in range(draws):
        trace = Engine(scenario, SameCustomers(seed, draw), scenario.policy).run()
        pairs = summarize(trace, scenario, 1).pairs
        for work in scenario.work:
            for measure, simulated in MEASURES.items():
                pair = pairs["work", work.name, simulated]
                value = float(pair.over[0] / pair.under[0]) if pair.under[0] else math.nan
                found.setdefault((work.name, measure), []).append(value)
    names = [work.name for work in scenario.work]
    return {
        "draws": draws,
        "work": {name: {measure: _interval(found[name, measure]) for measure in MEASURES} for name in names},
    }


def _interval(values: Sequence[float]) -> dict[str, float] | None:
    """None where nobody came, or nobody was answered."""
    if any(math.isnan(value) for value in values):
        return None
    mean, spread = fmean(values), SIGMAS * stdev(values)
    return {"mean": mean, "low": mean - spread, "high": mean + spread}
