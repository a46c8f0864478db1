"""The recordings of one engine: which leg is recorded to which file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from media.clock import monotonic_us
from media.errors import MediaError
from media.events import MediaEvent
from media.leg import Leg
from media.recorded import ThreadedSink, open_sink
from media.recorder import Recorder

log = structlog.get_logger(__name__)


class Recordings:
    """A leg may be recorded to several files, each named by its path."""

    def __init__(self, emit: Callable[[MediaEvent], None]) -> None:
        self._emit = emit
        # One thread: writes stay in order, and a slow disk holds up recordings only.
        self._pool = ThreadPoolExecutor(1, "media-recordings")
        self._open: dict[tuple[str, str], tuple[Recorder, ThreadedSink]] = {}

    def begin(self, leg: Leg, path: str) -> None:
        """Record from now on. MediaError record_failed, also for a path that is being recorded to."""
        key = (leg.leg_id, path)
        if key in self._open:
            raise MediaError("record_failed", f"{path} is open")
        output = ThreadedSink(open_sink(Path(path)), self._pool, lambda why: self._failed(*key, why))
        recorder = Recorder(output, monotonic_us())
        self._open[key] = (recorder, output)
        leg.recorders += (recorder,)

    def mute(self, leg: Leg, path: str, *, on: bool) -> None:
        """Silence goes to the file from now on, or the sound again. MediaError not_recorded."""
        found = self._open.get((leg.leg_id, path))
        if found is None:
            raise MediaError("not_recorded", path)
        found[0].muted = on

    async def end(self, leg: Leg, path: str | None) -> int:
        """Finish the file at that path, or all; the length of the last in microseconds, 0 when there is none."""
        ended = [key for key in self._open if key[0] == leg.leg_id and path in (None, key[1])]
        closing = [self._open.pop(key) for key in ended]
        leg.recorders = tuple(one for one in leg.recorders if all(one is not recorder for recorder, _ in closing))
        length = 0
        for recorder, _ in closing:
            length = recorder.finish(monotonic_us())
        for _, output in closing:
            await output.close()
        return length

    async def aclose(self) -> None:
        """After the last `end`."""
        await asyncio.to_thread(self._pool.shutdown)

    def _failed(self, leg_id: str, path: str, why: str) -> None:
        log.error("recording_failed", leg_id=leg_id, path=path, error=why)
        self._emit(MediaEvent("record_failed", leg_id, reason=why, path=path))
