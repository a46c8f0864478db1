"""The agents' side: each request with its refusals, what is shown in which order, and the snapshot."""

from dataclasses import replace
from pathlib import Path

from agents_ws import messages as m
from agents_ws.ports import Refusal
from records.accounts import Account, Role
from router import events as facts
from router.vocabulary import EndedBy, Medium, OfferState, Presence
from sip import events as sip
from tests.server.house import House, built, code, offer_of
from tests.server.sites import SECOND

# --- signing in and out -----------------------------------------------------------------------------------------


async def test_a_token_names_the_agent(house: House) -> None:
    await house.accounts.set_password(Account("anna@x", Role.AGENT, "anna"), "secret", 1)
    await house.accounts.set_password(Account("boss", Role.SUPERVISOR, None), "secret", 1)
    await house.accounts.set_password(Account("left", Role.AGENT, "no-longer-in-the-site"), "secret", 1)

    async def identity(name: str) -> m.AgentIdentity | None:
        signed = await house.sign_in.sign_in(name, "secret", house.desk._wall())
        assert signed is not None
        return await house.desk.authenticate(signed.token)

    assert await identity("anna@x") == m.AgentIdentity(
        id="anna", name="Anna", role="agent", team="line1", station="webrtc"
    )
    assert await identity("boss") is None
    assert await identity("left") is None
    assert await house.desk.authenticate("guess") is None


async def test_whoever_is_signed_out_finishes_what_they_have(house: House) -> None:
    account = Account("anna@x", Role.AGENT, "anna")
    await house.accounts.set_password(account, "secret", 1)
    signed = await house.sign_in.sign_in("anna@x", "secret", house.desk._wall())
    assert signed is not None
    assert await house.desk.may_stay("anna", signed.token)
    assert not await house.desk.may_stay("ben", signed.token)
    call, reservation = await house.talking()
    await house.sign_in.sign_out(signed.token)
    assert await house.desk.may_stay("anna", signed.token)
    row = house.pump.dispatcher.agent("anna")
    assert row is not None
    assert row.next_presence is Presence.NOT_READY
    await house.desk.hang_up("anna", reservation)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    assert await house.desk.may_stay("anna", signed.token)
    assert await house.desk.finish_wrap_up("anna", reservation, None, None) is None
    assert not await house.desk.may_stay("anna", signed.token)
    house.outside.ua.hangup(call)
    await house.empty()


async def test_an_agent_of_calls_is_reachable_with_page_and_leg(house: House) -> None:
    assert code(await house.desk.set_presence("anna", "ready", None)) == "not_connected"
    await house.desk.connected("anna")
    assert code(await house.desk.set_presence("anna", "ready", None)) == "not_connected"
    await house.open_leg()
    assert await house.desk.set_presence("anna", "ready", None) is None
    shown = house.hub.of(m.PresenceShown)
    assert [(one.presence, one.reason) for one in shown] == [
        (Presence.NOT_READY, "signed_in"),
        (Presence.READY, None),
    ]
    assert house.hub.of(m.Leg)[-1].state == "up"


async def test_the_end_of_a_replaced_page_does_not_take_the_new_one_down(house: House) -> None:
    first = await house.ready()
    second = await house.desk.connected("anna")
    assert second > first
    await house.desk.disconnected("anna", first)
    row = house.pump.dispatcher.agent("anna")
    assert row is not None
    assert row.connected
    await house.desk.disconnected("anna", second)
    row = house.pump.dispatcher.agent("anna")
    assert row is not None
    assert not row.connected
    await house.desk.disconnected("anna", second)
    assert house.reach.signed_in() == []


async def test_generations_grow_also_within_one_microsecond(house: House) -> None:
    house.desk._wall = lambda: 1
    generations = [await house.desk.connected("anna") for _ in range(3)]
    assert generations == sorted(set(generations))


async def test_presence_has_the_sites_reasons(house: House) -> None:
    await house.ready()
    assert code(await house.desk.set_presence("anna", "not_ready", "coffee")) == "unknown_reason"
    assert await house.desk.set_presence("anna", "not_ready", "lunch") is None
    assert house.hub.of(m.PresenceShown)[-1].reason == "lunch"


async def test_signing_out_closes_the_leg(house: House) -> None:
    await house.ready()
    assert await house.desk.sign_out("anna") is None
    assert house.engine.leg_ids == ()
    assert house.hub.of(m.PresenceShown)[-1].presence is Presence.OFFLINE
    row = house.pump.dispatcher.agent("anna")
    assert row is not None
    assert not row.connected
    assert (await house.desk.snapshot("anna")).leg == "none"


async def test_nobody_signs_out_of_a_conversation(house: House) -> None:
    call, _ = await house.talking()
    assert code(await house.desk.sign_out("anna")) == "work_held"
    assert len(house.engine.rooms) == 1
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_desk_phone_is_shown_as_registered_or_absent(house: House) -> None:
    await house.desk.connected("ben")
    assert (await house.desk.snapshot("ben")).leg == "phone_absent"
    house.desk.phone_changed("ben", registered=True)
    assert house.hub.of(m.Leg, "ben")[-1].state == "phone_registered"
    house.desk.phone_changed("ben", registered=False)
    assert house.hub.of(m.Leg, "ben")[-1].state == "phone_absent"
    assert code(await house.desk.open_leg("ben", "offer")) == "phone_agent"


async def test_a_leg_that_cannot_be_opened_is_a_refusal(house: House) -> None:
    house.engine.fail["open_webrtc"] = "bad_offer"
    answer = await house.desk.open_leg("anna", "offer")
    assert answer == Refusal("media_unavailable", "bad_offer")
    assert house.conductor.browsers.count == 0


# --- the course of one piece of work ----------------------------------------------------------------------------


async def test_a_whole_piece_of_work_in_the_agents_eyes(house: House) -> None:
    await house.ready()
    call = await house.queued()
    reservation = (await house.offer()).reservation_id
    await house.said("Offer")
    assert await house.desk.accept("anna", reservation) is None
    await house.said("assignment:connected")
    house.outside.ua.hangup(call)
    await house.said("WrapUp")
    assert await house.desk.finish_wrap_up("anna", reservation, "sold", "wants a receipt") is None
    await house.said("WrapUpEnded")
    assert house.hub.words() == [
        "Offer",
        "assignment:accepted",
        "assignment:connected",
        "assignment:ended",
        "WrapUp",
        "WrapUpEnded",
    ]
    ended = house.hub.of(m.Assignment)[-1]
    assert ended.by is EndedBy.CUSTOMER
    offer = house.hub.of(m.Offer)[0]
    assert offer.caller == m.Caller(display="Cai", number="0755123", verified=False)
    assert offer.why is not None
    assert house.hub.of(m.WrapUpEnded)[0].disposition == "sold"
    (note,) = await house.notes.of(offer.interaction_id)
    assert (note.agent_id, note.text) == ("anna", "wants a receipt")
    await house.empty()


async def test_wrap_up_is_shown_again_with_what_may_still_be_asked_for(tmp_path: Path) -> None:
    async with built(tmp_path, wrap_up_extend_us=30 * SECOND) as house:
        call, reservation = await house.talking()
        house.outside.ua.hangup(call)
        await house.said("WrapUp")
        assert await house.desk.extend_wrap_up("anna", reservation, 20) is None
        assert await house.desk.extend_wrap_up("anna", reservation, 20) is None
        assert code(await house.desk.extend_wrap_up("anna", reservation, 20)) == "not_extendable"
        shown = house.hub.of(m.WrapUp)
        assert [one.extend_s for one in shown] == [30, 10, 0]
        assert [one.deadline_us - shown[0].deadline_us for one in shown] == [0, 20 * SECOND, 30 * SECOND]
        assert (await house.desk.snapshot("anna")).wrap_ups[0].extend_s == 0
        assert await house.desk.finish_wrap_up("anna", reservation, "sold", None) is None
        await house.empty()


async def test_an_agent_with_a_phone_accepts_there(house: House) -> None:
    await house.speaker_port()
    call, _ = await house.phone_rings()
    offer = await house.offer("ben")
    assert code(await house.desk.accept("ben", offer.reservation_id)) == "answer_your_phone"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_an_agent_acts_on_their_own_work_only(house: House) -> None:
    call, reservation = await house.talking()
    desk = house.desk
    assert code(await desk.reject("ben", reservation, None)) == "not_yours"
    for refused in (
        await desk.hang_up("ben", reservation),
        await desk.call("ben", m.Hold(ref="h", reservation_id=reservation, on=True)),
        await desk.send_digit("ben", reservation, "5"),
    ):
        assert code(refused) == "not_connected"
    assert await desk.hang_up("anna", reservation) is None
    await house.reach_state(reservation, OfferState.WRAP_UP)
    assert code(await desk.finish_wrap_up("ben", reservation, "sold", "not mine")) == "not_yours"
    (work,) = [event.interaction_id for event in house.told(facts.WorkQueued)]
    assert await house.notes.of(work) == ()
    await house.outside.wait(sip.CallEnded, call)
    await house.empty()


async def test_what_makes_no_sense_now_is_refused(house: House) -> None:
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    desk, reservation = house.desk, offer.reservation_id
    assert code(await desk.hang_up("anna", reservation)) == "not_connected"
    assert code(await desk.call("anna", m.Hold(ref="h", reservation_id=reservation, on=True))) == "not_connected"
    assert code(await desk.finish_wrap_up("anna", reservation, "sold", "too soon")) == "not_in_wrap_up"
    assert code(await desk.finish_wrap_up("anna", reservation, "no such code", None)) == "unknown_disposition"
    assert code(await desk.accept("anna", "nothing.1")) == "offer_over"
    assert await house.notes.of(offer.interaction_id) == (), "a refused wrap-up keeps no note"
    house.outside.ua.hangup(call)
    await house.empty()


async def test_a_digit_that_media_cannot_send_is_refused(house: House) -> None:
    sdp = offer_without_events((await house.speaker_port()).port)
    await house.ready()
    call = await house.queued(sdp=sdp)
    reservation = (await house.offer()).reservation_id
    await house.desk.accept("anna", reservation)
    await house.reach_state(reservation, OfferState.CONNECTED)
    assert await house.desk.send_digit("anna", reservation, "5") == Refusal("media_unavailable", "no_telephone_event")
    house.outside.ua.hangup(call)
    await house.empty()


def offer_without_events(port: int) -> bytes:
    lines = offer_of(port).replace(b" 101", b"", 1).split(b"\r\n")
    return b"\r\n".join(line for line in lines if b":101" not in line)


# --- the snapshot -----------------------------------------------------------------------------------------------


async def test_a_snapshot_in_each_state(house: House) -> None:
    empty = await house.desk.snapshot("anna")
    assert (empty.presence, empty.leg, empty.offers, empty.assignments) == (Presence.OFFLINE, "none", (), ())
    await house.ready()
    call = await house.queued()
    offer = await house.offer()
    shown = await house.desk.snapshot("anna")
    assert [one.reservation_id for one in shown.offers] == [offer.reservation_id]
    assert shown.offers[0].caller.number == "0755123"
    await house.desk.accept("anna", offer.reservation_id)
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    shown = await house.desk.snapshot("anna")
    assert [one.state for one in shown.assignments] == ["connected"]
    await house.desk.call("anna", m.Hold(ref="h", reservation_id=offer.reservation_id, on=True))
    await house.said("assignment:held")
    shown = await house.desk.snapshot("anna")
    assert [one.state for one in shown.assignments] == ["held"]
    house.outside.ua.hangup(call)
    await house.reach_state(offer.reservation_id, OfferState.WRAP_UP)
    shown = await house.desk.snapshot("anna")
    assert [one.reservation_id for one in shown.wrap_ups] == [offer.reservation_id]
    assert (await house.desk.snapshot("ben")).wrap_ups == (), "only one's own work"
    await house.empty()


async def test_before_hub_and_conductor_are_attached_requests_are_refused(house: House) -> None:
    house.desk._hub = house.desk._conductor = None
    assert code(await house.desk.open_leg("anna", "offer")) == "phone_agent"
    house.desk.leg_changed("anna", up=True)
    assert len(house.hub.sent) == 0


async def test_a_presence_is_queued_and_media_are_paused(house: House) -> None:
    _, reservation = await house.talking()
    assert code(await house.desk.queue_presence("anna", "not_ready", "nap")) == "unknown_reason"
    assert await house.desk.queue_presence("anna", "not_ready", "lunch") is None
    assert await house.desk.pause_media("anna", (Medium.CHAT,)) is None
    shown = house.hub.of(m.PresenceShown)[-1]
    assert (shown.presence, shown.next, shown.next_reason) == (Presence.READY, Presence.NOT_READY, "lunch")
    assert shown.paused == (Medium.CHAT,)
    snapshot = await house.desk.snapshot("anna")
    assert (snapshot.next, snapshot.next_reason, snapshot.paused) == (Presence.NOT_READY, "lunch", (Medium.CHAT,))
    assert Medium.VOICE in snapshot.media
    assert code(await house.desk.echo_test("anna", on=True)) == "in_call"
    assert await house.desk.hang_up("anna", reservation) is None
    assert await house.desk.finish_wrap_up("anna", reservation, None, None) is None
    over = house.hub.of(m.PresenceShown)[-1]
    assert (over.presence, over.reason, over.next) == (Presence.NOT_READY, "lunch", None)


async def test_an_agent_hears_an_echo_between_conversations(house: House) -> None:
    assert code(await house.desk.echo_test("anna", on=True)) == "media_unavailable"
    await house.ready()
    assert await house.desk.echo_test("anna", on=True) is None
    assert await house.desk.echo_test("anna", on=False) is None
    assert await house.desk.echo_test("anna", on=False) is None, "over is over"
    assert code(await house.desk.echo_test("ben", on=True)) == "phone_agent"


async def test_a_queue_may_want_a_disposition(house: House) -> None:
    queue = replace(house.current.site.queues["orders"], disposition_required=True)
    house.current.change(replace(house.current.site, queues={"orders": queue}))
    call, reservation = await house.talking()
    house.outside.ua.hangup(call)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    assert code(await house.desk.finish_wrap_up("anna", reservation, None, "a note")) == "disposition_required"
    assert await house.desk.finish_wrap_up("anna", reservation, "sold", None) is None
