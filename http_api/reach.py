"""Whether a caller's teams cover a row of rules, and the teams that it names."""

from collections.abc import Mapping
from typing import Any

from records.roles import Action, Scope


def covers_row(scope: Scope, action: Action, subject: str, row: Mapping[str, Any]) -> bool:
    """`subject` is agent:ID, queue:NAME or plan:NAME, `row` keys as the files write them.

    A plan is covered when everything that it changes is. No teams at all means every team, theirs and others'.
    """
    kind, _, name = subject.partition(":")
    match kind:
        case "agent":
            team = row.get("team")
            return scope.covers_agent(action, name) and (team is None or scope.covers_team(action, str(team)))
        case "queue":
            teams = row.get("teams")
            named = [] if teams is None else list(teams) or [""]
            return scope.covers_queue(action, name) and all(scope.covers_team(action, str(team)) for team in named)
        case "plan":
            return all(covers_row(scope, action, each, keys) for each, keys in rows_of(row).items())
    return False


def rows_of(plan: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Subject -> row of a plan, as the files write it: `agents` and `queues` with keys of their rows."""
    kinds = (("agent", plan.get("agents") or {}), ("queue", plan.get("queues") or {}))
    return {f"{kind}:{name}": keys for kind, rows in kinds for name, keys in rows.items()}
