"""The role table: complete, and the page that people read is drawn from it."""

from pathlib import Path

import pytest

from records.accounts import Role
from records.roles import PERMISSIONS, Action, Extent, Scope, allowed, extent, page


def test_every_cell_is_there() -> None:
    assert set(PERMISSIONS) == {(role, action) for role in Role for action in Action}


def test_the_page_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "roles.md"
    assert written.read_text(encoding="utf-8") == page(), "run python -m records.roles"


@pytest.mark.parametrize("action", Action)
def test_allowed_is_every_role_with_an_extent(action: Action) -> None:
    assert allowed(action) == {role for role in Role if extent(role, action) is not Extent.NONE}


def test_who_sees_more_never_sees_less() -> None:
    """Agent, expert, supervisor, administrator: each reaches at least as far as the one before."""
    order = [Extent.NONE, Extent.OWN, Extent.TEAMS, Extent.ALL]
    for action in Action:
        reach = [order.index(extent(role, action)) for role in list(Role)[:4]]
        assert reach == sorted(reach), action


@pytest.mark.parametrize(
    ("role", "own", "team", "other"),
    [
        (Role.AGENT, True, False, False),
        (Role.SUPERVISOR, True, True, False),
        (Role.ADMINISTRATOR, True, True, True),
        (Role.API, False, False, False),
    ],
)
def test_a_scope_reaches_agents(role: Role, own: bool, team: bool, other: bool) -> None:
    scope = Scope(role, "ann", frozenset({"t1"}), frozenset({"ann", "bob"}), frozenset({"sales"}))
    assert [scope.covers_agent(Action.SEE_AGENTS, name) for name in ("ann", "bob", "cem")] == [own, team, other]
    steers = {Role.SUPERVISOR: (True, False), Role.ADMINISTRATOR: (True, True)}.get(role, (False, False))
    assert (
        scope.covers_queue(Action.STEER_WORK, "sales"),
        scope.covers_queue(Action.STEER_WORK, "care"),
    ) == steers
    assert not Scope(Role.API, None).covers_queue(Action.CANCEL_WORK, "sales")
