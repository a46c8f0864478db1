"""The border between Opus on the wire and PCMU in the engine: RTP packets in, RTP packets out.

A leg that talks Opus is to the engine an ordinary PCMU leg with dynamic payload types; packets are recoded one by one,
without any delay or buffer of their own. On the wire the RTP clock is 48 kHz whatever the sound's rate is (RFC 7587
section 4.1). Inwards, a gap in the sequence is filled before the packet that shows it (FEC, else concealment), so the
engine sees none; a packet that comes later than the one after it is left out.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from media import codecs, rtp
from media.opus import OpusDecoder, OpusEncoder, OpusError
from media.rtp import FRAME_SAMPLES, RtpPacket, sequence_delta, timestamp_delta

CLOCK_RATE: Final = 48_000
MAX_CONCEALED: Final = 5
"""Lost packets in a row that are filled; after more of them the stream just goes on."""
_RATIO: Final = CLOCK_RATE // rtp.SAMPLE_RATE
_EVENT = struct.Struct("!BBH")
_LONGEST_EVENT: Final = 0xFFFF


class OpusEdge:
    """State of one leg's two streams. `dtmf_rate` is the clock of its telephone-events: 48000, or 8000."""

    def __init__(self, payload_type: int, dtmf_payload_type: int | None, dtmf_rate: int = CLOCK_RATE) -> None:
        """Raises OpusError when there is no libopus."""
        self._payload_type = payload_type
        self._dtmf_payload_type = dtmf_payload_type
        self._event_ratio = dtmf_rate // rtp.SAMPLE_RATE
        self._decoder = OpusDecoder()
        self._encoder = OpusEncoder()
        self._ssrc: int | None = None
        self._next_sequence = 0
        self._next_timestamp = 0
        self._last_timestamp = 0
        self._clock = 0
        self._span = FRAME_SAMPLES
        self._rest = b""
        self._rest_timestamp = 0
        self._in_sequence: int | None = None
        self._out_sequence = 0
        self.concealed = 0
        self.late = 0
        self.broken = 0

    # --- from the peer ------------------------------------------------------------------------------------------

    def inward(self, data: bytes) -> list[bytes]:
        """The engine's packets for one from the peer: audio as PCMU, after what was lost before it; events narrowed."""
        packet = rtp.parse(data)
        if packet is None:
            return [data]
        if packet.ssrc != self._ssrc:
            self._begin(packet)
        ahead = sequence_delta(packet.sequence, self._next_sequence)
        if ahead >= 0:
            self._next_sequence = (packet.sequence + 1) & 0xFFFF
        if packet.payload_type == self._payload_type:
            return self._audio_in(packet, ahead)
        if packet.payload_type == self._dtmf_payload_type:
            return [self._event_in(packet)]
        return [data]

    def _begin(self, packet: RtpPacket) -> None:
        self._ssrc = packet.ssrc
        self._next_sequence = packet.sequence
        self._next_timestamp = packet.timestamp
        self._last_timestamp = packet.timestamp
        self._decoder.reset()

    def _audio_in(self, packet: RtpPacket, ahead: int) -> list[bytes]:
        if ahead < 0:
            self.late += 1
            return []
        built: list[bytes] = []
        try:
            if 0 < ahead <= MAX_CONCEALED:
                built = self._fill(packet, ahead)
            samples = self._decoder.decode(packet.payload)
        except OpusError:
            self.broken += 1
            return built
        built.append(self._pcmu(packet, packet.sequence, packet.timestamp, samples, marker=packet.marker))
        self._span = len(samples)
        self._next_timestamp = (packet.timestamp + len(samples) * _RATIO) & 0xFFFFFFFF
        return built

    def _fill(self, packet: RtpPacket, lost: int) -> list[bytes]:
        """What the lost packets held, when the clock says that they were audio of the usual length."""
        span = self._span
        if timestamp_delta(packet.timestamp, self._next_timestamp) != lost * span * _RATIO:
            return []
        built = []
        for number in range(lost, 0, -1):
            last = number == 1
            samples = self._decoder.recover(packet.payload, span) if last else self._decoder.conceal(span)
            timestamp = (packet.timestamp - number * span * _RATIO) & 0xFFFFFFFF
            built.append(self._pcmu(packet, (packet.sequence - number) & 0xFFFF, timestamp, samples))
            self.concealed += 1
        return built

    def _pcmu(
        self, packet: RtpPacket, sequence: int, timestamp: int, samples: codecs.Samples, *, marker: bool = False
    ) -> bytes:
        payload = codecs.encode("PCMU", samples)
        at = self._narrow(timestamp)
        return rtp.build(packet.payload_type, sequence, at, packet.ssrc, payload, marker=marker)

    def _event_in(self, packet: RtpPacket) -> bytes:
        payload = packet.payload
        if len(payload) >= _EVENT.size:
            event, flags, duration = _EVENT.unpack_from(payload)
            payload = _EVENT.pack(event, flags, duration // self._event_ratio)
        at = self._narrow(packet.timestamp)
        return rtp.build(packet.payload_type, packet.sequence, at, packet.ssrc, payload, marker=packet.marker)

    def _narrow(self, timestamp: int) -> int:
        """48 kHz to 8 kHz, without a jump where the 32 bits of the peer's clock begin anew."""
        self._clock += timestamp_delta(timestamp, self._last_timestamp)
        self._last_timestamp = timestamp
        return self._clock // _RATIO & 0xFFFFFFFF

    # --- to the peer --------------------------------------------------------------------------------------------

    def outward(self, data: bytes) -> list[bytes]:
        """The peer's packets for one of the engine's: frames of 20 ms, whatever the length of what came."""
        packet = rtp.parse(data)
        if packet is None:
            return []
        skipped = 0 if self._in_sequence is None else sequence_delta(packet.sequence, self._in_sequence) - 1
        if skipped < 0:
            return []  # Older than what was sent: an encoder can not go back.
        self._in_sequence = packet.sequence
        self._out_sequence = (self._out_sequence + skipped) & 0xFFFF
        if packet.payload_type == self._dtmf_payload_type:
            return [self._event_out(packet)]
        return self._audio_out(packet)

    def _audio_out(self, packet: RtpPacket) -> list[bytes]:
        payload, timestamp = packet.payload, packet.timestamp
        if self._rest and timestamp == (self._rest_timestamp + len(self._rest)) & 0xFFFFFFFF:
            payload, timestamp = self._rest + payload, self._rest_timestamp
        samples = codecs.decode("PCMU", payload)
        whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
        built = []
        for start in range(0, whole, FRAME_SAMPLES):
            coded = self._encoder.encode(np.ascontiguousarray(samples[start : start + FRAME_SAMPLES]))
            marker = packet.marker and start == 0
            built.append(self._build(packet, (timestamp + start) * _RATIO, coded, marker=marker))
        self._rest = payload[whole:]
        self._rest_timestamp = (timestamp + whole) & 0xFFFFFFFF
        return built

    def _event_out(self, packet: RtpPacket) -> bytes:
        payload = packet.payload
        if len(payload) >= _EVENT.size:
            event, flags, duration = _EVENT.unpack_from(payload)
            payload = _EVENT.pack(event, flags, min(duration * self._event_ratio, _LONGEST_EVENT))
        return self._build(packet, packet.timestamp * _RATIO, payload, marker=packet.marker)

    def _build(self, packet: RtpPacket, timestamp: int, payload: bytes, *, marker: bool) -> bytes:
        self._out_sequence = (self._out_sequence + 1) & 0xFFFF
        # 2**32 ticks at 8 kHz are a multiple of 2**32 at 48 kHz: the product wraps without a jump.
        return rtp.build(
            packet.payload_type, self._out_sequence, timestamp & 0xFFFFFFFF, packet.ssrc, payload, marker=marker
        )
