"""A run's figures as the tables of docs/benchmarks.md: `make -s bench | python -m bench.table`."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any


def tables(lines: Iterable[str]) -> Iterator[str]:
    """Markdown lines: a table for each module, its floors first."""
    results = [json.loads(line) for line in lines]
    for word, group in groupby(results, key=lambda result: str(result["name"]).split(".")[0]):
        yield f"### {word}\n"
        yield "| name | unit | p50 | p99 | n |"
        yield "|---|---|--:|--:|--:|"
        yield from (_row(result) for result in sorted(group, key=lambda result: "floor" not in result["name"]))
        yield ""


def _row(result: dict[str, Any]) -> str:
    name, conditions = f"`{result['name']}`", result["conditions"]
    if isinstance(conditions, dict) and "fsync" in conditions:
        name += f" ({conditions['fsync']})"
    if "floor" in result["name"]:
        name = f"*{name}*"
    return f"| {name} | {result['unit']} | {_short(result['p50'])} | {_short(result['p99'])} | {result['n']:,} |"


def _short(value: float) -> str:
    """Three figures are enough: the rest is chance."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    print("\n".join(tables(sys.stdin)))
