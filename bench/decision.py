"""Time of one routing decision in memory: an arrival that finds an agent, and a freed agent who finds an item.

    python -m bench.decision [ONLY=<prefix>] [--quick]        (or ONLY and QUICK in the environment)

One JSON object a line: name, unit, p50, p99, n, conditions. A turn is one event through `Dispatcher.handle`, commands
built; `+rows` adds `drain_changes`. The floor beside it is what no dispatcher can go below in this interpreter: an
event made, matched by class, and one dict looked up. Times include one reading of the clock.

Names: decision.<what>.<agents> on a plain site, decision.rules.<what>.<agents> with rings, priorities and ageing in
force, decision.feature.<rule>.<what> for one rule alone, decision.worst.<case>.<what>, decision.policy.<change>.<what>,
decision.burst.<agents>x<items>.<way>.<what>.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from bench.decision_burst import bursts
from bench.decision_sites import RULES, SKILLS, SKILLS_PER_AGENT
from bench.decision_turns import QUICK, WAITING, Bench, Samples, arrivals, floor, freed
from bench.decision_worst import CHANGES, everybody, nobody, policy_changes, rare, relaxing
from bench.figures import MACHINE

SIZES = (30, 40, 50) if QUICK else (1_000, 10_000, 100_000)
FEATURES_AT = 30 if QUICK else 10_000

Run = Callable[[Bench], Samples]
# What the results' names are made of, agents, rules, and what is run; `{}` is what the run calls its samples.
Part = tuple[str, int, str, Run]
# What each run calls its samples.
STEMS: Mapping[Run, tuple[str, ...]] = {
    floor: ("floor",),
    arrivals: ("first_use", "arrival", "arrival+rows"),
    freed: ("freed", "freed+rows"),
    nobody: ("arrival",),
    everybody: ("arrival", "freed", "freed+rows"),
    rare: ("freed", "freed+rows"),
    relaxing: ("turn",),
    policy_changes: tuple(f"{change}.{what}" for change in CHANGES for what in ("pause", "whole")),
}


def parts() -> Iterator[Part]:
    """Every benchmark, in order."""
    for agents in SIZES:
        yield f"decision.{{}}.{agents}", agents, "plain", floor
        yield f"decision.{{}}.{agents}", agents, "plain", arrivals
        yield f"decision.{{}}.{agents}", agents, "plain", freed
        yield f"decision.rules.{{}}.{agents}", agents, "rules", arrivals
        yield f"decision.rules.{{}}.{agents}", agents, "rules", freed
    for rule in RULES:
        yield f"decision.feature.{rule}.{{}}", FEATURES_AT, rule, arrivals
        yield f"decision.feature.{rule}.{{}}", FEATURES_AT, rule, freed
    yield "decision.worst.nobody.{}", FEATURES_AT, "rules", nobody
    yield "decision.worst.everybody.{}", FEATURES_AT, "plain", everybody
    yield "decision.worst.rare.{}", FEATURES_AT, "rare", rare
    yield "decision.worst.relaxing.{}", FEATURES_AT, "rules", relaxing
    yield "decision.policy.{}", FEATURES_AT, "rules", policy_changes


def results(only: str) -> Iterator[dict[str, object]]:
    """The lines, in order; a part none of whose names begin with `only` is not run, but the floors are."""
    if "decision.burst.".startswith(only) or only.startswith("decision.burst."):
        yield from burst_lines(only)
    for name, agents, rules, run in parts():
        if run is not floor and not any(name.format(stem).startswith(only) for stem in STEMS[run]):
            continue
        for what, samples in run(Bench(agents, rules)).items():
            if samples:
                samples.sort()
                yield line(name.format(what), "us", samples, conditions(run, agents, rules))


def burst_lines(only: str) -> Iterator[dict[str, object]]:
    """The bursts, whose figures are times, items served and sums of grades."""
    for what, samples in bursts().items():
        unit = {"served": "items", "grades": "grades"}.get(what.rsplit(".", 1)[1], "us")
        samples.sort()
        if f"decision.burst.{what}".startswith(only):
            yield line(
                f"decision.burst.{what}", unit, samples, f"{MACHINE}, agents x items, a skill of some agent each"
            )


def line(name: str, unit: str, samples: list[int], said: str) -> dict[str, object]:
    """One result; samples are sorted, in thousandths of the unit."""
    middle, high = samples[len(samples) // 2], samples[len(samples) * 99 // 100]
    figures = {"p50": round(middle / 1000, 2), "p99": round(high / 1000, 2), "n": len(samples)}
    return {"name": name, "unit": unit, **figures, "conditions": said}


def conditions(run: Run, agents: int, rules: str) -> str:
    """What the figures hold for."""
    if run is floor:
        return MACHINE
    waiting = ", all free" if run is arrivals else f", {WAITING} waiting"
    return f"{MACHINE}, {agents} agents, {SKILLS} skills, {SKILLS_PER_AGENT} per agent, 3 minima, {rules}{waiting}"


def main() -> None:
    """Print one line for each result."""
    only = os.environ.get("ONLY", "")
    for argument in sys.argv[1:]:
        only = argument.removeprefix("ONLY=") if argument != "--quick" else only
    for line in results(only):
        if str(line["name"]).startswith(only) or str(line["name"]).startswith("decision.floor"):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
