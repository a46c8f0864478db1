"""The values of a scenario file that no other file has: times of day, distributions, arrivals."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from ivr.reading import MICROSECONDS, Table
from simulator.arrivals import Steps, from_rates, steady
from simulator.distributions import Constant, Distribution, Empirical, Exponential, LogNormal, Uniform

_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
KINDS = ("constant", "exponential", "lognormal", "uniform", "empirical")
LONGEST_S = 10_000_000.0


def parse_clock(text: str) -> int | None:
    """ "08:30" or "08:30:15" as microseconds since midnight; hours go on past 24. None for anything else."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * MICROSECONDS


def read_clock(table: Table, key: str, default: str | None = None) -> int:
    """The time of day under `key`."""
    text = table.text(key, default)
    found = parse_clock(text)
    if found is None and text:
        table.problem(key, f'"{text}" is not a time of day', 'write it as "08:30"; hours go on past 24:00')
    return found or 0


def read_distribution(table: Table, folder: Path) -> Distribution:
    """One table with a `kind` and what the kind needs; durations in seconds."""
    kind = table.choice("kind", KINDS)
    found = _distribution(kind, table, folder)
    table.finish()
    return found


def _distribution(kind: str, table: Table, folder: Path) -> Distribution:
    match kind:
        case "exponential":
            return Exponential(float(_seconds(table, "mean_s", low=1e-6)))
        case "lognormal":
            return LogNormal(float(_seconds(table, "mean_s", low=1e-6)), table.number("cv", high=20.0))
        case "uniform":
            low, high = _seconds(table, "low_s"), _seconds(table, "high_s")
            if high < low:
                table.problem("high_s", "is less than low_s", "put the longer one here")
            return Uniform(low, max(low, high))
        case "empirical":
            return Empirical(_values(table, folder))
        case _:
            return Constant(_seconds(table, "value_s", None if kind else 0.0))


def _seconds(table: Table, key: str, default: float | None = None, low: float = 0.0) -> int:
    return table.seconds(key, default, low=low, high=LONGEST_S)


def _values(table: Table, folder: Path) -> tuple[int, ...]:
    """Seconds from a list in the scenario, or from a column of a CSV file."""
    if not table.has("file"):
        values = table.values.get("values_s") if table.has("values_s") else None
        if isinstance(values, list) and values and all(_is_duration(value) for value in values):
            return tuple(round(value * MICROSECONDS) for value in values)
        table.problem("values_s", "is no list of seconds", "give values_s = [12.5, 80], or file and column")
        return (0,)
    column = table.text("column")
    rows = read_csv(table, "file", folder, (column,))
    found: list[int] = []
    for number, row in enumerate(rows, start=2):
        value = _number(row[column])
        if value is None or value < 0:
            table.problem("file", f'row {number}: "{row[column]}" is not a number of seconds')
            return (0,)
        found.append(round(value * MICROSECONDS))
    if not found and rows is not None and column:
        table.problem("file", "has no rows")
    return tuple(found) or (0,)


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_S


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def read_csv(table: Table, key: str, folder: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of the CSV file named under `key`, which has these columns; none when something is wrong with it."""
    name = table.text(key)
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column and column not in (reader.fieldnames or ())]
            if not missing:
                return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        if name:
            table.problem(key, f"{folder / name} cannot be read: {error}", "a CSV file in UTF-8, with a header")
        return []
    known = ", ".join(reader.fieldnames or ())
    table.problem(key, f"{name} has no column {', '.join(missing)}", f"it has {known}")
    return []


def read_arrivals(table: Table, folder: Path, start_us: int, end_us: int) -> Steps:
    """One of `per_hour`, `rates` and `file`."""
    if table.has("per_hour"):
        found = steady(start_us, end_us, table.number("per_hour"))
    elif table.has("rates"):
        found = _rates(table, end_us)
    elif table.has("file"):
        found = _counts(table, folder, end_us)
    else:
        table.problem("", "says nothing of how many come", "give per_hour, rates, or file and column")
        found = steady(start_us, end_us, 0.0)
    table.finish()
    return found


def _rates(table: Table, end_us: int) -> Steps:
    rates: list[tuple[int, float]] = []
    for row in table.rows("rates"):
        at, rate = read_clock(row, "from"), row.number("per_hour")
        row.finish()
        if rates and at <= rates[-1][0]:
            row.problem("from", "is not after the one before", "rates go by time")
        else:
            rates.append((at, rate))
    return from_rates(rates, end_us)


def _counts(table: Table, folder: Path, end_us: int) -> Steps:
    """Counts of a CSV file: a row holds from its time (column `from`) to the next row's, the last as long as before."""
    column, exact = table.text("column"), table.flag("exact", default=False)
    rows = read_csv(table, "file", folder, ("from", column))
    edges: list[int] = []
    counts: list[float] = []
    for number, row in enumerate(rows, start=2):
        at, count = parse_clock(row["from"] or ""), _number(row[column])
        if at is None or count is None or count < 0 or (edges and at <= edges[-1]):
            table.problem("file", f"row {number} is not a later time with a count: {row['from']}, {row[column]}")
            return steady(0, end_us, 0.0)
        if exact and count != round(count):
            table.problem("exact", f"needs whole numbers, row {number} has {row[column]}")
        edges.append(at)
        counts.append(count)
    if len(edges) < 2:
        table.problem("file", "has fewer than two intervals")
        return steady(0, end_us, 0.0)
    edges.append(2 * edges[-1] - edges[-2])
    return Steps(tuple(edges), tuple(counts), exact)
