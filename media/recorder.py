"""A stereo WAV of one leg: left is what it says, right is what it hears."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from media import codecs
from media.codecs import CodecName
from media.errors import MediaError
from media.rtp import SAMPLE_RATE, US_PER_SAMPLE, timestamp_delta

_FLUSH_SAMPLES = SAMPLE_RATE
_JUMP = 2 * SAMPLE_RATE
_LEFT, _RIGHT = 0, 1


class Recorder:
    """Places each packet by its timestamp on a common time line and writes all that is older than a second."""

    def __init__(self, path: Path, now: int) -> None:
        """Open the file; MediaError record_failed."""
        try:
            # Opened here rather than in a with block: it stays open as long as the recording goes on.
            self._raw = path.open("wb")
        except OSError as error:
            raise MediaError("record_failed", str(error)) from error
        self._file: wave.Wave_write = wave.open(self._raw, "wb")  # noqa: SIM115
        self._file.setnchannels(2)
        self._file.setsampwidth(2)
        self._file.setframerate(SAMPLE_RATE)
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

    def close(self, now: int) -> None:
        """Write what is left, up to `now`, and close the file."""
        self._advance(now, keep=0)
        self._file.close()
        self._raw.close()

    def _place(self, side: int, ssrc: int, timestamp: int, codec: CodecName, payload: bytes, now: int) -> None:
        self._advance(now, keep=_FLUSH_SAMPLES)
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
            self._file.writeframesraw(self._pending[:count].tobytes())
            self._pending[:-count] = self._pending[count:]
            self._pending[-count:] = 0
            self._written += count
            due -= count
