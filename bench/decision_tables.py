"""The tables of docs/performance.md from the lines of one run: `python -m bench.decision --table [--cpu]`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.decision_sites import RULES

Results = Mapping[str, Mapping[str, Any]]
WHATS = ("arrival", "freed")
WORST = {"nobody": "nobody has what is asked for", "everybody": "everybody has it", "rare": "one agent alone has it"}
CHANGES = {
    "one_agent": "one agent",
    "one_queue": "one queue of four",
    "every_queue": "every queue",
    "every_demand": "every demand",
    "every_agent": "every agent",
}
PAIR = "arrival p50 | arrival p99 | freed p50 | freed p99"


def tables(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown of whatever the run has, each table under the load that the machine had while it was measured."""
    results = {str(line["name"]): line for line in lines}
    yield from _table(results, f"One decision, us | agents | {PAIR}", _sizes(results))
    yield from _table(results, f"Rule in force, us | first use | {PAIR}", _features(results))
    yield from _table(results, f"Worst case, us | {PAIR}", _worst(results))
    yield from _table(results, "What changes, ms | pause | until all of it is done", _changes(results))
    yield from _table(results, "Burst, agents x items | way | served | ms | grades", _bursts(results))


Row = tuple[list[str], list[str]]


def _table(results: Results, head: str, rows: Iterable[Row]) -> Iterator[str]:
    found = list(rows)
    if not found:
        return
    names = [name for _, used in found for name in used]
    yield f"{_company(results[name] for name in names)}\n"
    columns = head.split(" | ")
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'--:|' * (len(columns) - 1)}"
    for cells, _ in found:
        yield f"| {' | '.join(cells)} |"
    yield ""


def _company(lines: Iterable[Mapping[str, Any]]) -> str:
    said = [str(line["conditions"]) for line in lines]
    loads = sorted(float(found[1]) for one in said if (found := re.search(r"load ([\d.]+)", one)))
    counted = "CPU time of the thread" if "CPU time" in said[0] else "by the clock"
    return f"Load {loads[0]:g} to {loads[-1]:g}, {counted}." if loads else f"{counted.capitalize()}."


def _cells(results: Results, names: Iterable[str], scale: float = 1.0) -> Row:
    cells, used = [], []
    for name in names:
        line = results.get(name)
        if line is not None:
            used.append(name)
        cells += ["", ""] if line is None else [_short(line["p50"] / scale), _short(line["p99"] / scale)]
    return cells, used


def _sizes(results: Results) -> Iterator[Row]:
    for rules in ("", "rules."):
        pattern = re.compile(rf"decision\.{re.escape(rules)}arrival\.(\d+)")
        for size in sorted(int(found[1]) for name in results if (found := pattern.fullmatch(name))):
            cells, used = _cells(results, [f"decision.{rules}{what}.{size}" for what in WHATS])
            yield [rules.removesuffix(".") or "plain", f"{size:,}", *cells], used
    for name in results:
        if name.startswith("decision.floor."):
            cells, used = _cells(results, [name])
            yield ["floor: an event made, matched, looked up", f"{int(name.rsplit('.', 1)[1]):,}", *cells, "", ""], used


def _features(results: Results) -> Iterator[Row]:
    sizes = [int(name.rsplit(".", 1)[1]) for name in results if name.startswith("decision.floor.")]
    for rule in RULES:
        size = f".{sizes[0]}" if sizes else ""
        stem = {"plain": "decision.{}" + size, "rules": "decision.rules.{}" + size}
        name = stem.get(rule, f"decision.feature.{rule}.{{}}")
        first = results.get(name.format("first_use"))
        cells, used = _cells(results, [name.format(what) for what in WHATS])
        if used:
            yield [f"`{rule}`", "" if first is None else _short(first["p50"]), *cells], used


def _worst(results: Results) -> Iterator[Row]:
    for case, said in WORST.items():
        cells, used = _cells(results, [f"decision.worst.{case}.{what}" for what in WHATS])
        if used:
            yield [said, *cells], used
    cells, used = _cells(results, ["decision.worst.relaxing.turn"])
    if used:
        yield ["10,000 relax at once: each of the turns", *cells, "", ""], used


def _changes(results: Results) -> Iterator[Row]:
    for change, said in CHANGES.items():
        names = [f"decision.policy.{change}.{what}" for what in ("pause", "whole")]
        if all(name in results for name in names):
            yield [said, *(_short(results[name]["p50"] / 1000) for name in names)], names


def _bursts(results: Results) -> Iterator[Row]:
    for name in results:
        if (found := re.fullmatch(r"(decision\.burst\.(\d+x\d+)\.([^.]+))\.served", name)) is None:
            continue
        stem, size, way = found.groups()
        time = next((each for each in results if each.startswith(stem) and results[each]["unit"] == "us"), None)
        spent = "" if time is None else _short(results[time]["p50"] / 1000)
        grades = results.get(f"{stem}.grades")
        yield [size, way, _short(results[name]["p50"]), spent, "" if grades is None else _short(grades["p50"])], [name]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
