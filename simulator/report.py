"""A result for people (a table) and for programs (JSON)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.estimates import CONFIDENCE, Estimate
from simulator.measures import TOTAL, Key
from simulator.replications import Result
from simulator.scenario import Scenario

SHARES = ("abandon_rate", "waited", "occupancy", "load")
# Shown where there are any.
RARE = ("retries", "diverted", "turned_away", "unserved")
# So many columns fit beside each other.
_COLUMNS = 4
_WIDTH = 22
_LABEL = 30


@dataclass(frozen=True, slots=True)
class Report:
    """A scenario's result with what it was made from."""

    scenario: Scenario
    seed: int
    result: Result

    @property
    def method(self) -> str:
        """Where the intervals come from."""
        runs, batches = self.result.runs, self.result.batches
        return f"{runs} replications" if batches == 1 else f"one replication in {batches} batches"

    def json(self) -> str:
        """One JSON object; shares are fractions, durations seconds. `low` and `high` may be null."""
        measures: dict[str, dict[str, dict[str, object]]] = {}
        for (kind, name, measure), found in self.result.estimates().items():
            value = {"value": found.value, "low": found.low, "high": found.high}
            measures.setdefault(kind, {}).setdefault(name, {})[measure] = value
        return json.dumps(
            {
                "scenario": self.scenario.name,
                "seed": self.seed,
                "replications": self.result.runs,
                "batches": self.result.batches,
                "confidence": CONFIDENCE,
                "policy_version": self.scenario.policy.version,
                "measures": measures,
                "slots": {
                    "from_s": self.scenario.start_us / 1e6,
                    "length_s": self.scenario.slot_us / 1e6,
                    **{name: [round(float(value), 6) for value in row] for name, row in self.result.slots.items()},
                },
                "turns": self.result.turns,
                "notes": dict(self.result.notes),
            },
            ensure_ascii=False,
        )

    def text(self) -> str:
        """The tables, each value with half of its interval's width behind it."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.scenario.name}: {self.method}, seed {self.seed}, {CONFIDENCE:.0%} intervals"
        estimates = self.result.estimates()
        work = _names(estimates, "work")
        yield from _tables("work", work, estimates)
        queues = _names(estimates, "queue")
        if queues != work:
            yield from _tables("queue", queues, estimates)
        if len(work) > 1:
            yield from _tables(TOTAL, [TOTAL], estimates)
        groups = _names(estimates, "group")
        yield from _tables("group", groups, estimates)
        if len(groups) > 1:
            yield from _tables("served_by", work, estimates, title="answered by")
        if self.result.notes:
            yield ""
            yield from (f"note: {note}: {count}" for note, count in sorted(self.result.notes.items()))


def _names(estimates: dict[Key, Estimate], kind: str) -> list[str]:
    return list(dict.fromkeys(name for found, name, _ in estimates if found == kind))


def _tables(kind: str, names: Sequence[str], estimates: dict[Key, Estimate], title: str = "") -> Iterator[str]:
    for first in range(0, len(names), _COLUMNS):
        columns = names[first : first + _COLUMNS]
        yield ""
        yield f"{title or kind:<{_LABEL}}" + "".join(f"{name:>{_WIDTH}}" for name in columns)
        measures = dict.fromkeys(measure for found, name, measure in estimates if found == kind and name in columns)
        for measure in measures:
            cells = [estimates[kind, name, measure] for name in columns]
            if measure in RARE and not any(cell.value for cell in cells):
                continue
            share = kind == "served_by" or measure in SHARES or measure.startswith("level_")
            yield f"{measure:<{_LABEL}}" + "".join(f"{_cell(cell, share):>{_WIDTH}}" for cell in cells)


def _cell(found: Estimate, share: bool) -> str:
    if found.value is None:
        return "-"
    scale, unit = (100.0, " %") if share else (1.0, "")
    width = "" if found.half_width is None else f" ± {found.half_width * scale:.2f}"
    return f"{found.value * scale:.2f}{width}{unit}"
