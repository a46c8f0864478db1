"""Whole calls whose legs are held, lost, and opened again, or fail: who is told what, and that nothing is left."""

from msgspec.structs import force_setattr

from agents_ws import messages as m
from router import events as facts
from router.vocabulary import OfferState
from sip import events as sip
from tests.server.house import House, offer_of
from tests.waiting import until

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
    # A phone makes no second offer before the first is answered.
    await house.outside.wait(sip.CallAnswered, ringing)
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
        force_setattr(plan, "lost_agent_grace", 50_000)
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
