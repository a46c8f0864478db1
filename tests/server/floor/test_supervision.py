"""Interventions in a house: told to the router with who did it, and kept with before and after."""

import pytest

from http_api.supervision_api import Refused
from records.accounts import Role
from records.audit import Audit
from records.roles import Scope
from records.sessions import Caller
from records.submissions import Submissions
from router.events import PresenceSet, WorkMoved, WorkQueued
from router.vocabulary import Medium, Presence
from server.clock import wall_us
from server.floor.supervision import Supervision
from tests.server.house import House

SAM = Caller("sam", Role.SUPERVISOR, None, 0)
ALL = Scope(Role.ADMINISTRATOR, None)


@pytest.fixture
def supervision(house: House) -> Supervision:
    return Supervision(house.pump, Audit(house.database), Submissions(house.database), lambda: house.site, wall_us)


async def test_presence_is_set_by_somebody(house: House, supervision: Supervision) -> None:
    await house.ready("anna")
    assert await supervision.set_presence(SAM, "anna", "not_ready", "lunch", "go and eat") == 1
    row = house.pump.dispatcher.agent("anna")
    assert row is not None
    assert (row.presence, row.reason) == (Presence.NOT_READY, "lunch")
    assert house.told(PresenceSet)[-1].by == "sam"
    (entry,) = await Audit(house.database).page(9)
    assert (entry.before, entry.after) == (
        {"presence": "ready", "reason": None},
        {"presence": "not_ready", "reason": "lunch"},
    )
    assert (entry.by, entry.comment, entry.subject) == ("sam", "go and eat", "agent:anna")


async def test_what_was_refused_leaves_no_entry(house: House, supervision: Supervision) -> None:
    for refused, code in (
        (await supervision.set_presence(SAM, "anna", "not_ready", "siesta", ""), "unknown_reason"),
        (await supervision.set_presence(SAM, "anna", "ready", None, ""), "not_connected"),
        (await supervision.move(SAM, "gone", "orders", ""), "unknown_work"),
        (await supervision.direct(SAM, "gone", None, ""), "unknown_work"),
        (await supervision.cancel(SAM, "gone", ""), "unknown_work"),
    ):
        assert isinstance(refused, Refused)
        assert refused.code == code
    assert await Audit(house.database).page(9) == ()
    assert house.told(WorkMoved) != []


async def test_what_waits_is_explained(house: House, supervision: Supervision) -> None:
    for number in (1, 2):
        await house.pump.post(WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, "orders"), "test")
    found = await supervision.waiting(ALL, None, 1, True)
    assert (found.total, len(found.work)) == (2, 1)
    (first,) = found.work
    assert (first.work_id, first.place, first.offered_to) == ("w1", 1, None)
    assert first.explanation is not None
    assert first.explanation.failed == {"presence": 2}
    assert {one.agent_id for one in first.explanation.candidates} == {"anna", "ben"}
    assert (await supervision.waiting(ALL, "elsewhere", 9, True)).total == 0
    assert (await supervision.waiting(Scope(Role.SUPERVISOR, None), None, 9, False)).total == 0
    assert supervision.queue_of("w1") == "orders"
    for name in ("w1", "w2"):
        assert await supervision.cancel(SAM, name, "") in (1, 2)
    assert supervision.queue_of("w1") is None
    newest = (await Audit(house.database).page(1))[0]
    assert newest.before["queue"] == "orders"
    assert newest.after == {"outcome": "cancelled"}


async def test_a_call_is_cancelled_in_the_conversation(house: House, supervision: Supervision) -> None:
    _, reservation = await house.talking()
    row = house.pump.dispatcher.reservation(reservation)
    assert row is not None
    assert await supervision.cancel(SAM, row.work_id, "stuck") == 1
    await house.said("OfferWithdrawn")
    await house.empty()
