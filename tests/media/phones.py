"""Test phones: real UDP sockets that speak RTP, and the analysis of what they hear."""

from __future__ import annotations

import asyncio
import itertools
import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from media import codecs, rtp
from media.codecs import CodecName
from media.dtmf import DIGITS, EventFrame
from media.events import MediaEvent

PAYLOAD_TYPES: dict[CodecName, int] = {"PCMU": 0, "PCMA": 8}
EVENT_TYPE = 101


def tone(frequency: float, samples: int, start: int = 0, amplitude: float = 8000.0) -> codecs.Samples:
    """A sine wave at 8 kHz."""
    times = np.arange(start, start + samples) / rtp.SAMPLE_RATE
    return np.rint(amplitude * np.sin(2 * math.pi * frequency * times)).astype(np.int16)


def strength(samples: codecs.Samples, frequency: float) -> float:
    """Mean amplitude of one frequency over windows of 50 ms (Goertzel's sum, written as one product).

    Windows, because a playout buffer may shift the sound by some milliseconds, and with it the phase.
    """
    windows = samples[: len(samples) // 400 * 400].reshape(-1, 400)
    if len(windows) == 0:
        return 0.0
    wave = np.exp(-2j * math.pi * frequency * np.arange(400) / rtp.SAMPLE_RATE)
    return float(np.mean(2 * np.abs(windows @ wave) / 400))


def listen(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    """A recording as two columns of samples at 8 kHz: what the leg said, what it heard."""
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=rtp.SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames]).astype(np.int16)


@dataclass
class Heard:
    packet: rtp.RtpPacket
    at: float


@dataclass
class Phone(asyncio.DatagramProtocol):
    """One RTP endpoint with a real socket. `lose(n)` says whether its n-th packet is lost on the way out."""

    codec: CodecName = "PCMU"
    frequency: float = 440.0
    lose: Callable[[int], bool] = lambda n: False
    heard: list[Heard] = field(default_factory=list)
    transport: asyncio.DatagramTransport = field(init=False)
    sequence: int = 65_500
    timestamp: int = 4_294_960_000
    ssrc: int = 0x1234
    sent: int = 0
    talking: asyncio.Task[None] | None = None
    peer: tuple[str, int] = ("127.0.0.1", 0)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Any) -> None:
        packet = rtp.parse(data)
        if packet is not None:
            self.heard.append(Heard(packet, time.monotonic()))

    def error_received(self, exc: Exception) -> None:
        """The other side's port is closed: a phone does not care."""

    async def open(self, host: str = "127.0.0.1") -> Phone:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        return self

    def close(self) -> None:
        if self.talking is not None:
            self.talking.cancel()
        self.transport.close()

    def send_payload(self, payload_type: int, payload: bytes, timestamp: int, *, marker: bool = False) -> None:
        packet = rtp.build(
            payload_type, self.sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc, payload, marker=marker
        )
        self.sequence += 1
        self.sent += 1
        if not self.lose(self.sent):
            self.transport.sendto(packet, self.peer)

    def send_frame(self) -> None:
        samples = tone(self.frequency, rtp.FRAME_SAMPLES, self.timestamp % 8_000_000)
        self.send_payload(PAYLOAD_TYPES[self.codec], codecs.encode(self.codec, samples), self.timestamp)
        self.timestamp += rtp.FRAME_SAMPLES

    def talk(self) -> None:
        """Send the tone until closed, on absolute deadlines."""
        self.talking = asyncio.create_task(self._talk(), name="phone")

    async def hush(self) -> None:
        if self.talking is not None:
            self.talking.cancel()
            await asyncio.gather(self.talking, return_exceptions=True)

    async def _talk(self) -> None:
        due = time.monotonic()
        while True:
            self.send_frame()
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def press(self, frames: list[EventFrame | None], spacing: float = 0.005) -> None:
        """Send telephone-event packets; one timestamp for each press."""
        start = self.timestamp
        for frame in frames:
            if frame is not None:
                if frame.first:
                    start = self.timestamp
                self.send_payload(EVENT_TYPE, frame.payload, start, marker=frame.first)
            self.timestamp += rtp.FRAME_SAMPLES
            await asyncio.sleep(spacing)

    def audio(self, last: int | None = None) -> codecs.Samples:
        """What was heard, in timestamp order, without gaps closed or opened; `last` counts packets."""
        packets = [h.packet for h in self.heard if h.packet.payload_type == PAYLOAD_TYPES[self.codec]]
        payload = b"".join(p.payload for p in (packets[-last:] if last else packets))
        return codecs.decode(self.codec, payload)

    def events(self) -> list[rtp.RtpPacket]:
        return [h.packet for h in self.heard if h.packet.payload_type == EVENT_TYPE]

    def digits_heard(self) -> str:
        """Digits by distinct timestamp among the event packets."""
        seen: dict[int, str] = {}
        for packet in self.events():
            seen.setdefault(packet.timestamp, DIGITS[packet.payload[0]])
        return "".join(seen.values())

    def is_continuous(self) -> bool:
        """Whether SSRC is one, sequence numbers follow each other and timestamps never go back."""
        packets = [h.packet for h in self.heard]
        return len({p.ssrc for p in packets}) == 1 and all(
            rtp.sequence_delta(b.sequence, a.sequence) == 1 and rtp.timestamp_delta(b.timestamp, a.timestamp) >= 0
            for a, b in itertools.pairwise(packets)
        )


class Events(list[MediaEvent]):
    """Everything an engine reported."""

    def of(self, kind: str, leg_id: str | None = None) -> list[MediaEvent]:
        return [e for e in self if e.kind == kind and leg_id in (None, e.leg_id)]

    def digits(self, leg_id: str) -> str:
        return "".join(e.digit or "" for e in self.of("digit", leg_id))


@contextmanager
def bound_udp(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    try:
        yield sock
    finally:
        sock.close()
