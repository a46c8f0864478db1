"""Figures as tables."""

import json

from bench.table import tables


def result(name: str, p50: float, conditions: object = "") -> str:
    return json.dumps({"name": name, "unit": "us", "p50": p50, "p99": 1234.5, "n": 4000, "conditions": conditions})


def test_a_table_for_each_module_with_its_floors_first() -> None:
    lines = [result("a.work", 0.12345), result("a.floor", 99.96), result("b.work", 7, {"fsync": "always"})]
    assert list(tables(lines)) == [
        "### a\n",
        "| name | unit | p50 | p99 | n |",
        "|---|---|--:|--:|--:|",
        "| *`a.floor`* | us | 100 | 1,234 | 4,000 |",
        "| `a.work` | us | 0.123 | 1,234 | 4,000 |",
        "",
        "### b\n",
        "| name | unit | p50 | p99 | n |",
        "|---|---|--:|--:|--:|",
        "| `b.work` (always) | us | 7 | 1,234 | 4,000 |",
        "",
    ]
