"""Telephone-events (RFC 4733): digits out of received packets, and packets for digits to send."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from media.rtp import FRAME_SAMPLES, timestamp_delta

DIGITS = "0123456789*#ABCD"
_EVENT = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 10
_END_REPEATS = 3
_QUIET_US = 300_000
_STALL_US = 2_000_000
_SEGMENT_LIMIT = 0xFFFF - 8 * FRAME_SAMPLES


class DtmfReceiver:
    """Turns the packets of one leg's telephone-event payload type into one digit for each press.

    A press is known by its timestamp, not by marker, end bit or SSRC: any of its packets may be lost, repeated or
    come in another order. It is reported by its first packet to arrive, so that a prompt stops at once. Senders
    that replay a recorded press use its old timestamp again: after 300 ms without a packet it is a new press, unless
    its duration goes on where it was (a sender that stalled).
    """

    __slots__ = ("_at", "_duration", "_event", "_timestamp")

    def __init__(self) -> None:
        self._timestamp = 0
        self._event = -1
        self._duration = 0
        self._at = -2 * _QUIET_US

    def receive(self, timestamp: int, payload: bytes, now: int) -> str | None:
        """The digit whose press this packet reveals, or None for a packet of a known press or a non-DTMF event."""
        if len(payload) < _EVENT.size:
            return None
        event, _, duration = _EVENT.unpack_from(payload)
        if event >= len(DIGITS):
            return None
        fresh = now - self._at > _QUIET_US
        delta = timestamp_delta(timestamp, self._timestamp)
        if delta == 0 and event == self._event and duration >= self._duration and now - self._at <= _STALL_US:
            fresh = False
        if not fresh and delta <= 0:
            if delta == 0 and event == self._event:
                self._at = now
                self._duration = max(self._duration, duration)
            return None
        continued = not fresh and self._continues(event, delta)
        self._timestamp, self._event, self._duration, self._at = timestamp, event, duration, now
        return None if continued else DIGITS[event]

    def _continues(self, event: int, delta: int) -> bool:
        """Whether this is the next segment of a press too long for one duration field (section 2.5.1.3)."""
        return event == self._event and self._duration >= _SEGMENT_LIMIT and delta <= 0xFFFF


@dataclass(frozen=True, slots=True)
class EventFrame:
    """What one 20 ms tick sends of a digit: the payload, and whether it is the first packet of the press."""

    payload: bytes
    first: bool


def schedule(digits: str, duration_ms: int = 100, gap_ms: int = 60) -> list[EventFrame | None]:
    """One entry for each 20 ms tick: a packet of a digit, or None for silence between digits.

    The last packet of a digit goes out three times, one a tick, so that a short burst of loss cannot take all of
    them (section 2.5.1.4); the gap counts from the first of them and is at least as long as they take. ValueError
    for a character that is no digit or a duration outside 40..8000 ms.
    """
    if not 40 <= duration_ms <= 8000:
        raise ValueError(f"digit duration {duration_ms} ms is outside 40..8000")
    frames: list[EventFrame | None] = []
    ticks = -(-duration_ms // 20)
    gap = max(-(-gap_ms // 20), _END_REPEATS)
    for digit in digits.upper():
        event = DIGITS.find(digit)
        if event < 0:
            raise ValueError(f"{digit!r} is no DTMF digit")
        for tick in range(1, ticks):
            payload = _EVENT.pack(event, _VOLUME, tick * FRAME_SAMPLES)
            frames.append(EventFrame(payload, tick == 1))
        end = _EVENT.pack(event, _END | _VOLUME, ticks * FRAME_SAMPLES)
        frames.extend(EventFrame(end, False) for _ in range(_END_REPEATS))
        frames.extend([None] * (gap - _END_REPEATS + 1))
    return frames
