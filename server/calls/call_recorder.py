"""Records calls: files by the media engine, rows in the records. Implements voice's CallRecorder.

The folder is no part of what the server serves. A file's name is random and says nothing about anybody. Rows are
written beside the call, which never waits for the database.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from config.site import Site
from media.errors import MediaError
from media.recorded import OGG, duration_us
from records.recordings import EndedRecording, NewRecording, Pause, Recordings, RecordingState
from server.tasks import TaskOwner
from voice.events import SetRecording

log = structlog.get_logger(__name__)

_GONE = ("unknown_leg", "worker_lost", "not_recorded")
STOP_S = 5.0  # A disk that hangs must not hold up the end of the call for longer.


class Engine(Protocol):
    """What is needed of the media engine."""

    async def record(self, leg_id: str, path: str) -> None: ...

    async def mute_record(self, leg_id: str, path: str, on: bool) -> None: ...

    async def stop_record(self, leg_id: str, path: str | None = None) -> int: ...


class Counted(Protocol):
    """The metrics."""

    def recorded(self, result: str) -> None: ...


@dataclass(slots=True)
class _Open:
    """A call's recording. `row` keeps `new` beside the call, and then `row_id` is set; pauses are offsets in it."""

    interaction_id: str
    leg_id: str
    path: Path
    new: NewRecording
    row: asyncio.Task[None] | None = None
    row_id: int | None = None
    heard: bool = True
    paused_at: int | None = None
    paused_by: str = ""
    agents: tuple[str, ...] = ()
    pauses: list[Pause] = field(default_factory=list)
    failure: str = ""


class CallRecorder:
    """One for the node. `wall` gives microseconds since the epoch, `lost` is told the interaction of a failure."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        records: Recordings,
        tasks: TaskOwner,
        metrics: Counted,
        *,
        node: str,
        site: Callable[[], Site],
        wall: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._records = records
        self._tasks = tasks
        self._metrics = metrics
        self._node = node
        self._site = site
        self._wall = wall
        self._open: dict[str, _Open] = {}
        self.lost: Callable[[str], None] = lambda _interaction_id: None

    def __len__(self) -> int:
        return len(self._open)

    # --- voice's CallRecorder -----------------------------------------------------------------------------------

    async def follow(self, interaction_id: str, leg_id: str, wanted: SetRecording) -> bool:
        """Begins, or changes what is recorded; False when nothing can be recorded (any more)."""
        opened = self._open.get(interaction_id)
        if opened is None:
            opened = self._begin(interaction_id, leg_id, wanted)
            await self._record(opened)
        if opened.failure:
            return False
        opened.agents = wanted.agents
        self._note_pause(opened, wanted.paused_by)
        if opened.heard is not wanted.heard:
            opened.heard = wanted.heard
            await self._mute(opened)
        return not opened.failure

    async def over(self, interaction_id: str) -> None:
        """The call is over: the file is finished, and the row by and by."""
        opened = self._open.pop(interaction_id, None)
        if opened is None:
            return
        state: RecordingState = "complete" if await self._stop(opened) else "incomplete"
        if opened.failure:
            state = "failed"
        self._note_pause(opened, "")
        self._tasks.spawn(self._finish(opened, state, self._wall()), f"recording:{interaction_id}")

    # --- what the media engine tells ----------------------------------------------------------------------------

    def failed(self, path: str, reason: str) -> None:
        """A file cannot be written any more."""
        opened = next((one for one in self._open.values() if str(one.path.absolute()) == path), None)
        if opened is not None and not opened.failure:
            self._fail(opened, reason)
            self.lost(opened.interaction_id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _begin(self, interaction_id: str, leg_id: str, wanted: SetRecording) -> _Open:
        path, now = self._folder / f"{secrets.token_urlsafe(24)}{OGG}", self._wall()
        queue = self._site().queues.get(wanted.queue)
        new = NewRecording(
            interaction_id=interaction_id,
            work_id=wanted.work_id,
            queue=wanted.queue,
            node=self._node,
            told=wanted.told,
            file=path.name,
            began_at=now,
            keep_days=queue.recording.keep_days if queue is not None else 0,
        )
        opened = self._open[interaction_id] = _Open(interaction_id, leg_id, path, new)
        opened.row = self._tasks.spawn(self._keep(opened), f"recording-row:{interaction_id}")
        return opened

    async def _keep(self, opened: _Open) -> None:
        opened.row_id = await self._records.begin(opened.new)

    async def _record(self, opened: _Open) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            await self._engine.record(opened.leg_id, str(opened.path))
        except (MediaError, OSError) as error:
            self._fail(opened, str(error))

    async def _mute(self, opened: _Open) -> None:
        try:
            await self._engine.mute_record(opened.leg_id, str(opened.path), not opened.heard)
        except MediaError as error:
            # With its leg the recording is gone too, and `over` will tell. A pause that is asked for and does not
            # come about is another matter: better no recording than one with a card number in it.
            if error.reason not in _GONE:
                self._fail(opened, str(error))
                await self._stop(opened)

    async def _stop(self, opened: _Open) -> bool:
        """False when it was over before: the leg or its worker is gone; what it wrote until then is still there."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._engine.stop_record(opened.leg_id, str(opened.path))
        except (MediaError, TimeoutError) as error:
            log.warning("recording_cut_off", interaction_id=opened.interaction_id, error=str(error))
            return False
        return True

    def _fail(self, opened: _Open, reason: str) -> None:
        opened.failure = reason
        log.error("recording_failed", interaction_id=opened.interaction_id, error=reason)

    def _note_pause(self, opened: _Open, by: str) -> None:
        now = self._wall() - opened.new.began_at
        if opened.paused_at is not None and by != opened.paused_by:
            opened.pauses.append(Pause(opened.paused_at, now, opened.paused_by))
            opened.paused_at = None
        if by and opened.paused_at is None:
            opened.paused_at = now
        opened.paused_by = by

    async def _finish(self, opened: _Open, state: RecordingState, now: int) -> None:
        self._metrics.recorded(state)
        length, size, digest = await asyncio.to_thread(measure, opened.path)
        if opened.row is not None:
            await asyncio.wait({opened.row})
        if opened.row_id is None:
            await self._keep(opened)  # the database was away when the call began
        await self._records.end(
            opened.row_id or 0,
            EndedRecording(
                state=state,
                ended_at=now,
                reason=opened.failure or None,
                agents=opened.agents,
                pauses=tuple(opened.pauses),
                duration_us=length,
                size=size,
                sha256=digest,
            ),
        )


def measure(path: Path) -> tuple[int, int, str | None]:
    """Length in microseconds, bytes and SHA-256 of a file; nothing of one that is not there."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return duration_us(path), path.stat().st_size, digest
    except OSError:
        return 0, 0, None


async def close_left_open(folder: Path, records: Recordings, wall: Callable[[], int]) -> None:
    """Before the first call: what a crash of this node cut off is incomplete, and playable up to there.

    A recording is this node's own when its file is in this folder; another node's may still be written.
    """
    for one in await records.open_ones():
        path = folder / one.file if one.file else None
        if path is None or not path.is_file():
            continue
        length, size, digest = await asyncio.to_thread(measure, path)
        ended = EndedRecording(
            state="incomplete",
            ended_at=min(wall(), one.began_at + length),
            reason="the server ended",
            duration_us=length,
            size=size,
            sha256=digest,
        )
        await records.end(one.id, ended)
        log.warning("recording_cut_off", interaction_id=one.interaction_id, duration_us=length)
