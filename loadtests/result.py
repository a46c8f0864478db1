"""A run in figures. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtests.plan import Plan
from loadtests.tally import Customer, Tally

WINDOW_S = 300.0
CERTAINTY = 0.975


def summarise(
    plan: Plan, tally: Tally, *, finished: bool, generator: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that a report needs, as JSON. Durations in seconds where a name ends in _s, in ms where in _ms.

    `generator` is of `pulse.Pulse.used`: what of the machine the generator had.
    """
    customers = list(tally.customers.values())
    return {
        "scenario": plan.scenario.name,
        "path": plan.path.name,
        "seed": plan.seed,
        "seconds": plan.seconds,
        "finished": finished,
        "work": {
            work.name: _of_work([one for one in customers if one.work == work.name], work.threshold_us / 1e6)
            for work in plan.scenario.work
        },
        "latency_ms": {kind: _spread([value for _, value in found]) for kind, found in sorted(tally.samples.items())},
        "lines": {kind: _by_second(found) for kind, found in sorted(tally.samples.items())},
        "windows": {kind: _by_window(found, plan.seconds) for kind, found in sorted(tally.samples.items())},
        "arrivals": _counts([one.arrived_s for one in customers]),
        "answers": _counts([one.arrived_s + one.waited_s for one in customers if one.waited_s is not None]),
        "errors": dict(tally.errors),
        "changes": tally.changes,
        "missed": tally.missed,
        "repeated": tally.repeated,
        "unsaid": dict(tally.unsaid),
        "sipp": dict(tally.sipp),
        "generator": dict(generator or {}),
    }


def _of_work(customers: Sequence[Customer], threshold_s: float) -> dict[str, Any]:
    waits = [one.waited_s for one in customers if one.waited_s is not None]
    offered, answered = len(customers), len(waits)
    return {
        "offered": offered,
        "answered": answered,
        "abandoned": sum(1 for one in customers if one.waited_s is None and not one.error),
        "failed": sum(1 for one in customers if one.error),
        "level": sum(1 for wait in waits if wait <= threshold_s) / offered if offered else 1.0,
        "abandon_rate": sum(1 for one in customers if one.waited_s is None and not one.error) / max(1, offered),
        "threshold_s": threshold_s,
        "wait_s": _spread(waits),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Nearest ranks; empty without values."""
    if not values:
        return {}
    ordered = sorted(values)
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    found = {name: ordered[max(0, math.ceil(share * len(ordered)) - 1)] for name, share in ranks.items()}
    return {"n": float(len(ordered)), "mean": sum(ordered) / len(ordered), **found}


def _by_second(samples: Iterable[tuple[float, float]]) -> list[tuple[int, float, float]]:
    """(second, median, 99th percentile) of each second that has any."""
    seconds: dict[int, list[float]] = {}
    for at, value in samples:
        seconds.setdefault(int(at), []).append(value)
    return [(at, _spread(values)["p50"], _spread(values)["p99"]) for at, values in sorted(seconds.items())]


def _by_window(samples: Iterable[tuple[float, float]], seconds: float) -> list[dict[str, float]]:
    """The spread of every five minutes (a quarter of a shorter run), the last of which end with the run.

    What is left over at the beginning is warm-up and counts for nothing, nor does what comes after the end.
    """
    length = min(WINDOW_S, seconds / 4)
    windows: list[list[float]] = [[] for _ in range(int(seconds // length))]
    since = seconds - length * len(windows)
    for at, value in samples:
        if since <= at < seconds:
            windows[min(int((at - since) // length), len(windows) - 1)].append(value)
    return [_spread(values) | {"p99_low": p99_low(values)} for values in windows if values]


def p99_low(values: Sequence[float]) -> float:
    """What the 99th percentile is not below, with 97.5 % certainty: a few slow ones more or less are chance.

    Of n values the number above the true percentile is binomial (n, 0.01); the end of the interval is the value that
    has so many above it as come up to the certainty (Conover, Practical Nonparametric Statistics, section 3.2).
    """
    ordered, above, certain = sorted(values), 0, 0.0
    while above < len(ordered) - 1:
        ways = math.lgamma(len(ordered) + 1) - math.lgamma(above + 1) - math.lgamma(len(ordered) - above + 1)
        certain += math.exp(ways + above * math.log(0.01) + (len(ordered) - above) * math.log(0.99))
        if certain >= CERTAINTY:
            break
        above += 1
    return ordered[len(ordered) - 1 - above]


def _counts(moments: Sequence[float]) -> list[tuple[int, int]]:
    """How many in each second that has any."""
    counts: dict[int, int] = {}
    for at in moments:
        counts[int(at)] = counts.get(int(at), 0) + 1
    return sorted(counts.items())
