"""What agents are shown of committed turns: in which order, once, and at the right moment."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from router import events as facts
from router.vocabulary import OfferState, WithdrawReason
from tests.server.house import House, built, code
from tests.server.sites import SECOND
from tests.waiting import until


async def test_a_slow_past_does_not_turn_the_order_of_messages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()

    async def slow(*_: object) -> str:
        await gate.wait()
        raise OSError("no database")

    monkeypatch.setattr(house.contexts._meetings, "before", slow)
    call, reservation = await house.talking()
    await house.said("assignment:connected")
    house.outside.ua.hangup(call)
    await house.said("WrapUp")
    gate.set()
    await until(lambda: bool(house.failed))
    house.failed.clear()
    await house.desk.finish_wrap_up("anna", reservation, "sold", None)
    await house.empty()
    words = [word for word in house.hub.words() if word != "Offer"]
    assert words == ["assignment:accepted", "assignment:connected", "assignment:ended", "WrapUp", "WrapUpEnded"]


@pytest.fixture
def slow_past(house: House, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Who calls from here on is looked up when this is set."""
    gate, before = asyncio.Event(), house.contexts._meetings.before

    async def slow(*who: Any) -> Any:
        await gate.wait()
        return await before(*who)

    monkeypatch.setattr(house.contexts._meetings, "before", slow)
    return gate


async def again(house: House, slow_past: asyncio.Event) -> str:
    """A caller who was sold something calls again, and nobody knows who it is yet."""
    slow_past.set()
    call, reservation = await house.talking()
    house.outside.ua.hangup(call)
    await house.said("WrapUp")
    assert await house.desk.finish_wrap_up("anna", reservation, "sold", None) is None
    await house.projection.drained()
    await until(lambda: not any(name.startswith("identify:") for name in house.tasks.names))
    slow_past.clear()
    return await house.queued()


async def test_a_past_that_is_late_follows_its_offer(house: House, slow_past: asyncio.Event) -> None:
    call = await again(house, slow_past)
    reservation = (await house.offer(count=2)).reservation_id
    await house.said("Offer")
    assert house.hub.of(m.Offer)[-1].history == ()
    slow_past.set()
    await house.said("Past")
    (past,) = house.hub.of(m.Past)
    assert (past.reservation_id, [each.disposition for each in past.history]) == (reservation, ["sold"])
    house.outside.ua.hangup(call)
    await house.empty()


async def test_of_an_offer_that_is_over_no_past_is_told(house: House, slow_past: asyncio.Event) -> None:
    call = await again(house, slow_past)
    await house.offer(count=2)
    await house.said("Offer")
    house.outside.ua.hangup(call)
    await house.said("OfferWithdrawn")
    slow_past.set()
    await house.empty()
    assert house.hub.of(m.Past) == []


async def test_a_wrap_up_ends_at_its_deadline(tmp_path: Path) -> None:
    async with built(tmp_path, wrap_up_us=SECOND // 20) as house:
        call, reservation = await house.talking()
        house.outside.ua.hangup(call)
        await house.said("WrapUpEnded")
        assert house.hub.of(m.WrapUpEnded)[0].disposition is None
        assert code(await house.desk.finish_wrap_up("anna", reservation, "sold", "too late")) == "wrap_up_over"
        await house.empty()


async def test_a_caller_who_leaves_before_the_join_takes_the_card_away(house: House) -> None:
    await house.ready()
    house.engine.hold["set_room"] = asyncio.Event()
    call = await house.queued()
    offer = await house.offer()
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await house.said("assignment:accepted")
    house.pump.tell(facts.CustomerLeft(offer.work_id), "test")
    await house.said("OfferWithdrawn")
    house.engine.hold.pop("set_room").set()
    house.outside.ua.hangup(call)
    await house.empty()


async def test_an_offer_that_accepts_itself_is_shown_as_taken(tmp_path: Path) -> None:
    async with built(tmp_path, auto_accept=True) as house:
        await house.ready()
        call = await house.queued()
        await house.said("assignment:connected")
        assert house.hub.words() == ["assignment:accepted", "assignment:connected"]
        house.outside.ua.hangup(call)
        await house.said("WrapUp")
        assert await house.desk.finish_wrap_up("anna", (await house.offer()).reservation_id, "sold", None) is None
        await house.empty()


async def test_an_offer_that_was_rejected_goes_and_comes_to_others(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    await until(lambda: bool(house.hub.of(m.Offer)))
    assert await house.desk.reject("anna", offer.reservation_id, "lunch") is None
    assert house.hub.of(m.OfferWithdrawn)[0].reason is WithdrawReason.REJECTED
    assert code(await house.desk.accept("anna", offer.reservation_id)) == "offer_over"
    assert code(await house.desk.reject("anna", offer.reservation_id, None)) == "offer_over"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_connected_is_shown_once_however_often_it_is_said(house: House) -> None:
    """By a chat that is taken up again, by work of a program after a restart: said twice is said once."""
    _, reservation = await house.talking()
    await house.said("assignment:connected")
    await house.pump.post(facts.AssignmentConnected(reservation), "test")
    await house.pump.drain()
    assert house.hub.words()[-2:] == ["assignment:accepted", "assignment:connected"]
    assert house.hub.words().count("assignment:connected") == 1


async def test_a_context_that_comes_late_does_not_double_the_card(house: House) -> None:
    await house.ready()
    await house.queued()
    offer = await house.offer()
    await house.said("Offer")
    find, there = house.contexts._read_back, asyncio.Event()

    async def slow(interaction_id: str) -> Any:
        await there.wait()
        return await find(interaction_id)

    house.contexts._read_back = slow  # type: ignore[method-assign]
    house.contexts.drop(offer.interaction_id)
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    await house.pump.drain()
    there.set()
    await house.said("assignment:connected")
    await until(lambda: not any(name.startswith("show:") for name in house.tasks.names), "both cards were made")
    assert house.hub.words() == ["Offer", "assignment:connected"]


async def test_asking_for_a_context_of_closed_work_leaves_none_behind(house: House) -> None:
    """After a restart contexts are read back from SQL: also for work that is closed in that very moment."""
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    await until(lambda: house.contexts.cached(offer.interaction_id) is not None)
    house.contexts.drop(offer.interaction_id)
    house.pump.tell(facts.OfferAccepted(offer.reservation_id, "anna"), "test")
    house.pump.tell(facts.CustomerLeft(offer.work_id), "test")
    house.outside.ua.hangup(call)
    await house.empty()


async def test_while_the_store_is_away_nobody_is_told_that_it_is_done(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    gate = asyncio.Event()
    commit = house.owner.commit

    async def away(turns: Any, inbox: Any = ()) -> None:
        await gate.wait()
        await commit(turns, inbox)

    house.commit_by(away)
    accepting = asyncio.create_task(house.desk.accept("anna", offer.reservation_id))
    await until(lambda: house.state(offer.reservation_id) is OfferState.ACCEPTED)
    assert not accepting.done()
    assert house.hub.of(m.Assignment) == []
    gate.set()
    assert await accepting is None
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_work_without_wrap_up_leaves_nothing(tmp_path: Path) -> None:
    async with built(tmp_path, wrap_up_us=0) as house:
        call, _ = await house.talking()
        house.outside.ua.hangup(call)
        await house.said("WrapUpEnded")
        await house.empty()
        assert set(house.hub.words()[-2:]) == {"OfferWithdrawn", "WrapUpEnded"}, "nothing comes after them"
