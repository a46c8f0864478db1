"""The caller's side of a SIP call, on ports that write down; the whole is in test_runner.py."""

import asyncio

import pytest

from tests.voice.fakes import Media, Sdp, Signalling
from voice import sip_caller
from voice.call_table import CallState
from voice.ports import CallOffer, SdpRefusedError
from voice.sip_caller import SipCaller


class Rig:
    def __init__(self, sdp: bytes | None = b"good") -> None:
        self.signalling, self.media, self.sdp = Signalling(), Media(), Sdp()
        self.caller = SipCaller(CallOffer("c1", "123", "", "4000", sdp), self.signalling, self.media, self.sdp)


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def test_the_ack_confirms(rig: Rig) -> None:
    answering = asyncio.create_task(rig.caller.answer("leg"))
    await asyncio.sleep(0)
    rig.caller.media_up()
    assert not answering.done()
    rig.caller.confirmed(None)
    rig.caller.confirmed(None)
    assert await answering
    assert rig.media.asked == ["open_rtp leg", "set_remote leg"]
    rig.caller.moved(CallState.JOINED, "anna", None)
    rig.caller.hang_up("agent")
    assert rig.signalling.ended == ["c1"]
    rig.caller.release()
    assert rig.sdp.forgotten == ["leg"]


async def test_a_caller_who_leaves_or_never_confirms_is_not_answered(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    answering = asyncio.create_task(rig.caller.answer("leg"))
    await asyncio.sleep(0)
    rig.caller.gone()
    assert await answering is False
    monkeypatch.setattr(sip_caller, "CONFIRM_TIMEOUT_S", 0.01)
    assert await Rig().caller.answer("leg") is False


async def test_a_late_offer_needs_a_good_answer() -> None:
    for answer, good in ((b"good", True), (b"bad", False), (None, False)):
        rig = Rig(sdp=None)
        answering = asyncio.create_task(rig.caller.answer("leg"))
        await asyncio.sleep(0)
        rig.caller.confirmed(answer)
        if good:
            assert await answering
        else:
            with pytest.raises(SdpRefusedError):
                await answering


async def test_a_shutdown_is_no_caller_leaving(rig: Rig) -> None:
    answering = asyncio.create_task(rig.caller.answer("leg"))
    await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
