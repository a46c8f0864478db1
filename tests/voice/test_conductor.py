"""Whole calls over real SIP and RTP: who is told what, and that nothing is left whatever happens."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from router import events as facts
from router.commands import JoinLegs
from router.policy import Exit, Ring
from router.vocabulary import Medium, OfferState, WithdrawReason
from sip import events as sip
from tests.media.phones import strength
from tests.server.house import House, built
from tests.server.sites import ORDERS, SECOND
from tests.waiting import until
from voice.asked import HoldAsked
from voice.events import DigitPressed


async def test_caller_and_browser_agent_talk_and_the_agent_hangs_up(house: House) -> None:
    call, reservation = await house.talking()
    caller = next(leg for leg in house.engine.leg_ids if leg.startswith("caller:"))
    browser = next(leg for leg in house.engine.leg_ids if leg.startswith("browser:"))
    assert list(house.engine.rooms.values()) == [{(caller, browser): 1.0, (browser, caller): 1.0}]
    assert await house.desk.hang_up("anna", reservation) is None
    assert (await house.outside.wait(sip.CallEnded, call)).by == "remote"
    await house.reach_state(reservation, OfferState.WRAP_UP)
    await house.empty()
    assert house.outcomes == ["handled"]


async def test_they_hear_each_other(house: House) -> None:
    far = await house.speaker_port()
    house.engine.far_port = far.port
    far.frequency = 600.0
    await house.talking()
    caller = next(phone for phone in house.rtp if phone is not far)
    for phone, leg in ((caller, "caller:"), (far, "browser:")):
        leg_id = next(name for name in house.engine.leg_ids if name.startswith(leg))
        phone.peer = ("127.0.0.1", house.engine._legs[leg_id].transport.port)  # type: ignore[union-attr]
        phone.talk()
    for phone, tone, other in ((caller, 600.0, 440.0), (far, 440.0, 600.0)):
        heard = phone.heard
        await until(lambda heard=heard: len(heard) > 60)
        assert strength(phone.audio(25), tone) > 3000
        assert strength(phone.audio(25), other) < 300


async def test_only_published_entries_are_reached(house: House) -> None:
    call = await house.dial("500")
    assert (await house.outside.wait(sip.CallFailed, call)).code == 404
    assert house.turns == [turn for turn in house.turns if not isinstance(turn.event, facts.InteractionOpened)]
    await house.empty()


async def test_no_call_is_taken_beyond_the_limit(house: House) -> None:
    object.__setattr__(house.conductor.site, "max_calls", 1)
    first = await house.in_menu()
    second = await house.dial()
    assert (await house.outside.wait(sip.CallFailed, second)).code == 503
    house.outside.ua.hangup(first)
    await house.empty()


async def test_closing_refuses_new_calls_and_hangs_up_the_others(house: House) -> None:
    call = await house.queued()
    house.conductor.close()
    assert (await house.outside.wait(sip.CallEnded, call)).by == "remote"
    late = await house.dial()
    assert (await house.outside.wait(sip.CallFailed, late)).code == 503
    await house.empty()
    assert house.outcomes == ["abandoned"]


async def test_a_caller_who_is_moved_to_another_queue_hears_its_music(tmp_path: Path) -> None:
    returns = replace(ORDERS, name="returns", music="tone/beep")
    async with built(tmp_path, more_queues=[returns]) as house:
        await house.queued()
        await until(lambda: house.engine.played[-1] == ("music/hold.wav",), "music")
        await until(lambda: bool(house.told(facts.WorkQueued)), "the commit")
        (queued,) = house.told(facts.WorkQueued)
        work = queued.work_id
        assert queued.attributes == (("channel", "line"), ("entry", "400"), ("language", "en"))
        await house.pump.post(facts.WorkMoved(work, "returns", "sam"), "test")
        await until(lambda: house.engine.played[-1] == ("tone/beep.wav",), "the other music")


async def with_rules(house: House, **rules: Any) -> None:
    """The queue's rules become others while calls wait."""
    before = house.pump.dispatcher.policy
    queue = replace(before.queues["orders"], **rules)
    policy = replace(before, version=f"{before.version}+", queues={**before.queues, "orders": queue})
    await house.pump.post(facts.PolicyChanged(policy), "test")


async def test_a_caller_whom_a_rule_diverts_goes_through_that_flow_and_may_queue_again(house: House) -> None:
    await house.queued()
    await with_rules(house, rings=(Ring(0, exit=Exit(divert="main")),))
    await until(lambda: house.noted("menu") == 2, "the menu again")
    assert house.pump.dispatcher.open_work() == 0
    await with_rules(house, rings=())
    (runner,) = house.conductor._by_interaction.values()
    runner.tell(DigitPressed("1"))
    await until(lambda: house.pump.dispatcher.open_work() == 1, "the queue again")
    runner.hang_up("enough")
    await house.empty()
    assert house.outcomes == ["abandoned"]


async def test_a_caller_who_is_diverted_to_a_flow_that_is_gone_is_hung_up(house: House) -> None:
    call = await house.queued()
    await with_rules(house, rings=(Ring(0, exit=Exit(divert="nothing")),))
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()


async def test_a_callback_that_nobody_can_place_is_told_to_the_router(house: House) -> None:
    await with_rules(house, callback_attempts=1)
    await house.ready()
    await house.pump.post(facts.WorkQueued("back", "back", Medium.VOICE, "orders", callback=True), "test")
    offer = await house.offer()
    assert offer.callback
    await house.desk.accept("anna", offer.reservation_id)
    await until(lambda: house.pump.dispatcher.open_work() == 0, "the end of the callback")
    (failed,) = house.told(facts.CallbackFailed)
    assert failed == facts.CallbackFailed(offer.reservation_id, "no_way_to_call")


async def test_an_offer_that_accepts_itself_joins_a_browser_at_once(house: House) -> None:
    await house.ready()
    await with_rules(house, auto_accept=True)
    call = await house.queued()
    offer = await house.offer()
    assert offer.auto_accept
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await until(lambda: house.state(offer.reservation_id) is OfferState.WRAP_UP)


async def test_digits_reach_the_menu_by_rtp_too_and_the_agent_sends_some(house: House) -> None:
    call = await house.in_menu()
    caller = next(leg for leg in house.engine.leg_ids if leg.startswith("caller:"))
    house.conductor.leg_digit(caller, "1")
    await until(lambda: house.pump.dispatcher.open_work() == 1)
    await house.ready()
    offer = await house.offer()
    await house.desk.accept("anna", offer.reservation_id)
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    assert await house.desk.send_digit("anna", offer.reservation_id, "5") is None
    await until(lambda: house.rtp[0].digits_heard() == "5")
    assert not await house.conductor.send_digits("nothing", "5")
    denied = await house.conductor.ask("nothing", HoldAsked("", on=True))
    assert denied is not None
    assert denied.code == "not_connected"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_an_expired_offer_keeps_the_callers_place(tmp_path: Path) -> None:
    async with built(tmp_path, offer_timeout_us=SECOND // 10) as house:
        await house.ready()
        call = await house.queued()
        offer = await house.offer()
        await until(lambda: bool(house.hub.of(m.OfferWithdrawn)))
        assert house.hub.of(m.OfferWithdrawn)[0].reason is WithdrawReason.EXPIRED
        assert house.pump.dispatcher.place(offer.interaction_id) == 1
        house.outside.ua.hangup(call)
        await house.empty()


async def test_work_that_the_system_cancels_hangs_up(house: House) -> None:
    call = await house.queued()
    house.pump.tell(facts.NodeLost("n1.1"), "test")
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()
    assert house.outcomes == ["failed"]


async def test_late_words_about_unknown_calls_and_legs_are_harmless(house: House) -> None:
    conductor = house.conductor
    conductor.call_confirmed("x", None)
    conductor.call_answered("x", b"")
    conductor.call_failed("x", 486, "busy")
    conductor.call_ended("x", "bye")
    conductor.digit_pressed("x", "1")
    conductor.leg_digit("x", "1")
    conductor.leg_played("x", "ivr-1", "finished")
    conductor.leg_connected("x")
    conductor.leg_failed("x", "worker_lost")
    await until(lambda: not house.calls.names)
    await house.empty()


async def test_a_letter_that_an_agent_of_this_node_takes_is_no_call(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by tests/failure: letters of another node failed for want of a leg, and were handled by several agents."""
    monkeypatch.setattr(house.pump, "here", lambda _work_id: False, raising=False)
    house.conductor.execute(JoinLegs("letter.1", "letter", "i9", "anna"))
    await house.pump.drain()
    assert house.told(facts.AssignmentFailed) == []
