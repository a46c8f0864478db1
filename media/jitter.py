"""A playout buffer of coded G.711 bytes, indexed by timestamp.

One sample is one byte, so the buffer is a byte ring: reordering and duplicates need no bookkeeping, any packet length
fits. A second ring has a 1 for each sample that came; what is lost reads as silence, and `lost` says where. The
play-out point starts as close to the newest packet as the wanted slack allows, moves back when packets come late and
forward again when they have been early for a while.
"""

from __future__ import annotations

from media.rtp import FRAME_SAMPLES, FRAME_US, SAMPLE_RATE, US_PER_SAMPLE, timestamp_delta

CAPACITY = 4096
"""Samples in the ring: 512 ms."""
MAX_DEPTH = 480
"""The furthest that lateness may move the play-out point back: 60 ms."""
_STEP = 40
_START_SLACK = 80
_WINDOW_FRAMES = 100
_QUIET_US = 200_000
_NONE = bytes(FRAME_SAMPLES)
_ALL = b"\1" * FRAME_SAMPLES


class JitterBuffer:
    """Fixed-capacity playout ring of one incoming stream; times are microseconds, lengths samples."""

    __slots__ = (
        "_anchored",
        "_blank",
        "_came",
        "_grown",
        "_last_arrival",
        "_last_timestamp",
        "_least_ahead",
        "_least_slack",
        "_point",
        "_pulled",
        "_pulls",
        "_ring",
        "_ssrc",
        "late",
        "lost",
        "resyncs",
    )

    def __init__(self, silence: int) -> None:
        """`silence` is the coded byte that fills what never came."""
        self._blank = bytes((silence,))
        self._ring = bytearray(self._blank * CAPACITY)
        self._came = bytearray(CAPACITY)
        self._ssrc = -1
        self._point = 0
        self._anchored = False
        self._last_timestamp = 0
        self._last_arrival = -_QUIET_US
        self._least_ahead = CAPACITY
        self._least_slack = CAPACITY
        self._pulled = 0
        self._pulls = 0
        self._grown = 0
        self.late = 0
        self.lost: bytes | None = None
        """Of the last pull: a byte for each sample, 0 where it is missing; None when all are there."""
        self.resyncs = 0

    def push(self, ssrc: int, timestamp: int, payload: bytes, now: int) -> None:
        """Store a packet that arrived at `now`; what is too late to be played is counted and left out."""
        quiet = now - self._last_arrival >= _QUIET_US
        if ssrc != self._ssrc or (quiet and not self._anchored) or self._jumped(timestamp, len(payload)):
            self._resync(ssrc, timestamp)
        if self._anchored:
            payload, timestamp = self._fit(timestamp, payload, now)
        if payload:
            self._store(timestamp, payload)
        if timestamp_delta(timestamp, self._last_timestamp) >= 0:
            self._last_timestamp = timestamp
            self._last_arrival = now

    def pull(self, now: int) -> bytes | None:
        """The next 20 ms of coded bytes; None while nothing is being received."""
        if now - self._last_arrival >= _QUIET_US:
            self._anchored = False
            return None
        if not self._anchored:
            self._anchor(now)
        self._adapt()
        self._pulled = now
        start = self._point % CAPACITY
        end = start + FRAME_SAMPLES
        if end <= CAPACITY:
            frame, came = bytes(self._ring[start:end]), bytes(self._came[start:end])
            self._ring[start:end] = self._blank * FRAME_SAMPLES
            self._came[start:end] = _NONE
        else:
            split = CAPACITY - start
            frame = bytes(self._ring[start:]) + bytes(self._ring[: end - CAPACITY])
            came = bytes(self._came[start:]) + bytes(self._came[: end - CAPACITY])
            self._ring[start:] = self._blank * split
            self._ring[: end - CAPACITY] = self._blank * (end - CAPACITY)
            self._came[start:] = _NONE[:split]
            self._came[: end - CAPACITY] = _NONE[split:]
        self.lost = None if came == _ALL else came
        self._point = (self._point + FRAME_SAMPLES) & 0xFFFFFFFF
        return frame

    def delay_us(self, now: int) -> int:
        """How long ago the samples pulled last at `now` came in."""
        played = timestamp_delta(self._point - FRAME_SAMPLES, self._last_timestamp)
        return max(0, now - self._last_arrival - played * US_PER_SAMPLE)

    def _jumped(self, timestamp: int, length: int) -> bool:
        """Whether the timestamp is out of reach of the ring, ahead or behind."""
        reference = self._point if self._anchored else self._last_timestamp
        ahead = timestamp_delta(timestamp, reference)
        return ahead + length > CAPACITY - FRAME_SAMPLES or ahead < -SAMPLE_RATE // 4

    def _resync(self, ssrc: int, timestamp: int) -> None:
        self._ring[:] = self._blank * CAPACITY
        self._came[:] = bytes(CAPACITY)
        self._ssrc = ssrc
        self._anchored = False
        self._last_timestamp = timestamp
        self._grown = 0
        self.resyncs += 1

    def _anchor(self, now: int) -> None:
        """Choose the play-out point at the first pull: the newest packet, unless it came only just now."""
        waited = (now - self._last_arrival) // US_PER_SAMPLE
        self._point = (self._last_timestamp - max(0, _START_SLACK - waited)) & 0xFFFFFFFF
        self._anchored = True
        self._least_ahead = CAPACITY
        self._least_slack = CAPACITY
        self._pulls = 0

    def _fit(self, timestamp: int, payload: bytes, now: int) -> tuple[bytes, int]:
        """Cut what lies before the play-out point, and move the point back for the packets to come."""
        ahead = timestamp_delta(timestamp, self._point)
        slack = ahead + (self._pulled + FRAME_US - now) // US_PER_SAMPLE
        self._least_ahead = min(self._least_ahead, ahead)
        self._least_slack = min(self._least_slack, slack)
        if ahead >= 0:
            return payload, timestamp
        self.late += 1
        step = min((-ahead + _STEP - 1) // _STEP * _STEP, MAX_DEPTH - self._grown)
        if step > 0:
            self._grown += step
            self._point = (self._point - step) & 0xFFFFFFFF
            ahead += step
        if ahead >= 0:
            return payload, timestamp
        return payload[-ahead:], (timestamp - ahead) & 0xFFFFFFFF

    def _store(self, timestamp: int, payload: bytes) -> None:
        start = timestamp % CAPACITY
        end = start + len(payload)
        there = b"\1" * len(payload)
        if end <= CAPACITY:
            self._ring[start:end] = payload
            self._came[start:end] = there
            return
        split = CAPACITY - start
        self._ring[start:] = payload[:split]
        self._ring[: end - CAPACITY] = payload[split:]
        self._came[start:] = there[:split]
        self._came[: end - CAPACITY] = there[split:]

    def _adapt(self) -> None:
        """After a window in which every packet was early by a step and the slack, play 5 ms sooner."""
        self._pulls += 1
        if self._pulls < _WINDOW_FRAMES:
            return
        if _STEP <= self._least_ahead < CAPACITY and self._least_slack >= _START_SLACK + _STEP:
            start = self._point % CAPACITY
            skipped = len(self._ring[start : start + _STEP])
            self._ring[start : start + _STEP] = self._blank * skipped
            self._came[start : start + _STEP] = bytes(skipped)
            self._point = (self._point + _STEP) & 0xFFFFFFFF
            self._grown = max(0, self._grown - _STEP)
        self._pulls = 0
        self._least_ahead = CAPACITY
        self._least_slack = CAPACITY
