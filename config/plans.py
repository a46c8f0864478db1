"""Peak plans: named bundles of changes to rows of agents.toml and queues.toml, applied and taken back as one."""

from collections.abc import Mapping
from typing import Any

from config.rows import read_title
from config.site import PlanConfig
from ivr.reading import Table

FILE = "plans.toml"
# Kind of a subject -> the table of a plan that holds its rows.
KINDS: Mapping[str, str] = {"agent": "agents", "queue": "queues"}


def read_plan(name: str, table: Table) -> PlanConfig:
    """A row of plans.toml. What it changes is checked against the site by `config.patches`."""
    title, titles = read_title(table)
    agents, queues = (_rows(table, key) for key in KINDS.values())
    table.finish()
    plan = PlanConfig(name, title, titles, agents, queues)
    if not plan.rows:
        table.problem("", "changes nothing", "give it agents or queues with the keys that change")
    return plan


def _rows(table: Table, key: str) -> Mapping[str, Mapping[str, Any]]:
    return {name: dict(row.values) for name, row in table.tables(key)}


def plan_row(plan: PlanConfig) -> dict[str, Any]:
    """The plan as the file has it; read_plan reads it back."""
    return {
        "title": dict(plan.titles) or plan.title,
        "agents": {name: dict(keys) for name, keys in plan.agents.items()},
        "queues": {name: dict(keys) for name, keys in plan.queues.items()},
    }
