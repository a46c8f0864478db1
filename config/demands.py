"""Expressions in the files: what work demands of agents, and which work a rule is for."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ivr.reading import Table, suggest
from router.expression import NEVER, Expression, all_of, names, resolve
from router.expression_parser import ExpressionError, parse

EXAMPLE = "for example orders >= 3 and (english >= 5 or mandarin >= 5) and not trainee"


@dataclass(frozen=True, slots=True)
class Known:
    """What an expression may speak of."""

    skills: Collection[str]
    teams: Collection[str]


def read_demand(table: Table, key: str, known: Known, default: str | None = None) -> str:
    """An expression over skills, teams and attributes of the work, as its text. Mistakes are told with their column."""
    return _read(table, key, known, default, of_agents=True)


def read_case(table: Table, key: str, default: str | None = None) -> str:
    """An expression over attributes of the work alone: which work a rule is for."""
    return _read(table, key, Known((), ()), default, of_agents=False)


def _read(table: Table, key: str, known: Known, default: str | None, *, of_agents: bool) -> str:
    text = table.text(key, default)
    if not text:
        return ""
    try:
        expression = parse(text)
    except ExpressionError as error:
        table.problem(key, f"column {error.column + 1}: {error}", EXAMPLE if of_agents else 'for example work.x == "a"')
        return ""
    skills, teams, attributes = names(expression)
    if not of_agents:
        for name in sorted(skills | teams):
            message = f'{_column(text, name)}"{name}" is asked of agents; this rule knows the work only'
            table.problem(key, message, "write work.name or customer.name")
        return text
    for name in sorted(skills - set(known.skills)):
        table.problem(key, f'{_column(text, name)}there is no skill "{name}"', suggest(name, known.skills))
    for name in sorted(teams - set(known.teams)):
        table.problem(key, f'{_column(text, name)}there is no team "{name}"', suggest(name, known.teams))
    if not attributes and _meets_nobody(expression):
        table.problem(key, "is met by nobody", "a grade cannot be above and below a bound at once")
    return text


def _column(text: str, name: str) -> str:
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    return f"column {found.start() + 1}: " if found else ""


def _meets_nobody(expression: Expression) -> bool:
    return all_of((resolve(expression, {}),)) == NEVER
