"""The call bar over the real parts: what agents ask, what their pages are shown, and what a lost leg does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import force_setattr

from agents_ws import messages as m
from router import events as facts
from router.vocabulary import EndedBy, OfferState
from server.calls.call_desk import by_phone
from sip import events as sip
from tests.server.house import House, built, offer_of
from tests.server.sites import agent
from tests.waiting import until
from voice.asked import AgentTarget, HoldAsked, MuteAsked, NumberTarget, QueueTarget, TransferAsked
from voice.events import Deny, ShowRecording


@pytest.fixture
async def trio(tmp_path: Path) -> AsyncIterator[House]:
    """anna and cai in browsers, ben at a phone."""
    async with built(tmp_path, more_agents=[agent("cai")]) as house:
        for plan in house.conductor.site.waits.values():
            force_setattr(plan, "lost_agent_grace", 50_000)
        yield house


def calls(house: House, agent_id: str) -> list[dict[str, str]]:
    """What the agent's page was shown of a call, again and again: who is in it, and how."""
    return [{one.agent or one.id: one.state for one in call.parties} for call in house.hub.of(m.Call, agent_id)]


async def shows(house: House, agent_id: str, **wanted: str) -> None:
    await until(lambda: calls(house, agent_id)[-1:] == [wanted], f"{wanted} shown, not {calls(house, agent_id)}")


async def consult(house: House) -> tuple[str, str, str]:
    """anna speaks with cai while the customer is on hold: the caller's call and both reservations."""
    call, first = await house.talking()
    await house.ready("cai")
    asked = m.Transfer(ref="t", reservation_id=first, agent="cai", warm=True)
    assert await house.desk.call("anna", asked) is None
    offer = await house.offer("cai")
    assert await house.desk.accept("cai", offer.reservation_id) is None
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    await shows(house, "cai", customer="held", anna="here", cai="here")
    return call, first, offer.reservation_id


def leg(house: House, start: str) -> str:
    return next(name for name in house.engine.leg_ids if name.startswith(start))


async def test_a_consult_and_its_completion_on_both_pages(trio: House) -> None:
    call, first, second = await consult(trio)
    assert [call.reservation_id for call in (await trio.desk.snapshot("cai")).calls] == [second]
    anna, cai = leg(trio, "browser:anna"), leg(trio, "browser:cai")
    assert list(trio.engine.rooms.values()) == [{(anna, cai): 1.0, (cai, anna): 1.0}]
    assert trio.engine.played[-2:] == [("music/hold.wav",), ("tone/ringback.wav",)], "for the customer, and for anna"
    assert await trio.desk.call("anna", m.CompleteTransfer(ref="c", reservation_id=first)) is None
    await trio.reach_state(first, OfferState.WRAP_UP)
    await shows(trio, "cai", customer="here", cai="here")
    assert (await trio.desk.snapshot("anna")).calls == ()
    assert trio.told(facts.AssignmentEnded)[-1].reason == "transferred"
    trio.outside.ua.hangup(call)
    await trio.empty()
    assert trio.outcomes == ["handled"]


async def test_a_phone_takes_a_warm_transfer_and_hangs_up(trio: House) -> None:
    await trio.speaker_port()
    trio.outside.script = lambda event: (
        trio.outside.ua.answer(event.call, offer_of(trio.rtp[0].port)) if isinstance(event, sip.CallReceived) else None
    )
    call, first = await trio.talking("cai")
    await trio.ready("ben")
    assert await trio.desk.call("cai", m.Transfer(ref="t", reservation_id=first, agent="ben", warm=True)) is None
    await shows(trio, "cai", customer="held", cai="here", ben="here")
    trio.outside.ua.hangup(trio.outside.seen(sip.CallReceived)[-1].call)
    await shows(trio, "cai", customer="held", cai="here")
    assert await trio.desk.call("cai", m.Hold(ref="h", reservation_id=first, on=False)) is None
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_an_agent_whose_browser_dies_in_a_consult_leaves_the_customer_to_the_colleague(trio: House) -> None:
    call, first, second = await consult(trio)
    trio.conductor.leg_failed(leg(trio, "browser:anna"), "ice_failed")
    await shows(trio, "cai", customer="here", cai="here")
    await until(lambda: bool(trio.told(facts.AssignmentEnded)))
    ended = trio.told(facts.AssignmentEnded)[-1]
    assert (ended.reservation_id, ended.by, ended.reason) == (first, EndedBy.SYSTEM, "agent_leg_lost")
    assert trio.state(second) is OfferState.CONNECTED
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_a_colleague_whose_browser_dies_is_gone_and_the_first_goes_on(trio: House) -> None:
    call, first, _ = await consult(trio)
    trio.conductor.leg_failed(leg(trio, "browser:cai"), "ice_failed")
    await shows(trio, "anna", customer="held", anna="here")
    assert trio.state(first) is OfferState.CONNECTED
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_a_media_worker_that_dies_in_a_conference_leaves_nothing(trio: House) -> None:
    call, first, second = await consult(trio)
    assert await trio.desk.call("anna", m.Conference(ref="c", reservation_id=first)) is None
    assert len(next(iter(trio.engine.rooms.values()))) == 6
    for name in trio.engine.leg_ids:
        trio.conductor.leg_failed(name, "worker_lost")
    await trio.outside.wait(sip.CallEnded, call)
    for reservation in (first, second):
        await trio.reach_state(reservation, OfferState.WRAP_UP)
    await trio.empty()


async def test_a_room_that_cannot_be_made_gives_the_colleague_back(trio: House) -> None:
    call, first = await trio.talking()
    await trio.ready("cai")
    asked = m.Transfer(ref="t", reservation_id=first, queue="orders", warm=True)
    assert await trio.desk.call("anna", asked) is None
    offer = await trio.offer("cai")
    trio.engine.fail["set_room"] = "unknown_leg"
    assert await trio.desk.accept("cai", offer.reservation_id) is None
    await until(lambda: [e.reason for e in trio.told(facts.AssignmentFailed)] == ["unknown_leg"])
    trio.engine.fail.clear()
    await shows(trio, "anna", customer="held", anna="here")
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_mute_outlives_a_reload(trio: House) -> None:
    call, first = await trio.talking()
    assert await trio.desk.call("anna", m.Mute(ref="m", reservation_id=first, on=True)) is None
    caller, old = leg(trio, "caller:"), leg(trio, "browser:anna")
    assert list(trio.engine.rooms.values()) == [{(caller, old): 1.0}]
    await trio.open_leg("anna")
    new = leg(trio, "browser:anna")
    await until(lambda: list(trio.engine.rooms.values()) == [{(caller, new): 1.0}], "the new leg, muted")
    (shown,) = (await trio.desk.snapshot("anna")).calls
    assert [one.muted for one in shown.parties if one.you] == [True]
    trio.outside.ua.hangup(call)
    await trio.empty()


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"agent": "anna"}, "unknown_agent"),
        ({"agent": "dave"}, "unknown_agent"),
        ({"agent": "cai"}, "agent_unavailable"),
        ({"queue": "nowhere"}, "unknown_queue"),
        ({}, "unclear_target"),
        ({"agent": "cai", "queue": "orders"}, "unclear_target"),
    ],
)
async def test_a_target_that_cannot_take_it_is_refused(trio: House, target: dict[str, str], code: str) -> None:
    call, first = await trio.talking()
    refusal = await trio.desk.call("anna", m.Transfer(ref="t", reservation_id=first, warm=False, **target))
    assert refusal is not None
    assert refusal.code == code
    assert trio.state(first) is OfferState.CONNECTED
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_whoever_is_not_in_the_call_cannot_steer_it(trio: House) -> None:
    call, first = await trio.talking()
    await trio.ready("cai")
    refusal = await trio.desk.call("cai", m.Conference(ref="c", reservation_id=first))
    assert refusal is not None
    assert refusal.code == "not_connected"
    trio.outside.ua.hangup(call)
    await trio.empty()


async def test_the_recording_is_shown_to_every_agent_in_the_call_and_in_a_snapshot(trio: House) -> None:
    call, first, _ = await consult(trio)
    ((interaction, _),) = trio.desk.calls.live.all()
    trio.desk.recording(interaction, ShowRecording("paused", by="anna", until=7))
    shown = m.Recording(state="paused", by="anna", name="Anna", until_us=7, may_pause=True)
    for agent_id in ("anna", "cai"):
        assert trio.hub.of(m.Call, agent_id)[-1].recording == shown
        assert (await trio.desk.snapshot(agent_id)).calls[0].recording == shown
    trio.desk.recording(interaction, ShowRecording("failed"))
    assert trio.hub.of(m.Call, "cai")[-1].recording == m.Recording(state="failed")
    refused = await trio.desk.call("anna", m.PauseRecording(ref="p", reservation_id=first, on=True))
    assert refused is not None
    assert refused.code == "not_recorded", "that was only shown"
    trio.outside.ua.hangup(call)
    await trio.empty()
    assert len(trio.desk.calls) == 0
    assert not trio.desk.calls._recordings


async def test_whom_a_phone_means_by_what_it_dials(trio: House) -> None:
    await trio.ready("ben")
    dialled = trio.desk.calls.dialled
    phone = trio.site.agents["ben"].sip_user
    assert dialled("anna", "ben") == dialled("anna", phone) == AgentTarget("ben")
    assert dialled("anna", "orders") == QueueTarget("orders")
    refused = [dialled("anna", text) for text in ("anna", "cai", "0755 12 34", "nobody", "")]
    codes = [one.code if isinstance(one, Deny) else one for one in refused]
    assert codes == ["unknown_agent", "agent_unavailable", *["number_not_allowed"] * 3]


def test_what_phones_ask_is_what_the_page_would_send() -> None:
    sent = [
        by_phone("w.1", HoldAsked("", on=True)),
        by_phone("w.1", TransferAsked("", AgentTarget("cai"), warm=False)),
        by_phone("w.1", TransferAsked("", QueueTarget("orders"), warm=False)),
        by_phone("w.1", TransferAsked("", NumberTarget("0755"), warm=True)),
        by_phone("w.1", MuteAsked("", on=True)),
    ]
    assert sent == [
        m.Hold(ref="phone", reservation_id="w.1", on=True),
        m.Transfer(ref="phone", reservation_id="w.1", agent="cai"),
        m.Transfer(ref="phone", reservation_id="w.1", queue="orders"),
        m.Transfer(ref="phone", reservation_id="w.1", number="0755", warm=True),
        None,
    ]


async def test_a_phone_asks_as_the_page_does(trio: House) -> None:
    call, first = await trio.talking()
    assert await trio.desk.calls.ask_by_phone("anna", first, HoldAsked("", on=True)) is None
    await shows(trio, "anna", customer="held", anna="here")
    refused = await trio.desk.calls.ask_by_phone("anna", first, TransferAsked("", AgentTarget("nobody"), warm=False))
    assert refused is not None
    assert refused.code == "unknown_agent"
    assert await trio.desk.calls.ask_by_phone("anna", first, MuteAsked("", on=True)) is not None
    trio.outside.ua.hangup(call)
    await trio.empty()
