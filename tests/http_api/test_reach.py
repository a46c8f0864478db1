"""Rows that name teams, and plans of them, against one supervisor's teams."""

from typing import Any

import pytest

from http_api.reach import covers_row, rows_of
from records.accounts import Role
from records.roles import Action, Scope

SAM = Scope(Role.SUPERVISOR, "sam", frozenset({"first"}), frozenset({"anna"}), frozenset({"orders"}))


@pytest.mark.parametrize(
    ("subject", "row", "covered"),
    [
        ("agent:anna", {}, True),
        ("agent:anna", {"team": "first"}, True),
        ("agent:anna", {"team": "second"}, False),
        ("agent:dora", {}, False),
        ("queue:orders", {"priority": 3}, True),
        ("queue:orders", {"teams": ["first"]}, True),
        ("queue:orders", {"teams": ["first", "second"]}, False),
        ("queue:orders", {"teams": []}, False),
        ("queue:experts", {}, False),
        ("plan:peak", {"agents": {"anna": {"team": "first"}}, "queues": {"orders": {}}}, True),
        ("plan:peak", {"agents": {"anna": {}, "dora": {}}}, False),
        ("plan:peak", {}, True),
        ("team:first", {}, False),
    ],
)
def test_reach(subject: str, row: dict[str, Any], covered: bool) -> None:
    assert covers_row(SAM, Action.UNDO, subject, row) is covered
    assert covers_row(Scope(Role.AGENT, "anna"), Action.UNDO, "agent:anna", {}) is False


def test_the_rows_of_a_plan() -> None:
    assert rows_of({"title": "x", "agents": {"a": {"team": "t"}}}) == {"agent:a": {"team": "t"}}
