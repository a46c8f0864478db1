"""Files that recordings are written to: WAV, or Ogg with Opus (RFC 7845) where the name ends in .ogg.

Encoding and writing are done on a thread, because a slow disk must not hold up the tick. Every write goes to the
system at once: what a process that is killed has written can be played.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import av
import numpy as np
from av.error import FFmpegError

from media.errors import MediaError
from media.rtp import SAMPLE_RATE

OGG: Final = ".ogg"
# Below 40 kbit/s libopus mixes the sides of a stereo signal into each other (at 24: 15 dB apart, at 48: more than 60).
BIT_RATE: Final = 48_000
_COMPLEXITY = "3"
_MOST_BEHIND = 64
"""Writes that may wait, a quarter of a second each: a disk that is slower for so long does not come back in time."""


class Sink(Protocol):
    """Takes interleaved 16-bit stereo at 8 kHz, in order. Both may raise OSError or av's FFmpegError."""

    def write(self, samples: bytes) -> None: ...

    def close(self) -> None: ...


class WavSink:
    """A WAV file; its header is finished when it is closed."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._file: wave.Wave_write = wave.open(raw, "wb")  # noqa: SIM115 - open as long as the recording goes on
        self._file.setnchannels(2)
        self._file.setsampwidth(2)
        self._file.setframerate(SAMPLE_RATE)

    def write(self, samples: bytes) -> None:
        """At the end of the file."""
        self._file.writeframesraw(samples)

    def close(self) -> None:
        """Finish the header."""
        try:
            self._file.close()
        finally:
            self._raw.close()


class OggSink:
    """Ogg Opus, five pages a second: what is not on a page yet is lost with the process."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._position = 0
        self._container = av.open(raw, "w", format="ogg", options={"flush_packets": "1", "page_duration": "200000"})
        self._stream = self._container.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        self._stream.bit_rate = BIT_RATE
        # Constrained: free to choose, libopus takes half as much again for telephone speech.
        self._stream.options = {"application": "audio", "compression_level": _COMPLEXITY, "vbr": "constrained"}

    def write(self, samples: bytes) -> None:
        """Encode them."""
        flat = np.frombuffer(samples, dtype="<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(flat, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._position
        self._position += frame.samples
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def close(self) -> None:
        """Encode what is left and end the stream."""
        try:
            if self._position:
                for packet in self._stream.encode(None):
                    self._container.mux(packet)
            self._container.close()
        finally:
            self._raw.close()


def open_sink(path: Path) -> Sink:
    """The file, by its name's ending. MediaError record_failed."""
    try:
        # Unbuffered: what has been written survives the process. It stays open as long as the recording goes on.
        raw: BinaryIO = path.open("wb", buffering=0)
    except OSError as error:
        raise MediaError("record_failed", str(error)) from error
    return OggSink(raw) if path.suffix == OGG else WavSink(raw)


class ThreadedSink:
    """Passes writes on to a thread, in order. The first failure ends it and is told once, on the event loop."""

    def __init__(self, sink: Sink, pool: ThreadPoolExecutor, failed: Callable[[str], None]) -> None:
        self._sink = sink
        self._pool = pool
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._behind = 0
        self._broken = False

    def write(self, samples: bytes) -> None:
        """Returns at once."""
        if self._broken:
            return
        if self._behind >= _MOST_BEHIND:
            self._break(f"the disk is {_MOST_BEHIND} writes behind")
            return
        self._behind += 1
        self._loop.run_in_executor(self._pool, self._sink.write, samples).add_done_callback(self._written)

    async def close(self) -> None:
        """Returns when everything is in the file, or was given up."""
        try:
            await self._loop.run_in_executor(self._pool, self._sink.close)
        except (OSError, FFmpegError) as error:
            self._break(str(error))

    def _written(self, done: asyncio.Future[None]) -> None:
        self._behind -= 1
        error = done.exception()
        if error is not None:
            self._break(str(error))

    def _break(self, reason: str) -> None:
        if not self._broken:
            self._broken = True
            self._failed(reason)


def duration_us(path: Path) -> int:
    """How long an Ogg recording plays, in microseconds, also one that was cut off; 0 when there is nothing to play."""
    try:
        with av.open(str(path)) as container:
            return int(container.duration or 0)
    except (OSError, FFmpegError):
        return 0
