"""A scenario of another size: as many times the agents and the customers, at the same load on each agent."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtests.site import to_toml

LARGEST = 20.0


def scaled(path: Path, factor: float, folder: Path) -> Path:
    """Writes the scenario and what is expected of it into `folder`, and returns the scenario's path.

    Agents are whole: a group is rounded up. Bounds of service levels are left out, because they are those of the
    file's own size: at the same load on each agent a small floor keeps its customers waiting longer than a large one.
    The simulator says what holds for this size.
    """
    scenario = tomllib.loads(path.read_text(encoding="utf-8"))
    scenario["groups"] = {name: _group(group, factor) for name, group in scenario["groups"].items()}
    for work in scenario["work"].values():
        work["arrivals"] = _arrivals(work["arrivals"], factor)
    beside = path.with_suffix(".load.toml")
    expected = tomllib.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    expected["work"] = {
        name: {key: value for key, value in work.items() if key in ("callers", "sound")}
        for name, work in expected.get("work", {}).items()
    }
    target = folder / path.name
    target.write_text(to_toml(scenario), encoding="utf-8")
    target.with_suffix(".load.toml").write_text(to_toml(expected), encoding="utf-8")
    return target


def _group(group: Mapping[str, Any], factor: float) -> dict[str, Any]:
    found = dict(group)
    if "count" in found:
        found["count"] = _agents(found["count"], factor)
    for key in ("shifts", "staffing"):
        if key in found:
            found[key] = [_fewer(row, "agents", factor) for row in found[key]]
    return found


def _fewer(row: Mapping[str, Any], key: str, factor: float) -> dict[str, Any]:
    return {**row, key: _agents(row[key], factor)} if key in row else dict(row)


def _agents(count: int, factor: float) -> int:
    return math.ceil(count * factor - 1e-9)


def _arrivals(arrivals: Mapping[str, Any], factor: float) -> dict[str, Any]:
    found = dict(arrivals)
    if "per_hour" in found:
        found["per_hour"] *= factor
    if "rates" in found:
        found["rates"] = [{**row, "per_hour": row["per_hour"] * factor} for row in found["rates"]]
    return found
