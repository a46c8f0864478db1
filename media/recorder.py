"""A stereo recording of one leg: left is what it says, right is what it hears."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from media import codecs
from media.codecs import CodecName
from media.rtp import SAMPLE_RATE, US_PER_SAMPLE, timestamp_delta

_FLUSH_SAMPLES = SAMPLE_RATE
_JUMP = 2 * SAMPLE_RATE
_LEFT, _RIGHT = 0, 1


class Output(Protocol):
    """Takes interleaved 16-bit stereo at 8 kHz, in order."""

    def write(self, samples: bytes) -> None: ...


class Recorder:
    """Places each packet by its timestamp on a common time line and writes all that is older than a second."""

    def __init__(self, output: Output, now: int) -> None:
        """The recording begins `now`, in microseconds as everywhere here."""
        self.muted = False
        self._output = output
        self._began = now
        self._written = 0
        self._pending = np.zeros((2 * _FLUSH_SAMPLES, 2), dtype="<i2")
        self._anchors: list[tuple[int, int, int] | None] = [None, None]

    def said(self, ssrc: int, timestamp: int, codec: CodecName, payload: bytes, now: int) -> None:
        """A packet from the leg."""
        self._place(_LEFT, ssrc, timestamp, codec, payload, now)

    def heard(self, ssrc: int, timestamp: int, codec: CodecName, payload: bytes, now: int) -> None:
        """A packet to the leg."""
        self._place(_RIGHT, ssrc, timestamp, codec, payload, now)

    def finish(self, now: int) -> int:
        """Write what is left, up to `now`; returns the length in microseconds."""
        self._advance(now, keep=0)
        return self._written * US_PER_SAMPLE

    def _place(self, side: int, ssrc: int, timestamp: int, codec: CodecName, payload: bytes, now: int) -> None:
        self._advance(now, keep=_FLUSH_SAMPLES)
        if self.muted:
            return
        clock = (now - self._began) // US_PER_SAMPLE
        anchor = self._anchors[side]
        position = clock
        if anchor is not None and anchor[0] == ssrc:
            by_timestamp = anchor[2] + timestamp_delta(timestamp, anchor[1])
            if abs(by_timestamp - clock) <= _JUMP // 4:
                position = by_timestamp
        if position == clock:
            self._anchors[side] = (ssrc, timestamp, clock)
        start = position - self._written
        if start < 0 or start + len(payload) > len(self._pending):
            return
        self._pending[start : start + len(payload), side] = codecs.decode(codec, payload)

    def _advance(self, now: int, keep: int) -> None:
        """Write everything older than `keep` samples before `now`."""
        due = (now - self._began) // US_PER_SAMPLE - keep - self._written
        # In steps of a quarter second: one small write for each packet would be all system call.
        while due >= (_FLUSH_SAMPLES // 4 if keep else 1):
            count = min(due, len(self._pending))
            self._output.write(self._pending[:count].tobytes())
            self._pending[:-count] = self._pending[count:]
            self._pending[-count:] = 0
            self._written += count
            due -= count
