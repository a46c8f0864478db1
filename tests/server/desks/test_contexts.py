"""What is known of each live interaction, and that it goes when the interaction does."""

import asyncio
from typing import Any

import pytest

from records import together
from records.customers import Customers
from records.database import Database
from records.interactions import Interactions
from records.meetings import Meetings
from records.notes import Notes
from records.projector import Projector
from server.desks import contexts as module
from server.desks.contexts import InteractionContexts
from server.tasks import TaskOwner
from tests.records.turns import handled_call, opened, turn
from tests.waiting import until


class Rig:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.tasks = TaskOwner()
        self.notes = Notes(database)
        self.customers = Customers(database)
        self.meetings = Meetings(database)
        self.contexts = InteractionContexts(
            self.customers, Interactions(database), self.meetings, self.tasks, lambda: 1_000
        )

    async def known(self, interaction_id: str) -> None:
        self.contexts.opened(interaction_id, "line", "0755123", "Cai")
        await until(
            lambda: (context := self.contexts.cached(interaction_id)) and context.kept and context.kept.is_set()
        )


@pytest.fixture
def rig(database: Database) -> Rig:
    return Rig(database)


async def test_a_caller_is_here_at_once_and_complete_when_identified(rig: Rig) -> None:
    rig.contexts.opened("i1", "line", "0755123", "Cai")
    assert rig.contexts.caller("i1") == ("0755123", "Cai")
    assert rig.contexts.cached("i1") is None
    context = await rig.contexts.get("i1")
    assert rig.contexts.cached("i1") is context
    assert (context.channel, context.caller, context.history) == ("line", "0755123", ())
    assert rig.contexts.caller("nobody") == ("", "")


async def test_earlier_interactions_come_newest_first_with_their_note_and_without_this_one(rig: Rig) -> None:
    await rig.known("i1")
    await Projector(rig.database).apply([*handled_call(), turn(15, 200, opened("i3")), turn(16, 300, opened("i4"))])
    await rig.known("i3")
    await rig.notes.add("i1", "anna", "first", 1)
    await rig.notes.add("i1", "anna", "wants a call back", 2)
    await rig.known("i4")
    context = await rig.contexts.get("i4")
    assert [(one.record.id, one.note) for one in context.history] == [("i3", None), ("i1", "wants a call back")]


async def test_what_the_ivr_learnt_is_in_memory_and_in_sql(rig: Rig) -> None:
    await rig.known("i1")
    rig.contexts.collected("i1", {"order": "42"}, ("orders", "status"), "zh")
    context = await rig.contexts.get("i1")
    assert (context.data, context.path, context.language) == ({"order": "42"}, ("orders", "status"), "zh")
    await until(lambda: not rig.tasks.names)
    await Projector(rig.database).apply([turn(1, 0, opened("i1"))])
    view = await Interactions(rig.database).view("i1")
    assert view is not None
    assert view.data == {"order": "42", "ivr_path": "orders > status"}


async def test_a_number_that_is_asked_for_when_all_is_over_is_found_and_keeps_nothing_here(rig: Rig) -> None:
    await Projector(rig.database).apply(handled_call())
    await rig.known("i1")
    rig.contexts.closed("i1")
    assert await rig.contexts.who("i1", "w1") == ("0755123", "")
    assert await rig.contexts.number("i1") == "0755123"
    assert len(rig.contexts) == 0


async def test_it_goes_with_the_call_when_the_router_never_had_it(rig: Rig) -> None:
    await rig.known("i1")
    rig.contexts.collected("i1", {"order": "42"}, (), "en")
    rig.contexts.closed("i1")
    assert len(rig.contexts) == 0
    rig.contexts.closed("i1")
    rig.contexts.collected("i1", {}, (), "en")
    rig.contexts.queued("i1")
    assert len(rig.contexts) == 0
    await until(lambda: not rig.tasks.names)


async def test_it_stays_for_the_agent_until_the_router_closes_the_work(rig: Rig) -> None:
    await rig.known("i1")
    rig.contexts.queued("i1")
    rig.contexts.closed("i1")
    assert len(rig.contexts) == 1
    rig.contexts.drop("i1")
    assert len(rig.contexts) == 0


async def test_after_a_restart_it_is_read_back(rig: Rig) -> None:
    await rig.known("i1")
    rig.contexts.collected("i1", {"order": "42"}, ("orders",), "en")
    await until(lambda: not rig.tasks.names)
    await Projector(rig.database).apply([turn(1, 0, opened("i1")), turn(2, 9, opened("i2"))])
    again = Rig(rig.database)
    assert again.contexts.cached("i1") is None
    context = await again.contexts.get("i1")
    assert (context.channel, context.caller) == ("line-400", "0755123")
    assert (context.data, context.path) == ({"order": "42"}, ("orders",))
    assert again.contexts.cached("i1") is context


async def test_nothing_known_gives_an_empty_context(rig: Rig) -> None:
    context = await rig.contexts.get("never")
    assert (context.caller, context.channel, context.data, context.history) == ("", "", {}, ())


async def test_an_offer_does_not_wait_for_a_slow_past(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READY_TIMEOUT_S", 0.02)
    gate = asyncio.Event()
    before = rig.meetings.before

    async def slow(*who: Any) -> Any:
        await gate.wait()
        return await before(*who)

    monkeypatch.setattr(rig.meetings, "before", slow)
    rig.contexts.opened("i1", "line", "0755123", "Cai")
    context = await asyncio.wait_for(rig.contexts.get("i1"), 30)
    assert context.caller == "0755123"
    assert rig.contexts.cached("i1") is None
    gate.set()
    await until(lambda: rig.contexts.cached("i1") is context)


async def test_a_database_that_fails_does_not_hold_the_context_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> str:
        raise OSError("no database")

    monkeypatch.setattr(rig.meetings, "before", broken)
    rig.contexts.opened("i1", "line", "0755123", "Cai")
    await until(lambda: rig.contexts.cached("i1") is not None)
    assert rig.tasks.failures == 1


async def test_an_anonymous_caller_makes_no_customer(rig: Rig) -> None:
    rig.contexts.opened("i1", "line", "", "")
    context = await rig.contexts.get("i1")
    assert context.history == ()


async def test_who_talked_with_them_last_is_known_where_the_queue_asks_for_it(rig: Rig) -> None:
    await rig.known("i1")
    await Projector(rig.database).apply(handled_call())
    rig.contexts.opened("i2", "line", "0755123", "Cai")
    assert await rig.contexts.acquainted("i2", "orders") == ()
    rig.contexts.prefers = lambda queue: queue == "orders"
    (agent,) = await rig.contexts.acquainted("i2", "orders")
    assert agent == (await rig.contexts.get("i2")).history[0].record.agent_id
    assert await rig.contexts.acquainted("i2", "other") == ()


async def test_whom_another_shard_promised_to_call_is_kept_before_the_item_comes(rig: Rig) -> None:
    context = module.InteractionContext("i1", "line", "0755123", "Cai", path=("main",), data={"order": "7"})
    await rig.contexts.promised(context)
    assert rig.contexts.cached("i1") is context
    assert not len(rig.tasks), "nothing is left to do"
    rig.contexts.closed("i1")
    await Projector(rig.database).apply([turn(1, 0, opened("i1"))])
    again = await rig.contexts.get("i1")
    assert (again.number, again.data, again.path) == ("0755123", {"order": "7"}, ("main",))


async def test_who_would_be_called_back_is_queued_once_their_number_is_kept(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, attach = asyncio.Event(), rig.meetings.attach_soon

    async def slow(*who: Any) -> Any:
        await gate.wait()
        return await attach(*who)

    monkeypatch.setattr(rig.meetings, "attach_soon", slow)
    monkeypatch.setattr(module, "KEPT_TIMEOUT_S", 30.0)
    rig.contexts.calls_back = lambda queue: queue == "orders"
    rig.contexts.opened("i1", "line", "0755123", "Cai")
    assert await rig.contexts.acquainted("i1", "other") == ()
    asked = asyncio.create_task(rig.contexts.acquainted("i1", "orders"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not asked.done()
    gate.set()
    assert await asyncio.wait_for(asked, 30) == ()
    assert rig.contexts.cached("i1") is not None


async def test_what_was_before_is_here_before_it_is_kept_who_it_is(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.known("i1")
    await until(lambda: not rig.tasks.names)
    await Projector(rig.database).apply([turn(1, 0, opened("i1"))])
    monkeypatch.setattr(together, "GATHER_S", 3_600)
    rig.contexts.opened("i2", "line", "0755123", "Cai")
    assert [one.record.id for one in (await rig.contexts.get("i2")).history] == ["i1"]
    assert rig.tasks.names == ["identify:i2"], "it is kept later on"
    # Who would be called back is waited for, and waits for no others.
    monkeypatch.setattr(module, "KEPT_TIMEOUT_S", 3_600)
    rig.contexts.calls_back = lambda _queue: True
    rig.contexts.opened("i3", "line", "0755124", "Dee")
    await asyncio.wait_for(rig.contexts.acquainted("i3", "orders"), 30)
    await until(lambda: not rig.tasks.names)
    assert await rig.customers.find("0755124")


async def test_a_slow_database_holds_nobody_back_for_long(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_who: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(rig.meetings, "attach_soon", never)
    monkeypatch.setattr(module, "KEPT_TIMEOUT_S", 0.02)
    rig.contexts.calls_back = lambda _queue: True
    rig.contexts.opened("i1", "line", "0755123", "Cai")
    assert await asyncio.wait_for(rig.contexts.acquainted("i1", "orders"), 30) == ()
