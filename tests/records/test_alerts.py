"""The history of alerts on both databases, and what webhooks are told with it."""

import json
from dataclasses import replace

from records.alerts import AlertStore
from records.database import Database
from records.webhooks import Deliveries
from router.alerts import Alert, AlertKind

RAISED = Alert(3, AlertKind.BACKLOG, "queue", "orders", 100, {"waiting": 60})
WANTED = {"crm": frozenset({"alert.raised", "alert.cleared"}), "other": frozenset({"work.queued"})}


async def kinds(database: Database) -> list[tuple[str, str]]:
    return [(each.id, each.kind) for each in reversed(await Deliveries(database).page(10))]


async def test_open_ones_and_the_last_number(database: Database) -> None:
    store = AlertStore(database)
    assert await store.load() == ({}, 0)
    past = replace(RAISED, id=5, cleared_at=120)
    await store.save([RAISED, past], {})
    assert await store.load() == ({3: RAISED}, 5)
    seen = replace(RAISED, acknowledged_at=130, acknowledged_by="sam")
    await store.save([seen], {})
    assert await store.load() == ({3: seen}, 5)


async def test_hooks_are_told_once_each(database: Database) -> None:
    store, cleared = AlertStore(database), replace(RAISED, cleared_at=200)
    await store.save([RAISED], WANTED)
    await store.save([replace(RAISED, acknowledged_by="sam", acknowledged_at=150)], WANTED)
    await store.save([cleared], WANTED)
    await store.save([cleared], WANTED)
    assert await kinds(database) == [("alert-3-raised-crm", "alert.raised"), ("alert-3-cleared-crm", "alert.cleared")]
    (_, first) = await Deliveries(database).page(10)
    assert json.loads(first.body) == {
        "id": "alert-3-raised",
        "kind": "alert.raised",
        "at": 100,
        "alert_id": 3,
        "alert": "backlog",
        "subject_kind": "queue",
        "subject": "orders",
        "detail": {"waiting": 60},
    }


async def test_one_that_was_over_before_it_could_be_kept_is_told_whole(database: Database) -> None:
    await AlertStore(database).save([replace(RAISED, cleared_at=200)], WANTED)
    assert [kind for _, kind in await kinds(database)] == ["alert.raised", "alert.cleared"]


async def test_pages_and_whom_they_concern(database: Database) -> None:
    store = AlertStore(database)
    names = [("queue", "orders"), ("queue", "vip"), ("agent", "anna"), ("channel", "line")]
    await store.save([replace(RAISED, id=n, subject_kind=k, subject=s) for n, (k, s) in enumerate(names, 1)], {})
    await store.save([replace(RAISED, id=1, cleared_at=9)], {})
    assert [each.id for each in await store.page(10)] == [4, 3, 2, 1]
    assert [each.id for each in await store.page(1, before=3)] == [2]
    assert [each.id for each in await store.page(10, open_only=True)] == [4, 3, 2]
    reach = {"queue": {"orders"}, "agent": {"anna"}, "channel": frozenset[str]()}
    assert [each.id for each in await store.page(10, of=reach)] == [3, 1]
