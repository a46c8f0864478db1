"""The rules as the API shows them, over a real overlay."""

import pytest

from http_api.edits import Conflict, Invalid
from records.accounts import Role
from records.audit import Audit
from records.database import Database
from records.overlay import OverlayStore
from records.sessions import Caller
from server.floor.overlay import Overlay
from server.floor.rules import RulesDesk
from tests.server.sites import small_site

SAM = Caller("sam", Role.SUPERVISOR, None, 0)


@pytest.fixture
async def desk(database: Database) -> RulesDesk:
    store = OverlayStore(database)
    overlay = Overlay(small_site(), store, lambda: 0)
    await overlay.load()
    return RulesDesk(overlay, store, lambda: 7)


async def test_what_holds_and_what_was_edited(desk: RulesDesk, database: Database) -> None:
    assert await desk.edit(SAM, "agent:anna", {"skills": {"english": 9}}, 0, "good") == 1
    rules = await desk.agent("anna")
    assert rules is not None
    assert (rules.version, rules.skills, rules.edited, rules.team) == (1, {"english": 9}, ("skills",), "line1")
    (change,) = rules.history
    assert (change.by, change.before, change.after) == ("sam", {"skills": None}, {"skills": {"english": 9}})
    assert await desk.edit(SAM, "queue:orders", {"wrap_up_s": 5, "teams": ["line1"]}, 1, "") == 2
    queue = await desk.queue("orders")
    assert queue is not None
    assert (queue.wrap_up_us, queue.teams, queue.edited) == (5_000_000, ("line1",), ("teams", "wrap_up_s"))
    assert [entry.subject for entry in await Audit(database).page(9, teams=["line1"])] == ["queue:orders", "agent:anna"]
    assert await desk.agent("nobody") is None
    assert await desk.queue("nowhere") is None


async def test_conflict_and_mistake(desk: RulesDesk) -> None:
    await desk.edit(SAM, "agent:anna", {"skills": {"english": 9}}, 0, "")
    conflict = await desk.edit(SAM, "agent:anna", {"skills": {}}, 0, "")
    assert isinstance(conflict, Conflict)
    assert (conflict.version, [change.by for change in conflict.changes]) == (1, ["sam"])
    invalid = await desk.edit(SAM, "agent:anna", {"skills": {"dutch": 1}}, 1, "")
    assert isinstance(invalid, Invalid)
    assert len(invalid.problems) == 1
