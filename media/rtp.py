"""RTP packets and reception arithmetic (RFC 3550), by struct and without allocation beyond the result."""

from __future__ import annotations

import struct

from msgspec import Struct

SAMPLE_RATE = 8000
FRAME_SAMPLES = 160
"""Samples in the 20 ms frame that the engine sends."""
FRAME_US = 20_000
US_PER_SAMPLE = 125

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_SENDER_REPORT = struct.Struct("!BBHIQIII")
_HEADER_SIZE = 12
_MAX_DROPOUT = 3000


class RtpPacket(Struct, frozen=True, gc=False):
    """One parsed packet; `timestamp` counts samples at 8 kHz, `payload` excludes padding."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: bytes) -> RtpPacket | None:
    """The packet in `data`, or None when it is no RTP (wrong version, truncated, or RTCP by RFC 5761 section 4)."""
    if len(data) < _HEADER_SIZE:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    payload_type = second & 0x7F
    if first >> 6 != 2 or 64 <= payload_type <= 95:
        return None
    payload: bytes | None = data[_HEADER_SIZE:] if first == 0x80 else _payload(data, first)
    if payload is None:
        return None
    return RtpPacket(payload_type, second > 0x7F, sequence, timestamp, ssrc, payload)


def _payload(data: bytes, first: int) -> bytes | None:
    """The payload behind contributing sources and a header extension, without padding (section 5.1, 5.3.1)."""
    start = _HEADER_SIZE + 4 * (first & 0x0F)
    end = len(data)
    if first & 0x10:
        if start + _EXTENSION.size > end:
            return None
        start += _EXTENSION.size + 4 * int(_EXTENSION.unpack_from(data, start)[1])
    if first & 0x20:
        padding = data[-1]
        if padding == 0:
            return None
        end -= padding
    return data[start:end] if start <= end else None


def build(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool = False
) -> bytes:
    """A packet with the plain twelve-byte header."""
    second = payload_type | 0x80 if marker else payload_type
    return _HEADER.pack(0x80, second, sequence, timestamp, ssrc) + payload


def sequence_delta(new: int, old: int) -> int:
    """Signed distance from `old` to `new` in the 16-bit circle: -32768..32767."""
    return ((new - old + 0x8000) & 0xFFFF) - 0x8000


def timestamp_delta(new: int, old: int) -> int:
    """Signed distance from `old` to `new` in the 32-bit circle."""
    return ((new - old + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def build_sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """An RTCP sender report without report blocks (section 6.4.1); `ntp` is a 64-bit NTP timestamp."""
    return _SENDER_REPORT.pack(
        0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )


class Reception:
    """Loss and interarrival jitter of one incoming stream (section 6.4.1, appendices A.1, A.3 and A.8).

    A new SSRC or a sequence jump beyond the dropout limit begins a new span; earlier spans stay in the totals.
    """

    __slots__ = ("_base", "_highest", "_jitter16", "_lost_before", "_received", "_ssrc", "_transit", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self._ssrc = -1
        self._base = 0
        self._highest = 0
        self._received = 0
        self._lost_before = 0
        self._transit = 0
        self._jitter16 = 0

    def update(self, packet: RtpPacket, now: int) -> None:
        """Count a packet that arrived at `now` (microseconds)."""
        self.packets += 1
        transit = now // US_PER_SAMPLE - packet.timestamp
        delta = sequence_delta(packet.sequence, self._highest & 0xFFFF)
        if packet.ssrc != self._ssrc or delta > _MAX_DROPOUT or delta < -_MAX_DROPOUT:
            self._begin(packet, transit)
            return
        self._received += 1
        if delta > 0:
            self._highest += delta
        difference = abs(timestamp_delta(transit & 0xFFFFFFFF, self._transit & 0xFFFFFFFF))
        self._transit = transit
        if difference < SAMPLE_RATE:
            self._jitter16 += difference - ((self._jitter16 + 8) >> 4)

    def _begin(self, packet: RtpPacket, transit: int) -> None:
        self._lost_before = self.lost
        self._ssrc = packet.ssrc
        self._base = self._highest = packet.sequence
        self._received = 1
        self._transit = transit

    @property
    def lost(self) -> int:
        """Packets that were expected and never came; duplicates count against it, so never below zero."""
        if self._ssrc < 0:
            return 0
        return self._lost_before + max(0, self._highest - self._base + 1 - self._received)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter in milliseconds."""
        return (self._jitter16 >> 4) * 1000 / SAMPLE_RATE
