"""A number called into a conversation: what is told of it, and that nothing of it stays."""

import asyncio

import pytest

from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from voice.events import NumberGone, NumberReady
from voice.neighbours import VoicePorts
from voice.number_leg import NumberLeg
from voice.phone import PhoneAnswered, PhoneEvent, PhoneFailed, PhoneLeft, PhoneLost, PhoneRang, PhoneReleased

LEG = "number:w-2"


class Trunk:
    def __init__(self) -> None:
        self.dialled: list[tuple[str, str, bytes]] = []

    def allows(self, number: str) -> bool:
        return True

    def dial(self, call: str, number: str, sdp: bytes) -> None:
        self.dialled.append((call, number, sdp))


async def run(*events: PhoneEvent, fail: str = "") -> list[NumberReady | NumberGone]:
    signalling, media, sdp, quiet, trunk = Signalling(), Media(), Sdp(), Quiet(), Trunk()
    media.fail = {fail} if fail else set()
    told: list[NumberReady | NumberGone] = []
    ports = VoicePorts(signalling, media, sdp, Router(), quiet, quiet)
    leg = NumberLeg(LEG, "w", "0755", ports, trunk, told.append)
    for event in events:
        leg.tell(event)
    await asyncio.wait_for(leg.run(), 30)
    assert trunk.dialled == ([] if fail == "open_rtp" else [(LEG, "0755", b"offer")])
    assert signalling.ended == sdp.forgotten == [LEG]
    assert not media.open_legs
    return told


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([PhoneRang(), PhoneAnswered(b"good"), PhoneReleased()], [NumberReady(LEG, LEG)]),
        ([PhoneAnswered(b"good"), PhoneLeft()], [NumberReady(LEG, LEG), NumberGone(LEG, "hung_up")]),
        ([PhoneAnswered(b"good"), PhoneLost("no_media")], [NumberReady(LEG, LEG), NumberGone(LEG, "no_media")]),
        ([PhoneRang(), PhoneFailed(486, "Busy")], [NumberGone(LEG, "busy")]),
        ([PhoneFailed(403, "Forbidden")], [NumberGone(LEG, "sip_403")]),
        ([PhoneFailed(408, "")], [NumberGone(LEG, "no_answer")]),
        ([PhoneAnswered(b"bad")], [NumberGone(LEG, "sip_488")]),
        ([PhoneLeft()], [NumberGone(LEG, "no_answer")]),
        ([PhoneReleased()], []),
    ],
)
async def test_what_is_told(events: list[PhoneEvent], told: list[NumberReady | NumberGone]) -> None:
    assert await run(*events) == told


@pytest.mark.parametrize("method", ["open_rtp", "set_remote"])
async def test_media_that_fails_is_told(method: str) -> None:
    assert await run(PhoneAnswered(b"good"), fail=method) == [NumberGone(LEG, "worker_lost")]
