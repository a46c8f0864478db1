"""Who listens where, over a scripted call; real ones are in tests/server/calls/test_monitoring.py and tests/e2e."""

import asyncio
from typing import Any, cast

import pytest

from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.voice.test_dialled_legs import Tasks
from voice.asked import ListenAsked, ListenEnded, SupervisorAsked, TakeOverAsked
from voice.browsers import BrowserLegs
from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.listeners import ListenMode
from voice.listening import Listening
from voice.listening_phone import ListeningPhones
from voice.neighbours import VoicePorts
from voice.party import PartyView
from voice.runner import CallRunner


class Call:
    """Stands for a call: keeps what it was told, answers what a test says."""

    def __init__(self) -> None:
        self.asked: list[SupervisorAsked] = []
        self.denied: Deny | None = None
        self.parties: tuple[PartyView, ...] = ()
        self.watchers: set[Any] = set()

    async def ask(self, event: SupervisorAsked) -> Deny | None:
        self.asked.append(event)
        return self.denied

    def tell(self, event: SupervisorAsked) -> None:
        self.asked.append(event)


class Rig:
    def __init__(self) -> None:
        self.calls = {"i1": Call(), "i2": Call()}
        self.talking: set[str] = set()
        self.browsers = BrowserLegs(Media(), lambda _agent: None)
        runners = cast("dict[str, CallRunner]", self.calls)
        quiet = Quiet()
        ports = VoicePorts(Signalling(), Media(), Sdp(), Router(), quiet, quiet)
        phones = ListeningPhones(ports, DialledLegs(Tasks()), lambda _agent: None)
        self.listening = Listening(
            self.browsers, runners.get, self.talking.__contains__, phones, Media(), None, Tasks()
        )

    async def leg(self) -> str:
        await self.browsers.open("sue", "offer")
        (leg_id,) = self.browsers._agent_of
        self.browsers.connected(leg_id)
        return leg_id


@pytest.fixture
def rig() -> Rig:
    return Rig()


def code(denied: Deny | None) -> str | None:
    return denied.code if denied else None


async def test_what_is_missing_is_said(rig: Rig) -> None:
    assert code(await rig.listening.begin("sue", "i1", ListenMode.LISTEN)) == "no_leg"
    await rig.leg()
    assert code(await rig.listening.begin("sue", "gone", ListenMode.LISTEN)) == "not_connected"
    assert code(await rig.listening.take_over("sue", "gone")) == "not_connected"
    rig.talking.add("sue")
    assert code(await rig.listening.begin("sue", "i1", ListenMode.LISTEN)) == "in_a_call"
    assert code(await rig.listening.take_over("sue", "i1")) == "in_a_call"
    assert code(await rig.listening.end("sue", "i1")) == "not_listening"
    assert rig.calls["i1"].asked == []


async def test_one_leg_listens_to_one_call(rig: Rig) -> None:
    leg = await rig.leg()
    assert await rig.listening.begin("sue", "i1", ListenMode.LISTEN) is None
    assert await rig.listening.begin("sue", "i2", ListenMode.WHISPER, "anna") is None
    assert rig.calls["i1"].asked == [ListenAsked("sue", leg, ListenMode.LISTEN), ListenEnded("sue")]
    assert rig.calls["i2"].asked == [ListenAsked("sue", leg, ListenMode.WHISPER, "anna")]
    assert code(await rig.listening.end("sue", "i1")) == "not_listening"
    assert await rig.listening.end("sue", "i2") is None
    assert len(rig.listening) == 0


async def test_what_was_denied_is_not_listened_to(rig: Rig) -> None:
    await rig.leg()
    rig.calls["i1"].denied = Deny("not_connected", "nobody there")
    assert code(await rig.listening.begin("sue", "i1", ListenMode.LISTEN)) == "not_connected"
    assert len(rig.listening) == 0


async def test_a_call_of_ones_own_ends_the_listening_unless_it_is_that_one(rig: Rig) -> None:
    await rig.leg()
    await rig.listening.begin("sue", "i1", ListenMode.LISTEN)
    rig.listening.leave("sue", unless="i1")
    assert ListenEnded("sue") not in rig.calls["i1"].asked
    await rig.listening.begin("sue", "i2", ListenMode.LISTEN)
    rig.listening.leave("sue")
    rig.listening.leave("sue")
    assert rig.calls["i2"].asked[1:] == [ListenEnded("sue")]
    await rig.listening.begin("sue", "i1", ListenMode.LISTEN)
    rig.listening.over("i1")
    assert len(rig.listening) == 0
    assert await rig.listening.take_over("sue", "i1") is None
    assert rig.calls["i1"].asked[-1] == TakeOverAsked("sue")
    await asyncio.sleep(0)


async def test_a_leg_that_goes_before_the_call_has_answered_does_not_stay_in_it(rig: Rig) -> None:
    leg_id = await rig.leg()

    class Leaving(Call):
        async def ask(self, event: SupervisorAsked) -> Deny | None:
            answer = await super().ask(event)
            rig.listening.leave("sue")
            return answer

    rig.calls["i1"] = call = Leaving()
    denied = await rig.listening.begin("sue", "i1", ListenMode.LISTEN)
    assert code(denied) == "no_leg"
    assert call.asked == [ListenAsked("sue", leg_id, ListenMode.LISTEN), ListenEnded("sue")]
    assert len(rig.listening) == 0
    assert call.watchers == set()
