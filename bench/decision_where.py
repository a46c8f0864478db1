"""Where the time of a decision goes: the functions of the router that take the most of it, by a profile.

A profile makes each call dearer, so that small functions look larger than they are: read it for what stands out.
"""

from collections.abc import Callable
from cProfile import Profile
from pathlib import Path
from pstats import Stats

from bench.decision_turns import Bench, Samples, arrival_rounds, first_uses, freed_rounds

MOST = 10


def where(bench: Bench) -> Samples:
    """Percent of the time of the timed turns by function, the largest first; calls into C count with their callers."""
    bench.sign_in()
    first_uses(bench)
    return {
        f"{what}.{name}": samples
        for what, rounds in (("arrival", _arrivals), ("freed", _freed))
        for name, samples in _profiled(bench, rounds).items()
    }


def _arrivals(bench: Bench) -> None:
    arrival_rounds(bench)


def _freed(bench: Bench) -> None:
    bench.fill()
    freed_rounds(bench, bench.arrival)


def _profiled(bench: Bench, rounds: Callable[[Bench], None]) -> Samples:
    profile, decide = Profile(builtins=False), bench.dispatcher.handle
    bench.decide = lambda event, now: profile.runcall(decide, event, now)
    rounds(bench)
    bench.decide = decide
    found = Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(entry[2] for entry in found.values())
    largest = sorted(found.items(), key=lambda pair: -pair[1][2])[:MOST]
    return {f"{Path(file).stem}.{name}": [int(entry[2] / whole * 100_000)] for (file, _, name), entry in largest}
