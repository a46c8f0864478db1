"""Callers whose node is gone: who is called back, at which place, and who is not."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from records.meetings import Meetings
from router import events as facts
from router.vocabulary import Medium, Outcome
from server.calls.lost_calls import LostCalls
from server.current import CurrentSite
from tests.server.house import House, built
from tests.waiting import until


class Rig:
    def __init__(self, house: House, rule: str) -> None:
        self.house = house
        queue = replace(house.site.queues["orders"], when_node_lost=rule)
        site = replace(house.site, queues={**house.site.queues, "orders": queue})
        self.lost = LostCalls(
            house.pump,
            CurrentSite(site),
            house.contexts,
            house.interactions,
            lambda number: number.startswith("0755"),
            "n1.1",
        )

    async def called(self, of: str) -> str:
        """A caller of another node who waits; returns the interaction."""
        node, house = "n2.1", self.house
        house.contexts.opened(of, "line", "0755100" if of != "abroad" else "0039", "Cai")
        house.contexts.collected(of, {"order": "A-7"}, ("orders",), "zh-CN")
        await house.pump.post(facts.InteractionOpened(of, "line", Medium.VOICE, "400", node), "test")
        queued = facts.WorkQueued(of, of, Medium.VOICE, "orders", priority=3, node=node)
        await house.pump.post(queued, "test")
        return of

    @property
    def again(self) -> list[facts.WorkQueued]:
        return [event for event in self.house.told(facts.WorkQueued) if event.callback]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made


async def test_who_waited_is_called_back_at_the_same_place(house: House) -> None:
    rig = Rig(house, "call_back")
    await rig.called("one")
    first = house.pump.dispatcher.work("one")
    assert first is not None
    await house.pump.post(facts.WorkQueued("late", "late", Medium.VOICE, "orders", priority=3, node="n1.1"), "test")
    assert await rig.lost.call_back("n2.1") == 1
    await house.pump.post(facts.NodeLost("n2.1"), "test")
    assert await rig.lost.call_back("n2.1") == 0
    (again,) = rig.again
    assert (again.interaction_id, again.queue, again.priority, again.node) == ("one-again", "orders", 3, "n1.1")
    assert (again.since, again.not_before) == (first.queued_at, None)
    assert house.pump.place("one-again") == 1
    assert house.pump.place("late") == 2
    context = await house.contexts.get("one-again")
    assert (context.number, context.caller_name, context.data) == ("0755100", "Cai", {"order": "A-7"})
    noted = [event for event in house.told(facts.InteractionNoted) if event.interaction_id == "one-again"]
    assert [(event.kind, event.detail) for event in noted] == [("callback_of", (("of", "one"),))]
    closed = [command for turn in house.turns for command in turn.commands if getattr(command, "outcome", None)]
    assert [(command.work_id, command.outcome) for command in closed] == [("one", Outcome.NODE_LOST)]  # type: ignore[union-attr]


async def test_their_number_is_in_sql_before_they_are_queued(house: House) -> None:
    """Whoever queued them may be gone a moment later."""
    rig = Rig(house, "call_back")
    await rig.called("one")
    kept: list[list[str]] = []
    tell = house.pump.tell

    def told(event: facts.Event, cause: str) -> None:
        if isinstance(event, facts.WorkQueued):
            with closing(sqlite3.connect(house.database.engine.url.database or "")) as database:
                query = "SELECT value FROM identities JOIN interaction_customers USING (customer_id)"
                where = " WHERE interaction_id = 'one-again'"
                kept.append([value for (value,) in database.execute(query + where)])
        tell(event, cause)

    house.pump.tell = told  # type: ignore[method-assign]
    assert await rig.lost.call_back("n2.1") == 1
    assert kept == [["0755100"]]


async def test_who_did_not_see_it_through_does_it_again_and_nobody_is_called_twice(house: House) -> None:
    rig = Rig(house, "call_back")
    await rig.called("one")
    assert await rig.lost.call_back("n2.1") == 1
    assert await rig.lost.call_back("n2.1") == 0
    await house.pump.post(facts.WorkCancelled("one-again", "sam"), "test")
    await house.pump.post(facts.InteractionClosed("one-again", "cancelled"), "test")
    await house.pump.drain()
    await until(lambda: house.pump.dispatcher.work("one-again") is None, "it is over")
    while await house.interactions.view("one-again") is None:
        await house.pump.drain()
    assert await rig.lost.call_back("n2.1") == 0


async def test_a_caller_who_was_looked_up_too_soon_is_called_all_the_same(house: House) -> None:
    rig = Rig(house, "call_back")
    assert not (await house.contexts.get("one")).number, "an agent of this node had the offer before SQL had the caller"
    await Meetings(house.database).meet("one", "phone", "0755100", False, 1, 5)
    await house.pump.post(facts.InteractionOpened("one", "line", Medium.VOICE, "400", "n2.1"), "test")
    await house.pump.post(facts.WorkQueued("one", "one", Medium.VOICE, "orders", node="n2.1"), "test")
    assert await rig.lost.call_back("n2.1") == 1
    assert await house.contexts.number("one-again") == "0755100"


async def test_who_is_not_called(house: House) -> None:
    rig = Rig(house, "call_back")
    await rig.called("abroad")
    await house.pump.post(facts.WorkQueued("chat", "chat", Medium.CHAT, "orders", node="n2.1"), "test")
    await house.pump.post(facts.WorkQueued("other", "other", Medium.VOICE, "orders", node="n3.1"), "test")
    await house.pump.post(facts.WorkQueued("cb", "cb", Medium.VOICE, "orders", node="n2.1", callback=True), "test")
    assert await rig.lost.call_back("n2.1") == 0
    await rig.called("one")
    assert await Rig(house, "end").lost.call_back("n2.1") == 0


async def test_who_is_on_the_line_when_a_node_ends_is_called_by_the_next(house: House) -> None:
    rig = Rig(house, "call_back")
    await house.queued(user="0755123")
    before = house.pump.now()
    assert await rig.lost.hand_over(10_000_000) == 1
    await house.pump.drain()
    (again,) = rig.again
    assert again.node == ""
    assert again.not_before is not None
    assert again.not_before >= before + 10_000_000
