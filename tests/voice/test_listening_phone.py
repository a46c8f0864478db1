"""A supervisor listens by a telephone: it is rung, says what for, joins the matrix, and ends it by hanging up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents_ws import messages as m
from router import events as facts
from server.tasks import TaskOwner
from sip import events as sip
from tests.server.house import House, built, offer_of
from tests.server.sites import agent
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.listeners import ListenMode
from voice.listening_phone import ListeningPhones
from voice.neighbours import VoicePorts
from voice.phone import PhoneAnswered, PhoneLeft

LISTEN, WHISPER, BARGE = ListenMode.LISTEN, ListenMode.WHISPER, ListenMode.BARGE


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """anna in a browser; sue's telephone is the outside's own user agent."""
    async with built(tmp_path, [agent("anna"), agent("sue", role="supervisor", station="sip", sip_user="sip")]) as made:
        phone = f"sip:sue@127.0.0.1:{made.outside.ua.port}"
        object.__setattr__(made.conductor.site, "phone_of", lambda agent_id: phone if agent_id == "sue" else None)
        await made.speaker_port()
        yield made


def picks_up(house: House, code: int = 200) -> None:
    def script(event: sip.SipEvent) -> None:
        if isinstance(event, sip.CallReceived) and event.from_user == "listen":
            if code == 200:
                house.outside.ua.answer(event.call, offer_of(house.rtp[0].port))
            else:
                house.outside.ua.reject(event.call, code)

    house.outside.script = script


async def call(house: House) -> tuple[str, str]:
    caller, _ = await house.talking()
    ((interaction_id, _),) = house.desk.calls.live.all()
    return caller, interaction_id


def heard_by(house: House, kind: str) -> set[str]:
    pairs = [pair for room in house.engine.rooms.values() for pair in room]
    return {source.split(":")[0] for source, target in pairs if target.startswith(kind)}


async def test_listen_whisper_and_barge_by_one_telephone(house: House) -> None:
    caller, interaction = await call(house)
    picks_up(house)
    assert await house.conductor.listening.begin("sue", interaction, LISTEN) is None
    (rung,) = [one for one in house.outside.seen(sip.CallReceived) if one.from_user == "listen"]
    assert rung.from_display == "Listen to anna"
    assert (heard_by(house, "listen"), heard_by(house, "caller")) == ({"caller", "browser"}, {"browser"})
    assert await house.conductor.listening.begin("sue", interaction, WHISPER, "anna") is None
    assert (heard_by(house, "caller"), heard_by(house, "browser")) == ({"browser"}, {"caller", "listen"})
    assert await house.conductor.listening.begin("sue", interaction, BARGE) is None
    assert heard_by(house, "caller") == {"browser", "listen"}
    assert len(house.outside.seen(sip.CallReceived)) == 1, "it is rung once"
    house.outside.ua.hangup(rung.call)
    await until(lambda: heard_by(house, "caller") == {"browser"})
    await until(lambda: house.hub.of(m.Listening, "sue")[-1].parties == ())
    assert (await house.conductor.listening.end("sue", interaction)) is not None, "hanging up has ended it"
    house.outside.ua.hangup(caller)
    await house.empty()


@pytest.mark.parametrize("way", ["asked", "call", "agent"])
async def test_the_telephone_is_hung_up_when_there_is_nothing_to_hear(house: House, way: str) -> None:
    caller, interaction = await call(house)
    picks_up(house)
    assert await house.conductor.listening.begin("sue", interaction, LISTEN) is None
    rung = house.outside.seen(sip.CallReceived)[-1].call
    if way == "asked":
        assert await house.conductor.listening.end("sue", interaction) is None
    elif way == "call":
        house.outside.ua.hangup(caller)
    else:
        # Only the customer is left, and waits for somebody else.
        ((reservation, _),) = house.conductor._held_by("anna")
        house.pump.tell(facts.AssignmentFailed(reservation, "agent_leg_lost"), "test")
    await house.outside.wait(sip.CallEnded, rung)
    house.outside.ua.hangup(caller)
    await house.empty()


@pytest.mark.parametrize(("code", "denied"), [(486, "not_answered"), (603, "not_answered"), (480, "no_leg")])
async def test_a_telephone_that_does_not_answer_listens_to_nothing(house: House, code: int, denied: str) -> None:
    caller, interaction = await call(house)
    picks_up(house, code)
    refused = await house.conductor.listening.begin("sue", interaction, LISTEN)
    assert refused is not None
    assert refused.code == denied
    nobody = await house.conductor.listening.begin("sue", interaction, LISTEN, "nobody")
    assert nobody is not None
    assert nobody.code == "not_connected"
    assert len(house.outside.seen(sip.CallReceived)) == 1, "for nobody nothing rings"
    assert house.conductor.counts["listeners"] == 0
    house.outside.ua.hangup(caller)
    await house.empty()


async def test_a_call_that_ends_while_it_rings_stops_the_ringing(house: House) -> None:
    caller, interaction = await call(house)

    def script(event: sip.SipEvent) -> None:
        if isinstance(event, sip.CallReceived):
            house.outside.ua.hangup(caller)
            house.outside.ua.answer(event.call, offer_of(house.rtp[0].port))

    house.outside.script = script
    refused = await house.conductor.listening.begin("sue", interaction, LISTEN)
    if refused is None:  # the answer was there before the hang-up was known
        await until(lambda: house.conductor.counts["listeners"] == 0)
    await house.outside.wait(sip.CallEnded, house.outside.seen(sip.CallReceived)[-1].call)
    await house.empty()


async def test_a_telephone_that_is_hung_up_as_it_is_answered_is_rung_anew() -> None:
    quiet = Quiet()
    tasks = TaskOwner()
    legs = DialledLegs(tasks)
    phones = ListeningPhones(
        VoicePorts(Signalling(), Media(), Sdp(), Router(), quiet, quiet), legs, lambda _agent: "2009"
    )
    for name in ("listen:sue:1", "listen:sue:2"):
        asked = asyncio.create_task(phones.leg("sue", "Listen to anna", lambda: None))
        await until(lambda name=name: name in legs.all, "it rings")
        legs.tell(name, PhoneAnswered(b"good"))
        legs.tell(name, PhoneLeft())
        denied = await asked
        assert isinstance(denied, Deny)
        assert denied.code == "not_answered"
    await tasks.aclose()
