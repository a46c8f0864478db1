"""Whole calls over real SIP and RTP: who is told what, and that nothing is left whatever happens."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents_ws import messages as m
from router import events as facts
from router.policy import Exit, Ring
from router.vocabulary import EndedBy, Medium, OfferState, Presence, WithdrawReason
from sip import events as sip
from tests.media.phones import strength
from tests.server.house import House, built, offer_of, until
from tests.server.sites import ORDERS, SECOND
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
        await until(lambda heard=heard: len(heard) > 60)  # type: ignore[misc]
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


# --- the caller leaves while somebody rings ---------------------------------------------------------------------


async def test_the_caller_leaves_while_an_offer_stands(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    house.outside.ua.hangup(call)
    await until(lambda: bool(house.hub.of(m.OfferWithdrawn)), "withdrawal")
    gone = house.hub.of(m.OfferWithdrawn)[0]
    assert (gone.reservation_id, gone.reason) == (offer.reservation_id, WithdrawReason.ABANDONED)
    await house.empty()
    assert house.outcomes == ["abandoned"]


async def test_the_caller_leaves_while_a_phone_rings(house: House) -> None:
    await house.speaker_port()
    call, ringing = await house.phone_rings()
    house.outside.ua.ring(ringing)
    assert house.conductor.counts["phone_legs"] == 1
    house.outside.ua.hangup(call)
    await house.outside.wait(sip.CallCancelled, ringing)
    await house.empty()
    assert house.outcomes == ["abandoned"]


async def test_a_phone_that_answers_after_the_caller_left_is_hung_up(house: House) -> None:
    far = await house.speaker_port()
    call, ringing = await house.phone_rings()
    # The answer is on its way to our leg while the caller's BYE is already decided.
    house.engine.hold["set_remote"] = asyncio.Event()
    house.outside.ua.answer(ringing, offer_of(far.port))
    await until(lambda: any(asked.startswith("set_remote phone:") for asked in house.engine.asked))
    house.outside.ua.hangup(call)
    await until(lambda: house.pump.dispatcher.open_work() == 0)
    house.engine.hold.pop("set_remote").set()
    assert (await house.outside.wait(sip.CallEnded, ringing)).by == "remote"
    await house.empty()
    assert house.outcomes == ["abandoned"]
    assert house.told(facts.AssignmentConnected) == []


# --- a desk phone -----------------------------------------------------------------------------------------------


async def test_a_desk_phone_answers_and_hangs_up(house: House) -> None:
    await house.speaker_port()
    call, ringing = await house.phone_rings(answer=200)
    await house.outside.wait(sip.CallConfirmed, ringing)
    offer = await house.offer("ben")
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    assert len(house.engine.rooms) == 1
    invite = house.outside.seen(sip.CallReceived)[0]
    assert (invite.from_user, invite.from_display) == ("0755123", "Cai")
    house.outside.ua.hangup(ringing)
    await house.outside.wait(sip.CallEnded, call)
    await house.reach_state(offer.reservation_id, OfferState.WRAP_UP)
    assert house.told(facts.AssignmentEnded)[0].by is EndedBy.AGENT
    await house.empty()
    assert house.outcomes == ["handled"]


async def test_the_caller_hangs_up_on_a_desk_phone(house: House) -> None:
    await house.speaker_port()
    call, ringing = await house.phone_rings(answer=200)
    offer = await house.offer("ben")
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await house.outside.wait(sip.CallEnded, ringing)
    await house.reach_state(offer.reservation_id, OfferState.WRAP_UP)
    await house.empty()


async def test_a_declined_phone_is_a_rejected_offer(house: House) -> None:
    await house.speaker_port()
    call, _ = await house.phone_rings(answer=603)
    await until(lambda: bool(house.told(facts.OfferRejected)))
    await until(lambda: bool(house.hub.of(m.OfferWithdrawn, "ben")))
    assert house.hub.of(m.OfferWithdrawn, "ben")[0].reason is WithdrawReason.REJECTED
    row = house.pump.dispatcher.agent("ben")
    assert row is not None
    assert row.presence is Presence.READY, "declining one caller is no reason to be set not-ready"
    assert house.pump.dispatcher.open_work() == 1
    house.outside.ua.hangup(call)
    await house.empty()


@pytest.mark.parametrize("code", [486, 480, 500])
async def test_a_busy_phone_gives_the_caller_back_and_the_agent_is_not_ready(house: House, code: int) -> None:
    await house.speaker_port()
    call, _ = await house.phone_rings(answer=code)
    await until(lambda: bool(house.told(facts.OfferFailed)))
    assert house.told(facts.OfferFailed)[0].reason == f"sip_{code}"
    row = house.pump.dispatcher.agent("ben")
    assert row is not None
    assert (row.presence, row.reason) == (Presence.NOT_READY, "leg_failed")
    assert house.conductor.counts["phone_legs"] == 0
    await house.ready("anna")
    offer = await house.offer("anna")
    assert offer.attempt == 2
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_phone_that_is_not_registered_any_more_fails_the_offer(tmp_path: Path) -> None:
    from tests.server.sites import agent

    async with built(tmp_path, [agent("ben", station="sip", sip_user="2001")]) as house:
        await house.ready("ben")
        call = await house.queued()
        await until(lambda: [e.reason for e in house.told(facts.OfferFailed)] == ["sip_480"])
        house.outside.ua.hangup(call)
        await house.empty()


async def test_a_phone_answer_without_our_codecs_fails_the_offer(house: House) -> None:
    await house.speaker_port()
    call, ringing = await house.phone_rings()
    bad = offer_of(4000).replace(b"RTP/AVP 0 8", b"RTP/AVP 96 97").replace(b"PCM", b"X-")
    house.outside.ua.answer(ringing, bad)
    await until(lambda: [e.reason for e in house.told(facts.OfferFailed)] == ["sip_488"])
    await house.outside.wait(sip.CallEnded, ringing)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_phone_that_leaves_between_accept_and_join_gives_the_caller_back(house: House) -> None:
    await house.speaker_port()
    house.engine.hold["set_room"] = asyncio.Event()
    call, ringing = await house.phone_rings(answer=200)
    offer = await house.offer("ben")
    await house.reach_state(offer.reservation_id, OfferState.ACCEPTED)
    await until(lambda: any(asked.startswith("set_room") for asked in house.engine.asked))
    house.outside.ua.hangup(ringing)
    await house.reach_state(offer.reservation_id, None)
    house.engine.hold.pop("set_room").set()
    await until(lambda: house.pump.dispatcher.place(offer.interaction_id) == 1)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_phone_gone_before_the_join_is_known_leaves_nobody_half_joined(house: House) -> None:
    """The race of the two tasks: BYE of the phone and AssignmentConnected in one turn of the loop."""
    await house.speaker_port()
    call, ringing = await house.phone_rings()
    offer = await house.offer("ben")
    reservation = offer.reservation_id
    phone = house.conductor.legs.all[f"phone:{reservation}"]
    commit = house.owner.commit

    async def slow(turns: object, inbox: str = "") -> None:
        await commit(turns, inbox)  # type: ignore[arg-type]
        if any(isinstance(turn.event, facts.OfferAccepted) for turn in turns):  # type: ignore[attr-defined]
            house.conductor.call_ended(phone.call, "remote")

    house.owner.commit = slow  # type: ignore[method-assign]
    house.outside.ua.answer(ringing, offer_of(house.rtp[0].port))
    await until(lambda: bool(house.told(facts.AssignmentEnded)))
    await until(lambda: house.state(reservation) in (None, OfferState.WRAP_UP))
    house.outside.ua.hangup(call)
    await house.empty()


# --- hold -------------------------------------------------------------------------------------------------------


def sending(house: House, kind: str) -> bool:
    return next(leg.sending for leg in house.engine._legs.values() if leg.leg_id.startswith(kind))


async def test_a_caller_who_holds_gets_an_answer_and_is_not_on_hold_for_the_agent(house: House) -> None:
    call, reservation = await house.talking()
    house.outside.ua.reoffer(call, offer_of(house.rtp[0].port, "sendonly", 1))
    answer = (await house.outside.wait(sip.CallAnswered, call, 2)).sdp
    assert b"a=recvonly" in answer
    assert not sending(house, "caller:")
    house.outside.ua.reoffer(call, offer_of(house.rtp[0].port, "sendrecv", 2))
    answer = (await house.outside.wait(sip.CallAnswered, call, 3)).sdp
    assert b"a=sendrecv" in answer
    assert sending(house, "caller:")
    assert len(house.engine.rooms) == 1
    await house.said("assignment:connected")
    await house.desk.hang_up("anna", reservation)
    await house.empty()


async def test_an_agents_phone_holds_and_resumes(house: House) -> None:
    far = await house.speaker_port()
    call, ringing = await house.phone_rings(answer=200)
    reservation = (await house.offer("ben")).reservation_id
    await house.reach_state(reservation, OfferState.CONNECTED)
    house.outside.ua.reoffer(ringing, offer_of(far.port, "sendonly", 1))
    await house.said("assignment:held", "ben")
    assert not house.engine.rooms
    house.outside.ua.reoffer(ringing, offer_of(far.port, "sendrecv", 2))
    await house.said("assignment:connected", "ben")
    assert len(house.engine.rooms) == 1
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_re_invite_that_cannot_be_done_is_refused_and_changes_nothing(house: House) -> None:
    call, reservation = await house.talking()
    house.outside.ua.reoffer(call, offer_of(4000).replace(b"RTP/AVP 0 8", b"RTP/AVP 96 97").replace(b"PCM", b"X-"))
    assert (await house.outside.wait(sip.OfferRefused, call)).code == 488
    house.engine.fail["set_remote"] = "worker_lost"
    house.outside.ua.reoffer(call, offer_of(house.rtp[0].port, "sendonly", 1))
    await until(lambda: [e.code for e in house.outside.seen(sip.OfferRefused, call)] == [488, 500])
    house.engine.fail.clear()
    house.conductor.offer_received(next(iter(house.conductor._calls)), None)  # wants our offer: not taken
    house.conductor.offer_received("nobody", offer_of(4000))
    await until(lambda: not [name for name in house.calls.names if name.startswith("renegotiate")])
    assert house.state(reservation) is OfferState.CONNECTED
    await house.desk.hang_up("anna", reservation)
    await house.empty()


async def test_the_agents_page_holds_with_music(house: House) -> None:
    call, reservation = await house.talking()
    assert await house.desk.call("anna", m.Hold(ref="h", reservation_id=reservation, on=True)) is None
    await house.said("assignment:held")
    assert not house.engine.rooms
    assert await house.desk.call("anna", m.Hold(ref="h", reservation_id=reservation, on=False)) is None
    await house.said("assignment:connected")
    assert len(house.engine.rooms) == 1
    house.outside.ua.hangup(call)
    await house.empty()


# --- a browser's leg --------------------------------------------------------------------------------------------


def browser_leg(house: House) -> str:
    return next(leg for leg in house.engine.leg_ids if leg.startswith("browser:"))


async def test_a_browser_leg_lost_and_back_joins_again(house: House) -> None:
    call, reservation = await house.talking()
    house.conductor.leg_failed(browser_leg(house), "ice_failed")
    await until(lambda: not house.engine.rooms)
    await until(lambda: house.noted("agent_leg_lost") == 1)
    assert house.hub.of(m.Leg)[-1].state == "none"
    await house.open_leg()
    await until(lambda: len(house.engine.rooms) == 1)
    await until(lambda: house.noted("agent_leg_back") == 1)
    assert house.state(reservation) is OfferState.CONNECTED
    assert len(house.told(facts.AssignmentConnected)) == 1
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_reload_without_a_goodbye_counts_as_lost_until_the_new_leg_is_up(house: House) -> None:
    call, _ = await house.talking()
    old = browser_leg(house)
    assert isinstance(await house.desk.open_leg("anna", "again"), str)
    await until(lambda: house.noted("agent_leg_lost") == 1)
    new = browser_leg(house)
    assert new != old
    house.conductor.leg_connected(new)
    await until(lambda: len(house.engine.rooms) == 1)
    assert any(new in pair for pair in next(iter(house.engine.rooms.values())))
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_hold_does_not_outlive_the_leg(house: House) -> None:
    call, reservation = await house.talking()
    await house.desk.call("anna", m.Hold(ref="h", reservation_id=reservation, on=True))
    await house.said("assignment:held")
    house.conductor.leg_failed(browser_leg(house), "ice_failed")
    await house.said("assignment:connected")
    await house.open_leg()
    await until(lambda: len(house.engine.rooms) == 1)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_caller_whose_agents_leg_is_lost_for_good_waits_again(house: House) -> None:
    call, reservation = await house.talking()
    for plan in house.conductor.site.waits.values():
        object.__setattr__(plan, "lost_agent_grace", 50_000)
    house.conductor.leg_failed(browser_leg(house), "ice_failed")
    await until(lambda: [e.reason for e in house.told(facts.AssignmentFailed)] == ["agent_leg_lost"])
    await house.reach_state(reservation, None)
    work = house.told(facts.WorkQueued)[0].work_id
    assert house.pump.dispatcher.place(work) == 1
    assert house.conductor.counts["assignments"] == 0
    await house.speaker_port()
    house.outside.script = lambda event: (
        house.outside.ua.answer(event.call, offer_of(house.rtp[-1].port))
        if isinstance(event, sip.CallReceived)
        else None
    )
    await house.ready("ben")
    await house.reach_state((await house.offer("ben")).reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await house.empty()
    assert house.outcomes == ["handled"]


async def test_an_offer_to_an_agent_whose_leg_is_gone_fails_at_once(house: House) -> None:
    await house.ready()
    house.conductor.browsers.failed(browser_leg(house))  # gone, and the desk does not know yet
    call = await house.queued()
    await until(lambda: [e.reason for e in house.told(facts.OfferFailed)] == ["no_leg"])
    house.outside.ua.hangup(call)
    await house.conductor.browsers.drop(browser_leg(house))
    await house.empty()


async def test_an_accept_whose_leg_is_gone_gives_the_caller_back(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    leg = browser_leg(house)
    house.conductor.browsers.failed(leg)
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await until(lambda: [e.reason for e in house.told(facts.AssignmentFailed)] == ["no_leg"])
    await until(lambda: house.pump.dispatcher.place(offer.interaction_id) == 1)
    house.outside.ua.hangup(call)
    await house.conductor.browsers.drop(leg)
    await house.empty()


async def test_a_room_that_cannot_be_made_gives_the_caller_back(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    house.engine.fail["set_room"] = "unknown_leg"
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await until(lambda: [e.reason for e in house.told(facts.AssignmentFailed)] == ["unknown_leg"])
    house.engine.fail.clear()
    await until(lambda: house.pump.dispatcher.place(offer.interaction_id) == 1)
    assert await house.desk.set_presence("anna", "ready", None) is None
    again = await house.offer(count=2)
    assert await house.desk.accept("anna", again.reservation_id) is None
    await house.reach_state(again.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_the_media_worker_dies_with_both_legs(house: House) -> None:
    call, reservation = await house.talking()
    for leg in house.engine.leg_ids:
        house.conductor.leg_failed(leg, "worker_lost")
    await house.outside.wait(sip.CallEnded, call)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    await house.empty()
    assert house.engine.leg_ids == ()


async def test_a_media_failure_of_a_desk_phone_gives_the_caller_back(house: House) -> None:
    await house.speaker_port()
    call, ringing = await house.phone_rings(answer=200)
    offer = await house.offer("ben")
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.conductor.leg_failed(f"phone:{offer.reservation_id}", "no_media")
    await house.outside.wait(sip.CallEnded, ringing)
    await until(lambda: house.pump.dispatcher.place(offer.work_id) == 1)
    house.outside.ua.hangup(call)
    await house.empty()


# --- the rest ---------------------------------------------------------------------------------------------------


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
