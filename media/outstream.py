"""One outgoing RTP stream that stays continuous whatever feeds it: a prompt, a mix, or another leg's packets.

SSRC never changes; sequence numbers and timestamps go on from what was sent last. Forwarded packets keep their
own gaps and order (the far end must be able to see loss), shifted by an offset that is taken anew at each change
of source. Times are integer microseconds, timestamps 8 kHz samples.
"""

from __future__ import annotations

from msgspec import Struct

from media.rtp import FRAME_SAMPLES, SAMPLE_RATE, US_PER_SAMPLE, sequence_delta, timestamp_delta

_MAX_DRIFT = 2 * SAMPLE_RATE
_EVENT_QUIET_US = 300_000
_WINDOW = 64
_WINDOW_MASK = (1 << _WINDOW) - 1
# The source of what this process makes itself.
_OURSELVES = ("", 0)


class Stamp(Struct, frozen=True, gc=False):
    """What goes into the header of an outgoing packet."""

    sequence: int
    timestamp: int
    marker: bool


class OutStream:
    """Sequence and timestamp of one outgoing stream."""

    __slots__ = (
        "_base_ts",
        "_base_us",
        "_event_at",
        "_event_key",
        "_event_ts",
        "_first",
        "_sent",
        "_sequence_offset",
        "_source",
        "_timestamp_offset",
        "sequence",
        "ssrc",
        "timestamp",
    )

    def __init__(self, ssrc: int, sequence: int, timestamp: int, now: int) -> None:
        """Random start values come from outside (section 5.1 of RFC 3550 wants them unpredictable)."""
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        self._base_ts = timestamp
        self._base_us = now
        self._source: tuple[str, int] | None = None
        self._sequence_offset = 0
        self._timestamp_offset = 0
        self._first = 0
        self._sent = 1
        self._event_key: tuple[str, int] | None = None
        self._event_ts = 0
        self._event_at = 0

    def tick(self, now: int) -> Stamp:
        """The stamp of the next 20 ms frame that this process makes itself."""
        marker = self._source is not _OURSELVES
        if marker:
            self._source = _OURSELVES
            timestamp = self._resume(now)
        else:
            timestamp = (self.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        # As `_advance(1)`: this is done fifty times a second for each leg that is played to.
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._sent = (self._sent << 1 | 1) & _WINDOW_MASK
        self.timestamp = timestamp
        return Stamp(self.sequence, timestamp, marker)

    def skip(self, frames: int) -> None:
        """Ticks that were not sent: time passed all the same."""
        self.timestamp = (self.timestamp + frames * FRAME_SAMPLES) & 0xFFFFFFFF

    def forward(self, leg_id: str, ssrc: int, sequence: int, timestamp: int, marker: bool, now: int) -> Stamp | None:
        """The stamp of a packet passed through from another leg; None for a duplicate or one older than the change.

        A number is never given twice: SRTP would refuse it, and nobody needs it.
        """
        source = self._source
        if source is None or source[1] != ssrc or source[0] != leg_id or self._strayed(timestamp, now):
            self._source = (leg_id, ssrc)
            self._first = sequence
            self._sequence_offset = self.sequence + 1 - sequence
            self._timestamp_offset = self._resume(now) - timestamp
            marker = True
        elif sequence_delta(sequence, self._first) < 0:
            if sequence_delta(sequence, self._first) > -1000:
                return None
            # Half the circle has gone by since the change of source; nothing is older than it any more.
            self._first = sequence
        out_sequence = (sequence + self._sequence_offset) & 0xFFFF
        out_timestamp = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
        ahead = sequence_delta(out_sequence, self.sequence)
        if ahead > 0:
            self._advance(ahead)
            self.timestamp = out_timestamp
        elif ahead <= -_WINDOW or self._sent >> -ahead & 1:
            return None
        else:
            self._sent |= 1 << -ahead
        return Stamp(out_sequence, out_timestamp, marker)

    def forward_event(
        self, leg_id: str, ssrc: int, sequence: int, timestamp: int, marker: bool, now: int
    ) -> Stamp | None:
        """The stamp of a passed-through telephone-event: all packets of one press share one timestamp (RFC 4733).

        Events may come with an SSRC of their own or into a stream that is mixed here; then they are inserted
        between the audio packets, and what follows is numbered one higher.
        """
        if self._source == (leg_id, ssrc):
            return self.forward(leg_id, ssrc, sequence, timestamp, marker, now)
        key = (leg_id, timestamp)
        if key != self._event_key or now - self._event_at > _EVENT_QUIET_US:
            self._event_key = key
            self._event_ts = self._resume(now)
            marker = True
        self._event_at = now
        self._advance(1)
        self._sequence_offset += 1
        return Stamp(self.sequence, self._event_ts, marker)

    def _advance(self, by: int) -> None:
        """Go on to a higher number; `_sent` has one bit for each of the last 64, the newest lowest."""
        self.sequence = (self.sequence + by) & 0xFFFF
        self._sent = (self._sent << min(by, _WINDOW) | 1) & _WINDOW_MASK

    def _resume(self, now: int) -> int:
        """Where a new source begins: the clock's place, at least one frame behind what was sent last."""
        earliest = (self.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        clock = self._clock(now)
        ahead = timestamp_delta(clock, earliest)
        if ahead < -_MAX_DRIFT:
            self._base_ts = earliest
            self._base_us = now
        return clock if ahead > 0 else earliest

    def _clock(self, now: int) -> int:
        return (self._base_ts + (now - self._base_us) // US_PER_SAMPLE) & 0xFFFFFFFF

    def _strayed(self, timestamp: int, now: int) -> bool:
        """Whether the source's timestamps have jumped away from real time (its device was restarted, say)."""
        out = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
        return abs(timestamp_delta(out, self._clock(now))) > _MAX_DRIFT
