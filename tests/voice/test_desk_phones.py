"""Whole calls to agents on desk phones, and callers who leave while somebody rings: nothing is left of them."""

import asyncio
from pathlib import Path

import pytest

from agents_ws import messages as m
from router import events as facts
from router.vocabulary import EndedBy, OfferState, Presence, WithdrawReason
from sip import events as sip
from tests.server.house import House, built, offer_of
from tests.waiting import until


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

    async def slow(turns: object, inbox: object = ()) -> None:
        await commit(turns, inbox)  # type: ignore[arg-type]
        if any(isinstance(turn.event, facts.OfferAccepted) for turn in turns):  # type: ignore[attr-defined]
            house.conductor.call_ended(phone.call, "remote")

    house.commit_by(slow)
    house.outside.ua.answer(ringing, offer_of(house.rtp[0].port))
    await until(lambda: bool(house.told(facts.AssignmentEnded)))
    await until(lambda: house.state(reservation) in (None, OfferState.WRAP_UP))
    house.outside.ua.hangup(call)
    await house.empty()
