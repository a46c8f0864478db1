"""The tables of a run of bench.decision: every rule has its row, and what was not measured stays empty."""

from typing import Any

from bench.decision_sites import RULES
from bench.decision_tables import tables


def line(name: str, p50: float, p99: float, load: float = 1.0, unit: str = "us") -> dict[str, Any]:
    return {"name": name, "unit": unit, "p50": p50, "p99": p99, "conditions": f"2 cores, load {load}, 10000 agents"}


def features() -> list[dict[str, Any]]:
    lines = [line("decision.floor.10000", 1, 4)]
    for rule in RULES:
        stem = {"plain": "decision.{}.10000", "rules": "decision.rules.{}.10000"}.get(
            rule, f"decision.feature.{rule}.{{}}"
        )
        lines += [
            line(stem.format(what), 10, 20, load) for what, load in (("first_use", 1), ("arrival", 2), ("freed", 7))
        ]
    return lines


def rows_of(lines: list[dict[str, Any]], head: str) -> list[str]:
    found = list(tables(lines))
    at = next(index for index, text in enumerate(found) if text.startswith(f"| {head}"))
    return found[at + 2 : found.index("", at)]


def test_every_rule_has_a_row() -> None:
    rows = rows_of(features(), "Rule in force")
    assert rows == [f"| `{rule}` | 10 | 10 | 20 | 10 | 20 |" for rule in RULES]
    assert "Load 2 to 7, by the clock.\n" in list(tables(features()))


def test_sizes_with_the_floor_beside_them() -> None:
    rows = rows_of([*features(), line("decision.rules.arrival.100000", 35.2, 2100)], "One decision")
    assert rows[0] == "| plain | 10,000 | 10 | 20 | 10 | 20 |"
    assert rows[2] == "| rules | 100,000 | 35.2 | 2,100 |  |  |"
    assert rows[-1] == "| floor: an event made, matched, looked up | 10,000 | 1 | 4 |  |  |"


def test_worst_cases_changes_and_bursts() -> None:
    lines = [line("decision.worst.rare.freed", 26.8, 161), line("decision.worst.relaxing.turn", 16_800, 25_700)]
    assert rows_of(lines, "Worst case") == [
        "| one agent alone has it |  |  | 26.8 | 161 |",
        "| 10,000 relax at once: each of the turns | 16,800 | 25,700 |  |  |",
    ]
    changes = [line("decision.policy.one_agent.pause", 9270, 1), line("decision.policy.one_agent.whole", 9270, 1)]
    assert rows_of(changes, "What changes") == ["| one agent | 9.27 | 9.27 |"]
    burst = [
        line("decision.burst.20x50.whole.turns", 1400, 1),
        line("decision.burst.20x50.whole.served", 18, 1, unit="items"),
        line("decision.burst.20x50.whole.grades", 113, 1, unit="grades"),
    ]
    assert rows_of(burst, "Burst") == ["| 20x50 | whole | 18 | 1.4 | 113 |"]


def test_nothing_measured_is_no_table() -> None:
    assert list(tables([])) == []
