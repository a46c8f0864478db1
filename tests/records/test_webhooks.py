"""From the journal to deliveries: what each hook is told, once, from when it was made known."""

from dataclasses import replace

import msgspec

from records.database import Database
from records.webhooks import KINDS, Deliveries, DeliveryBefore, WebhookOutbox, told
from router.commands import Refuse
from router.events import WorkQueued
from router.vocabulary import Medium
from tests.records.turns import START, handled_call, turn

ALL = {"crm": frozenset(KINDS)}


def test_a_call_tells_its_course() -> None:
    kinds = [kind for entry in handled_call() for kind, _ in told(entry)]
    assert [kind for kind in kinds if kind != "agent.presence"][:3] == [
        "interaction.opened",
        "work.queued",
        "work.offered",
    ]
    assert set(kinds) <= set(KINDS)
    assert kinds.index("work.accepted") < kinds.index("work.connected") < kinds.index("work.closed")


def test_what_was_refused_is_not_told() -> None:
    assert list(told(turn(1, 1, WorkQueued("w1", "i1", Medium.CHAT, "x"), Refuse("unknown_queue", "")))) == []


async def test_each_entry_gives_its_deliveries_once(database: Database) -> None:
    hooks = {"crm": frozenset({"work.queued"}), "bi": frozenset({"work.queued", "interaction.closed"})}
    outbox = WebhookOutbox(database, hooks)
    await outbox.begin(0)
    entries = handled_call()
    assert await outbox.apply(entries) == entries[-1].sequence
    assert await outbox.apply(entries) == await outbox.position() == entries[-1].sequence
    found = await Deliveries(database).due(START * 2, 99)
    assert [(each.hook, each.kind) for each in found] == [
        ("bi", "work.queued"),
        ("crm", "work.queued"),
        ("bi", "interaction.closed"),
    ]
    body = msgspec.json.decode(found[0].body)
    assert body["kind"] == "work.queued"
    assert (body["interaction_id"], body["work_id"], body["queue"]) == ("i1", "w1", "orders")


async def test_new_hooks_are_told_from_now_on(database: Database) -> None:
    entries = handled_call()
    await WebhookOutbox(database, {}).begin(5)
    outbox = WebhookOutbox(database, ALL)
    await outbox.begin(entries[3].sequence)
    assert await outbox.position() == entries[3].sequence
    await WebhookOutbox(database, {}).begin(9)
    assert await outbox.position() == 0


async def test_the_queue_and_the_log(database: Database) -> None:
    outbox, deliveries = WebhookOutbox(database, ALL), Deliveries(database)
    await outbox.begin(0)
    await outbox.apply(handled_call())
    assert await deliveries.due(START - 1, 9) == ()
    first, second, *_ = await deliveries.due(START * 2, 99)
    assert await deliveries.next_due() == first.due_at
    await deliveries.keep(replace(first, attempts=1, state="delivered", status=204, finished_at=START))
    await deliveries.keep(replace(second, attempts=1, due_at=START * 3, error="refused"))
    left = await deliveries.due(START * 2, 99)
    assert not {first.id, second.id} & {each.id for each in left}
    (done,) = await deliveries.page(9, state="delivered")
    assert (done.id, done.status) == (first.id, 204)
    pages = await deliveries.page(2)
    rest = await deliveries.page(99, DeliveryBefore(pages[-1].created_at, pages[-1].id))
    assert len({each.id for each in (*pages, *rest)}) == len(pages) + len(rest) == len(left) + 2
    assert await deliveries.page(9, hook="nobody") == ()
    assert await deliveries.forget(START * 2) == 1
