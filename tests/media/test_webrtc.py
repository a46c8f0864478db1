"""The WebRTC transport against bare ICE/DTLS/SRTP endpoints and aiortc's own peer connection, on loopback."""

import asyncio
import fractions
import os
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioice.ice
import av
import numpy as np
import pytest
import uvloop
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)

from media import codecs, rtp, webrtc, webrtc_ice
from media.errors import MediaError
from media.webrtc import TransportState, WebRtcTransport, open_webrtc_transport
from tests import audio
from tests.waiting import until
from tests.webrtc_peer import WebRtcPeer


class Side:
    """The server's side: the transport with what it reported."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.states: list[TransportState] = []

    async def open(self, offer: str, **settings: Any) -> tuple[WebRtcTransport, str]:
        arguments: dict[str, Any] = {"hosts": ["127.0.0.1"], "advertise": None, "port_range": None} | settings
        return await open_webrtc_transport(
            offer, on_packet=self.packets.append, on_state=self.states.append, **arguments
        )


@asynccontextmanager
async def connected(setup: str = "actpass") -> AsyncIterator[tuple[WebRtcTransport, WebRtcPeer, Side]]:
    side, peer = Side(), WebRtcPeer(setup=setup)
    transport, answer = await side.open(await peer.offer())
    try:
        await peer.connect(answer)
        await until(lambda: side.states == ["connected"])
        yield transport, peer, side
    finally:
        await peer.close()
        await transport.close()


def port_of(answer: str) -> int:
    match = re.search(r"^m=audio (\d+) ", answer, re.MULTILINE)
    assert match
    return int(match[1])


@pytest.mark.parametrize("setup", ["actpass", "passive", "active"])
async def test_packets_arrive_unchanged_in_both_directions(setup: str) -> None:
    async with connected(setup) as (transport, peer, side):
        assert transport.negotiated == ("PCMU", 0, 126)
        voice = rtp.build(0, 65535, 160, 7, b"\x55" * 160, marker=True)
        event = rtp.build(126, 0, 320, 7, b"\x05\x8a\x03\x20")
        peer.send(voice)
        peer.send(event)
        await until(lambda: len(side.packets) == 2)
        assert side.packets == [voice, event]

        answer_packet = rtp.build(0, 9, 800, transport.ssrc, b"\x66" * 160)
        transport.send(answer_packet)
        await until(lambda: bool(peer.packets))
        assert peer.packets == [answer_packet]
        assert (transport.received, transport.sent, transport.dropped) == (2, 1, 0)


def test_the_servers_own_event_loop_carries_a_leg_and_frees_it() -> None:
    async def leg() -> None:
        async with connected() as (transport, peer, side):
            packet = rtp.build(0, 1, 160, transport.ssrc, b"\x55" * 160)
            peer.send(packet)
            transport.send(packet)
            await until(lambda: side.packets == peer.packets == [packet])
        assert len(asyncio.all_tasks()) == 1

    uvloop.run(leg())


async def test_an_owner_that_fails_in_its_callback_loses_no_leg() -> None:
    peer, side, states = WebRtcPeer(), Side(), list[TransportState]()

    def on_state(state: TransportState) -> None:
        states.append(state)
        raise RuntimeError(state)

    transport, answer = await open_webrtc_transport(
        await peer.offer(),
        hosts=["127.0.0.1"],
        advertise=None,
        port_range=None,
        on_packet=side.packets.append,
        on_state=on_state,
    )
    await peer.connect(answer)
    packet = rtp.build(0, 1, 160, 7, b"\x55" * 160)
    await until(lambda: bool(states))
    peer.send(packet)
    await until(lambda: side.packets == [packet])
    await peer.close()
    await until(lambda: states == ["connected", "closed"])
    await transport.close()


async def test_everything_sent_carries_the_announced_ssrc() -> None:
    async with connected() as (transport, peer, _):
        transport.send(rtp.build(0, 1, 160, 1234, b"\xff" * 160))
        await until(lambda: bool(peer.packets))
        assert peer.packets == [rtp.build(0, 1, 160, transport.ssrc, b"\xff" * 160)]


async def test_forged_replayed_and_control_packets_do_not_get_through() -> None:
    async with connected() as (transport, peer, side):
        packet = rtp.build(0, 5, 160, 7, b"\x55" * 160)
        protected = peer.protect(packet)
        report: bytes = peer.dtls._tx_srtp.protect_rtcp(rtp.build_sender_report(7, 0, 0, 1, 160))
        last = rtp.build(0, 6, 320, 7, b"\x56" * 160)
        for datagram in (packet, protected, protected, protected[:-1] + b"\x00", report):
            assert peer.ice.send_media(datagram)
        peer.send(last)
        await until(lambda: last in side.packets)
        assert side.packets == [packet, last]
        assert transport.dropped == 3


async def test_hostile_datagrams_neither_break_the_leg_nor_reach_the_loop() -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    side, peer = Side(), WebRtcPeer()
    transport, answer = await side.open(await peer.offer())
    target = ("127.0.0.1", port_of(answer))
    stun = b"\x00\x01\x00\x08\x21\x12\xa4\x42" + b"x" * 12
    hostile = [
        b"",
        b"\x00",
        stun + b"\x00\x24\x00\x01\x00\x00\x00\x00",  # PRIORITY of one byte
        stun + b"\x00\x06\x00\x04\xff\xfe\xfd\xfc",  # USERNAME that is no UTF-8
        b"\x16\xfe\xfd" + b"\x00" * 10,
        b"\x80",
        b"\x80" * 3000,
        b"\xff" * 40,
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in hostile * 50:
            stranger.sendto(datagram, target)
        await peer.connect(answer)
        await until(lambda: side.states == ["connected"])
        for datagram in hostile * 5:
            stranger.sendto(datagram, target)
            assert peer.ice.send_media(datagram)  # the same from the true address
    packet = rtp.build(0, 1, 160, 7, b"\x55" * 160)
    peer.send(packet)
    await until(lambda: packet in side.packets)
    await peer.close()
    await transport.close()
    assert not failures


async def test_close_leaves_no_task_and_no_socket_and_may_be_repeated() -> None:
    async with connected():
        pass  # whatever is made once a process now exists
    await until(lambda: len(asyncio.all_tasks()) == 1)
    descriptors = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        async with connected() as (transport, peer, side):
            await asyncio.gather(transport.close(), transport.close())
            await transport.close()
            await asyncio.wait_for(peer.ended.wait(), 30)
            transport.send(rtp.build(0, 1, 160, 1, b"\x55" * 160))
            assert transport.dropped == 1
            assert side.states == ["connected"], "no callback after close"
    assert len(asyncio.all_tasks()) == 1
    assert len(os.listdir("/proc/self/fd")) == descriptors


async def test_close_before_anybody_came() -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    peer, side = WebRtcPeer(), Side()
    offer = await peer.offer()
    immediately, _ = await side.open(offer)
    await immediately.close()
    later, _ = await side.open(offer)
    await asyncio.sleep(0)
    await later.close()
    await peer.close()
    assert side.states == []
    assert len(asyncio.all_tasks()) == 1
    assert len(os.listdir("/proc/self/fd")) == descriptors


async def test_opening_may_be_cancelled() -> None:
    peer, side = WebRtcPeer(), Side()
    offer = await peer.offer()
    descriptors = len(os.listdir("/proc/self/fd"))
    for turns in range(1, 6):
        opening = asyncio.create_task(side.open(offer, hosts=["127.0.0.1", "127.0.0.2", "127.0.0.3"]))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        [result] = await asyncio.gather(opening, return_exceptions=True)
        assert isinstance(result, asyncio.CancelledError), f"opened within {turns} turns"
    await until(lambda: len(os.listdir("/proc/self/fd")) == descriptors)
    await peer.close()


async def test_nobody_coming_is_a_failure_that_frees_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "CONNECT_TIMEOUT_S", 0.2)
    peer, side = WebRtcPeer(), Side()
    transport, answer = await side.open(await peer.offer())
    await until(lambda: side.states == ["failed"])
    assert transport.failure == "ice_failed"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", port_of(answer)))
    await transport.close()
    await peer.close()


async def test_a_certificate_that_was_not_announced_is_refused() -> None:
    peer, side = WebRtcPeer(), Side()
    transport, answer = await side.open(await peer.offer(fingerprint=":".join(["AB"] * 32)))
    await asyncio.gather(peer.connect(answer), return_exceptions=True)
    await until(lambda: side.states == ["failed"])
    assert transport.failure == "dtls_failed"
    await peer.close()
    await transport.close()


async def test_goodbye_of_the_peer_is_closed() -> None:
    async with connected() as (transport, peer, side):
        await peer.close()
        await until(lambda: side.states == ["connected", "closed"])
        assert transport.failure is None


async def test_a_peer_that_vanishes_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc_ice, "LOOK_EVERY_S", 0.05)
    async with connected() as (transport, peer, side):
        await peer.vanish()
        monkeypatch.setattr(webrtc_ice, "SILENCE_LIMIT_S", 0.2)
        await until(lambda: side.states == ["connected", "failed"])
        assert transport.failure == "ice_failed"


async def test_port_range_is_kept_and_may_run_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    peer, side = WebRtcPeer(), Side()
    offer = await peer.offer()
    transport, answer = await side.open(offer, port_range=(port, port))
    assert port_of(answer) == port
    with pytest.raises(MediaError) as error:
        await side.open(offer, port_range=(port, port))
    assert error.value.reason == "ports_exhausted"
    await transport.close()
    again, _ = await side.open(offer, port_range=(port, port))
    await again.close()
    await peer.close()


async def test_advertised_address_replaces_the_bound_one() -> None:
    peer, side = WebRtcPeer(), Side()
    transport, answer = await side.open(await peer.offer(), advertise="192.0.2.7")
    assert f" 192.0.2.7 {port_of(answer)} typ host" in answer
    assert "c=IN IP4 192.0.2.7" in answer
    await transport.close()
    await peer.close()


async def test_one_certificate_serves_the_whole_process() -> None:
    side = Side()
    fingerprints = set()
    for _ in range(2):
        peer = WebRtcPeer()
        transport, answer = await side.open(await peer.offer())
        fingerprints.update(re.findall("a=fingerprint:(.*)", answer))
        await transport.close()
        await peer.close()
    assert len(fingerprints) == 1


class ToneTrack(MediaStreamTrack):
    """An endless 8 kHz tone at the pace of 20 ms, as an aiortc source."""

    kind = "audio"

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self._samples = audio.tone(frequency, seconds=1)
        self._count = 0
        self._start = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._start + self._count * 0.02 - time.monotonic()))
        offset = self._count * 160 % self._samples.size
        frame = av.AudioFrame.from_ndarray(self._samples[None, offset : offset + 160], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, self._count * 160, fractions.Fraction(1, 8000)
        self._count += 1
        return frame


async def test_tones_both_ways_with_aiortcs_own_peer_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    client, side = RTCPeerConnection(RTCConfiguration(iceServers=[])), Side()
    client.addTrack(ToneTrack(440))
    capabilities = RTCRtpReceiver.getCapabilities("audio")
    assert capabilities is not None
    client.getTransceivers()[0].setCodecPreferences([c for c in capabilities.codecs if c.mimeType == "audio/PCMU"])
    await client.setLocalDescription(await client.createOffer())
    transport, answer = await side.open(client.localDescription.sdp)
    assert transport.negotiated == ("PCMU", 0, None)
    await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await until(lambda: len(side.packets) > 60)
    payloads = [p.payload for p in map(rtp.parse, side.packets) if p is not None]
    assert audio.goertzel(codecs.decode("PCMU", b"".join(payloads)), 440) > 0.15

    hears = asyncio.create_task(_hear(client.getReceivers()[0].track, frames=60))
    coded = codecs.encode("PCMU", audio.tone(900, seconds=2))
    for n in range(100):
        transport.send(rtp.build(0, n, n * 160, transport.ssrc, coded[n * 160 : n * 160 + 160]))
        await asyncio.sleep(0.01)
    heard = await asyncio.wait_for(hears, 30)
    assert audio.goertzel(heard, 900) > 0.15
    await client.close()
    await transport.close()


async def _hear(track: MediaStreamTrack, frames: int) -> audio.Sound:
    parts = []
    for _ in range(frames):
        frame = await track.recv()
        assert isinstance(frame, av.AudioFrame)
        parts.append(frame.to_ndarray().astype(np.int16).ravel())
    return np.concatenate(parts)
