"""Callers' messages: recorded by the media engine, kept as mono WAV files in a folder of the data directory.

The engine writes a stereo file beside it (left: the caller, right: what the caller hears) about a second behind;
silence is found by reading what it has written. A file is named by its interaction and never by anybody's number.
While it is recorded, a note lies beside it: a server that starts again makes messages of what a crash cut off.
"""

import asyncio
import wave
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import structlog

from ivr.commands import KeepMessage, Record
from media.errors import MediaError
from records.follow_ups import FollowUps
from voice.requests import RequestError

log = structlog.get_logger(__name__)

RATE = 8000
HEADER_BYTES = 44
FRAME_BYTES = 4  # two channels of 16 bit
# Speech on a telephone line is far above -45 dBFS (ITU-T P.56 puts it at -26 to -20), the noise of a quiet line below.
SPEECH_LEVEL = 32768 * 10 ** (-45 / 20)
SHORTEST_US = 500_000
LOOK_EVERY_S = 0.25
STILL_S = 1.0  # The engine writes several times a second while anything comes in.
_BLOCK = RATE // 50


class Recording(Protocol):
    """What is needed of the media engine."""

    async def record(self, leg_id: str, path: str) -> None: ...

    async def stop_record(self, leg_id: str, path: str | None = None) -> int: ...


class Tasks(Protocol):
    """Who owns the watch for silence."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]: ...


@dataclass(slots=True)
class _Open:
    leg_id: str
    raw: Path
    watch: asyncio.Task[None] | None = None


class LeftNote(msgspec.Struct, frozen=True):
    """What the file does not say of a recording that is under way."""

    queue: str
    number: str
    language: str
    path: tuple[str, ...]


class VoicemailBox:
    """Implements voice's Voicemails. `caller` gives (number, name) of an interaction, `wall` the time in us."""

    def __init__(
        self,
        engine: Recording,
        folder: Path,
        follow_ups: FollowUps,
        tasks: Tasks,
        caller: Callable[[str], tuple[str, str]],
        wall: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._follow_ups = follow_ups
        self._tasks = tasks
        self._caller = caller
        self._wall = wall
        self._open: dict[str, _Open] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._open)

    async def begin(self, interaction_id: str, leg_id: str, request: Record, silent: Callable[[], None]) -> None:
        """Records the leg; a recording of the same interaction that is open is thrown away."""
        await self.drop(interaction_id)
        self._number += 1
        opened = _Open(leg_id, self._folder / f"{interaction_id}-{self._number}.part")
        note = LeftNote(
            request.message.queue, self._caller(interaction_id)[0], request.message.language, request.message.path
        )
        try:
            await asyncio.to_thread(_write_note, opened.raw, note)
            await self._engine.record(leg_id, str(opened.raw))
        except OSError as error:
            log.error("voicemail_not_written", interaction_id=interaction_id, error=str(error))
            raise RequestError("not_written") from error
        except MediaError as error:
            _discard(opened.raw)
            raise RequestError(error.reason) from error
        self._open[interaction_id] = opened
        if request.silence_us:
            watch = self._watch(opened.raw, request.silence_us, silent)
            opened.watch = self._tasks.spawn(watch, f"silence:{interaction_id}")

    async def keep(self, interaction_id: str, request: KeepMessage) -> None:
        """Makes the message of what was recorded. RequestError "empty" below half a second of speech.

        Whatever else goes wrong, the recording stays for the next start.
        """
        opened = self._open.get(interaction_id)
        if opened is None:
            raise RequestError("not_recorded")
        await self._stop(interaction_id)
        note = LeftNote(request.queue, self._caller(interaction_id)[0], request.language, request.path)
        try:
            kept = await _keep(opened.raw, note, interaction_id, self._wall(), self._follow_ups)
        except OSError as error:
            log.error("voicemail_not_written", interaction_id=interaction_id, error=str(error))
            raise RequestError("not_written") from error
        if not kept:
            raise RequestError("empty")

    async def drop(self, interaction_id: str) -> None:
        """Nothing of it stays."""
        opened = self._open.get(interaction_id)
        if opened is not None:
            await self._stop(interaction_id)
            _discard(opened.raw)

    async def _stop(self, interaction_id: str) -> None:
        opened = self._open.pop(interaction_id)
        if opened.watch is not None:
            opened.watch.cancel()
        try:
            await self._engine.stop_record(opened.leg_id, str(opened.raw))
        except MediaError as error:
            # The leg or its worker is gone; what it wrote until then is still there.
            log.info("recording_already_over", interaction_id=interaction_id, reason=error.reason)

    async def _watch(self, raw: Path, silence_us: int, silent: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        position, quiet, grew_at = HEADER_BYTES, 0, loop.time()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            samples = await asyncio.to_thread(_caller_samples, raw, position)
            if len(samples):
                position += len(samples) * FRAME_BYTES
                quiet = _quiet_tail(samples, quiet)
                grew_at = loop.time()
            # A phone that sends nothing while its user is silent (RFC 3551, section 4.1) makes the file stand still.
            still_s = loop.time() - grew_at
            if quiet / RATE + (still_s if still_s > STILL_S else 0) >= silence_us / 1e6:
                silent()
                return


async def keep_left_behind(folder: Path, follow_ups: FollowUps) -> None:
    """Before the first call: what a crash cut off becomes messages, and what cannot be one is removed."""
    for raw in _left_behind(folder):
        interaction_id = raw.stem.rpartition("-")[0]
        try:
            note = msgspec.json.decode(_note_of(raw).read_bytes(), type=LeftNote)
            kept = await _keep(raw, note, interaction_id, raw.stat().st_mtime_ns // 1000, follow_ups)
        except (FileNotFoundError, msgspec.DecodeError) as error:
            log.warning("left_recording_removed", interaction_id=interaction_id, error=str(error))
            _discard(raw)
        except OSError as error:
            log.error("voicemail_not_written", interaction_id=interaction_id, error=str(error))
        else:
            log.info("left_recording_kept" if kept else "left_recording_empty", interaction_id=interaction_id)


def _left_behind(folder: Path) -> list[Path]:
    """Recordings, oldest first; notes without one are removed."""
    for note in folder.glob("*.json"):
        if not note.with_suffix(".part").exists():
            note.unlink()
    return sorted(folder.glob("*.part"), key=lambda raw: raw.stat().st_mtime_ns)


async def _keep(raw: Path, note: LeftNote, interaction_id: str, now: int, follow_ups: FollowUps) -> bool:
    """False when nothing was said. The recording goes last: after a crash in between it is listed twice, not lost."""
    target = raw.with_suffix(".wav")
    duration_us = await asyncio.to_thread(_make_message, raw, target)
    if duration_us:
        await follow_ups.voicemail(
            interaction_id,
            note.queue,
            note.number,
            note.language,
            note.path,
            now,
            file=target.name,
            duration_us=duration_us,
        )
    _discard(raw)
    return bool(duration_us)


def _note_of(raw: Path) -> Path:
    return raw.with_suffix(".json")


def _write_note(raw: Path, note: LeftNote) -> None:
    raw.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _note_of(raw).write_bytes(msgspec.json.encode(note))


def _discard(raw: Path) -> None:
    raw.unlink(missing_ok=True)
    _note_of(raw).unlink(missing_ok=True)


def _caller_samples(raw: Path, position: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The left channel from the byte `position` on, whole frames only."""
    with raw.open("rb") as file:
        file.seek(position)
        data = file.read()
    whole = len(data) // FRAME_BYTES * FRAME_BYTES
    return np.frombuffer(data[:whole], dtype="<i2")[::2]


def _loud(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which 20 ms blocks hold speech; samples after the last whole block are left out."""
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    return np.asarray(np.sqrt((blocks**2).mean(axis=1)) > SPEECH_LEVEL)


def _quiet_tail(samples: np.ndarray[tuple[int], np.dtype[np.int16]], before: int) -> int:
    """How many samples have been quiet up to now, when `before` were so until then."""
    loud = np.flatnonzero(_loud(samples))
    return before + len(samples) if not len(loud) else len(samples) - (int(loud[-1]) + 1) * _BLOCK


def _make_message(raw: Path, target: Path) -> int:
    """Writes the caller's channel without the silence behind it; returns the length, 0 for none.

    The engine's header is not read: a worker that died has not finished it.
    """
    samples = _caller_samples(raw, HEADER_BYTES)
    loud = np.flatnonzero(_loud(samples))
    if len(loud) * _BLOCK * 1_000_000 < SHORTEST_US * RATE:
        return 0
    samples = samples[: (int(loud[-1]) + 1) * _BLOCK + RATE // 2]
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    target.chmod(0o600)
    return len(samples) * 1_000_000 // RATE
