"""Time of one routing decision in memory: an arrival that finds an agent, and a freed agent who finds an item.

    python -m bench.decision [ONLY=<prefix>] [--quick] [--cpu]        (or ONLY, QUICK, CPU in the environment)
    python -m bench.decision --table [--cpu]                          (the tables of docs/performance.md)

One JSON object a line: name, unit, p50, p99, n, conditions. A turn is one event through `Dispatcher.handle`, commands
built; `+rows` adds `drain_changes`. The floor beside it is what no dispatcher can go below in this interpreter: an
event made, matched by class, and one dict looked up. Times include one reading of the clock;
with --cpu it is the thread's own CPU time, for a machine that does other work as well.

Names: decision.<what>.<agents> on a plain site, decision.rules.<what>.<agents> with rings, priorities and ageing in
force, decision.feature.<rule>.<what> for one rule alone, decision.worst.<case>.<what>, decision.policy.<change>.<what>,
decision.where.<what>.<function> (with rules: percent of the time by a profile), and for bursts
decision.burst.<agents>x<items>.<way>.<what>. Each line tells how busy the machine was when it was measured.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from bench.decision_burst import bursts
from bench.decision_sites import RULES, SKILLS, SKILLS_PER_AGENT
from bench.decision_tables import tables
from bench.decision_turns import CPU, QUICK, WAITING, Bench, Samples, arrivals, floor, freed
from bench.decision_where import where
from bench.decision_worst import CHANGES, everybody, nobody, policy_changes, rare, relaxing
from bench.figures import MACHINE

SIZES = (30, 40, 50) if QUICK else (1_000, 10_000, 100_000)
FEATURES_AT = 30 if QUICK else 10_000

Run = Callable[[Bench], Samples]
# One site, built once: agents, rules, and what is run on it in turn, each with what the results' names are made of
# (`{}` is what the run calls its samples).
Part = tuple[int, str, tuple[tuple[str, Run], ...]]
# What each run calls its samples; of `where` the first word.
STEMS: Mapping[Run, tuple[str, ...]] = {
    floor: ("floor",),
    arrivals: ("first_use", "arrival", "arrival+rows"),
    freed: ("freed", "freed+rows"),
    nobody: ("arrival",),
    everybody: ("arrival", "freed", "freed+rows"),
    rare: ("freed", "freed+rows"),
    relaxing: ("turn",),
    policy_changes: tuple(f"{change}.{what}" for change in CHANGES for what in ("pause", "whole")),
    where: ("arrival", "freed"),
}
UNITS = {"served": "items", "grades": "grades"}


def parts() -> Iterator[Part]:
    """Every benchmark, in order."""
    for agents in SIZES:
        plain, ruled = f"decision.{{}}.{agents}", f"decision.rules.{{}}.{agents}"
        if agents == FEATURES_AT:
            yield agents, "plain", ((plain, floor), (plain, arrivals), (plain, freed))
        yield agents, "rules", ((ruled, arrivals), (ruled, freed))
    for rule in RULES:
        if rule not in ("plain", "rules"):
            name = f"decision.feature.{rule}.{{}}"
            yield FEATURES_AT, rule, ((name, arrivals), (name, freed))
    yield FEATURES_AT, "rules", (("decision.worst.nobody.{}", nobody),)
    yield FEATURES_AT, "plain", (("decision.worst.everybody.{}", everybody),)
    yield FEATURES_AT, "rare", (("decision.worst.rare.{}", rare),)
    yield FEATURES_AT, "rules", (("decision.worst.relaxing.{}", relaxing),)
    yield FEATURES_AT, "rules", (("decision.policy.{}", policy_changes),)
    yield FEATURES_AT, "rules", (("decision.where.{}", where),)


def results(only: str) -> Iterator[dict[str, object]]:
    """The lines, in order; a part none of whose names begin with `only` is not run, but the floors are."""
    if "decision.burst.".startswith(only) or only.startswith("decision.burst."):
        yield from burst_lines(only)
    for agents, rules, runs in parts():
        wanted = [(name, run) for name, run in runs if run is floor or _wanted(name, run, only)]
        if not wanted:
            continue
        bench = Bench(agents, rules)
        for name, run in wanted:
            for what, samples in run(bench).items():
                if samples:
                    samples.sort()
                    unit = "%" if run is where else "us"
                    yield line(name.format(what), unit, samples, conditions(run, agents, rules))


def _wanted(name: str, run: Run, only: str) -> bool:
    stems = [name.format(stem) for stem in STEMS[run]]
    return any(stem.startswith(only) or (run is where and only.startswith(stem)) for stem in stems)


def burst_lines(only: str) -> Iterator[dict[str, object]]:
    """The bursts, whose figures are times, items served and sums of grades."""
    for what, samples in bursts().items():
        name, unit = f"decision.burst.{what}", UNITS.get(what.rsplit(".", 1)[1], "us")
        samples.sort()
        if name.startswith(only):
            yield line(name, unit, samples, f"{_machine()}, agents x items, a skill of some agent each")


def line(name: str, unit: str, samples: list[int], said: str) -> dict[str, object]:
    """One result; samples are sorted, in thousandths of the unit."""
    middle, high = samples[len(samples) // 2], samples[len(samples) * 99 // 100]
    figures = {"p50": round(middle / 1000, 2), "p99": round(high / 1000, 2), "n": len(samples)}
    return {"name": name, "unit": unit, **figures, "conditions": said}


def conditions(run: Run, agents: int, rules: str) -> str:
    """What the figures hold for."""
    if run is floor:
        return _machine()
    waiting = ", all free" if run is arrivals else f", {WAITING} waiting"
    return f"{_machine()}, {agents} agents, {SKILLS} skills, {SKILLS_PER_AGENT} per agent, 3 minima, {rules}{waiting}"


def _machine() -> str:
    return f"{MACHINE}, load {os.getloadavg()[0]:.1f}{', CPU time of the thread' if CPU else ''}"


def main() -> None:
    """Print one line for each result, or all of them as tables."""
    only, flags = os.environ.get("ONLY", ""), ("--quick", "--cpu", "--table")
    for argument in sys.argv[1:]:
        only = argument.removeprefix("ONLY=") if argument not in flags else only
    lines = (
        line
        for line in results(only)
        if str(line["name"]).startswith(only) or str(line["name"]).startswith("decision.floor")
    )
    if "--table" in sys.argv:
        print("\n".join(tables(lines)))
        return
    for line in lines:
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
