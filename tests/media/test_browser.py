"""A browser's leg that talks Opus, in the engine: sound, digits and loss, with a bare WebRTC peer at the far end."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media import codecs, mixer, opus, rtp
from media.dtmf import schedule
from media.engine import EngineSettings, InProcessEngine
from media.opus_edge import OpusEdge
from tests.media.phones import Events, Phone, strength, tone
from tests.waiting import until
from tests.webrtc_peer import WebRtcPeer

OPUS, EVENT = 111, 110


class OpusPeer(WebRtcPeer):
    """Offers Opus before G.711, and speaks it."""

    def __init__(self) -> None:
        super().__init__()
        self.edge = OpusEdge(OPUS, EVENT)
        self.ear = OpusEdge(OPUS, EVENT)
        self._sequence = itertools.count()

    async def offer(self, fingerprint: str | None = None) -> str:
        plain = (await super().offer(fingerprint)).replace("SAVPF 0 8 126", "SAVPF 111 0 8 110 126")
        return plain + "a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n"

    def speak(self, n: int) -> None:
        """The n-th 20 ms of a tone of 1 kHz."""
        sound = codecs.encode("PCMU", tone(1000, 160, n * 160))
        for packet in self.edge.outward(rtp.build(OPUS, next(self._sequence), n * 160, 55, sound)):
            self.send(packet)

    def press(self, digit: str, at: int) -> None:
        for frame in schedule(digit):
            if frame is not None:
                for packet in self.edge.outward(rtp.build(EVENT, next(self._sequence), at, 55, frame.payload)):
                    self.send(packet)

    def heard(self, payload_type: int = OPUS) -> list[rtp.RtpPacket]:
        """As PCMU at 8 kHz; call it once."""
        found = [rtp.parse(built) for packet in self.packets for built in self.ear.inward(packet)]
        return [packet for packet in found if packet is not None and packet.payload_type == payload_type]


@pytest.fixture
async def started(tmp_path: Path) -> AsyncIterator[tuple[InProcessEngine, Events]]:
    events = Events()
    running = InProcessEngine(EngineSettings(prompt_root=tmp_path, rtp_ports=(28_500, 28_509)), events.append)
    await running.start()
    yield running, events
    await running.aclose()


async def joined(running: InProcessEngine, events: Events) -> tuple[OpusPeer, Phone]:
    peer, phone = OpusPeer(), await Phone().open()
    answer = await running.open_webrtc("visitor", await peer.offer(), opus=True)
    assert "a=rtpmap:111 opus/48000/2" in answer
    assert "a=rtpmap:110 telephone-event/48000" in answer
    await peer.connect(answer)
    await until(lambda: bool(events.of("connected", "visitor")), what="connected")
    phone.peer = await running.open_rtp("phone")
    await running.set_remote(
        "phone",
        host="127.0.0.1",
        port=phone.port,
        codec="PCMU",
        payload_type=0,
        dtmf_payload_type=101,
        send=True,
        receive=True,
    )
    await running.set_room("room", mixer.conference(("visitor", "phone")))
    return peer, phone


async def test_an_opus_browser_and_a_g711_phone_hear_each_other(started: tuple[InProcessEngine, Events]) -> None:
    running, events = started
    peer, phone = await joined(running, events)
    phone.talk()
    for n in range(40):
        peer.speak(n)
        await asyncio.sleep(0.01)
    await until(lambda: len(phone.heard) >= 40 and len(peer.packets) >= 40, what="sound both ways")
    assert strength(phone.audio()[1600:], 1000) > 5000
    heard = codecs.decode("PCMU", b"".join(packet.payload for packet in peer.heard()))
    assert strength(heard[1600:], 440) > 5000
    stats = await running.stats("visitor")
    assert (stats["packets_in"], stats["lost"]) == (40, 0)
    phone.close()
    await peer.close()


async def test_digits_cross_both_clocks(started: tuple[InProcessEngine, Events]) -> None:
    running, events = started
    peer, phone = await joined(running, events)
    for at, digit in enumerate("19#"):
        peer.press(digit, at * 1600)
    await until(lambda: events.digits("visitor") == "19#", what="digits from the browser")
    await running.send_digits("visitor", "4")
    await until(lambda: len([p for p in peer.packets if p[1] & 0x7F == EVENT]) >= 7, what="a digit to the browser")
    durations = [int.from_bytes(packet.payload[2:4]) for packet in peer.heard(EVENT)]
    assert max(durations) == 800, "100 ms"
    phone.close()
    await peer.close()


async def test_a_lost_packet_is_filled_and_counted(started: tuple[InProcessEngine, Events]) -> None:
    running, events = started
    peer, phone = await joined(running, events)
    for n in range(30):
        if n == 20:
            next(peer._sequence)
            peer.edge.outward(rtp.build(OPUS, next(peer._sequence), n * 160, 55, codecs.silence("PCMU", 160)))
            continue
        peer.speak(n if n < 20 else n + 1)
        await asyncio.sleep(0.005)
    await until(lambda: len(phone.heard) >= 29, what="sound")
    stats = await running.stats("visitor")
    assert stats["packets_in"] == 29
    assert stats["lost"] >= 1
    phone.close()
    await peer.close()


async def test_opus_is_only_taken_where_it_is_allowed_and_there(
    started: tuple[InProcessEngine, Events], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, _ = started
    peer = OpusPeer()
    assert "PCMU/8000" in await running.open_webrtc("agent", await peer.offer())
    monkeypatch.setattr(opus, "available", lambda: False)
    other = OpusPeer()
    assert "opus" not in await running.open_webrtc("visitor", await other.offer(), opus=True)
    for one in (peer, other):
        await one.ice.close()
