"""The judgement on a run. Pure.

Three verdicts: the server did what was asked of it; it did not; or the generator was too slow to be believed, and
nothing is said of the server.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loadtests.plan import Plan

# Beyond this the generator itself was too slow to be believed.
SATURATED_MS = 100.0
# What the way through a real server adds to or takes from a share, against a router under virtual time, and what it
# adds to a mean wait: for the way itself, and a part of the wait for what the others before them lost on theirs.
SLACK = 0.05
SLACK_S = 0.3
SLACK_OF_WAIT = 0.1
# What is compared with the simulator, by its name in findings.
COMPARED = {"level": "level", "abandon_rate": "gave up", "wait_s": "mean wait, s"}
# From here on a core is full, or one was missing.
FULL = 0.85
MISSING = 0.15


class Verdict(StrEnum):
    """What came of a run; the number is `python -m loadtests.run`'s exit status."""

    PASSED = "passed"
    FAILED = "failed"
    SATURATED = "generator saturated"

    @property
    def status(self) -> int:
        """2 is for a scenario with mistakes."""
        return {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.SATURATED: 3}[self]


class Subject(StrEnum):
    """Of whom a finding speaks."""

    GENERATOR = "generator"
    SERVER = "server"
    SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was asked of the run."""

    subject: Subject
    what: str
    value: float
    expected: str
    passed: bool


def judge(plan: Plan, run: Mapping[str, Any], prediction: Mapping[str, Any] | None) -> list[Finding]:
    """What was asked, and whether it holds. `run` is of `result.summarise`, `prediction` of `predict.predict`."""
    finished, errors = bool(run["finished"]), sum(run["errors"].values())
    offer = run["latency_ms"].get("offer", {}).get("p99", math.inf)
    found = [
        *_of_generator(run),
        Finding(Subject.SERVER, "the run came to its end", float(finished), "1", finished),
        Finding(Subject.SERVER, "errors", errors, "0", not errors),
        _at_most("offer, p99 ms", offer, plan.offer_p99_ms),
    ]
    against: list[Finding] = []
    for name, work in run["work"].items():
        asked = plan.work.get(name)
        if asked is not None and asked.bounded:
            level = work["level"]
            inside = asked.level_min <= level <= asked.level_max
            between = f"{asked.level_min:g} to {asked.level_max:g}"
            found.append(Finding(Subject.SERVER, f"{name}: level", level, between, inside))
            found.append(_at_most(f"{name}: gave up", work["abandon_rate"], asked.abandoned_max))
        if prediction is not None and plan.compare:
            against += _against(name, work, prediction["work"][name])
    return found + against


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Of a generator that was late nothing can be concluded: what it measured is its own slowness too."""
    if any(one.subject is Subject.GENERATOR and not one.passed for one in findings):
        return Verdict.SATURATED
    return Verdict.PASSED if all(one.passed for one in findings) else Verdict.FAILED


def why_late(generator: Mapping[str, Any]) -> str:
    """What kept the generator from being on time, as far as the kernel tells. `generator` is `pulse.Pulse.used`."""
    cpu, waited = generator.get("cpu", 0.0), generator.get("waited")
    figures = f"it used {cpu:.0%} of a core"
    if waited is not None:
        figures += f" and waited for one {waited:.0%} of the time"
    if cpu >= FULL:
        return f"{figures}: its own work fills a core, so make the run smaller (--scale)"
    if waited is not None and waited >= MISSING:
        others = "the server and other programs kept it from running"
        return f"{figures}: {others}, so stop those, or make the run smaller (--scale)"
    return f"{figures}: neither its work nor a missing core explains it"


def _of_generator(run: Mapping[str, Any]) -> Iterator[Finding]:
    """Its clock's lateness twenty times a second, and by how much customers came later than they were meant to."""
    for kind, what in (("lateness", "lateness, p99 ms"), ("came late", "customers came late, p99 ms")):
        late = run["latency_ms"].get(kind, {}).get("p99", 0.0)
        yield Finding(Subject.GENERATOR, what, late, f"<= {SATURATED_MS:g}", late <= SATURATED_MS)


def _at_most(what: str, value: float, limit: float) -> Finding:
    return Finding(Subject.SERVER, what, value, f"<= {limit:g}", value <= limit)


def _against(name: str, work: Mapping[str, Any], prediction: Mapping[str, Any]) -> Iterator[Finding]:
    """The run must lie where the simulator's draws do, give or take what a real way adds."""
    for measure, what in COMPARED.items():
        interval = prediction[measure]
        value = work["wait_s"].get("mean") if measure == "wait_s" else work[measure]
        if interval is None or value is None or not work["offered"]:
            continue
        slack = SLACK_S + SLACK_OF_WAIT * interval["mean"] if measure == "wait_s" else SLACK
        low, high = max(0.0, interval["low"] - slack), interval["high"] + slack
        if measure != "wait_s":
            high = min(1.0, high)
        yield Finding(Subject.SIMULATOR, f"{name}: {what}", value, f"{low:.2f} to {high:.2f}", low <= value <= high)
