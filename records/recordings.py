"""Recordings of calls: one for an interaction at most. The sound is in a file, here is what it is and who may have it.

Rows stay when the file has gone, and say so.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, insert, select, update

from records.database import Database
from records.tables import recordings

RecordingState = Literal["recording", "complete", "incomplete", "failed", "removed"]
_DAY_US = 86_400_000_000


class Pause(msgspec.Struct, frozen=True):
    """Silence that somebody wanted: from and until, in microseconds of the file, and the agent or account."""

    at_us: int
    until_us: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecording:
    """A recording that begins; times in microseconds since the epoch. `told` as in voice.recording.Told.

    `file` is its name in the folder of recordings, None for one that could not begin; `keep_days` 0 is for ever.
    """

    interaction_id: str
    work_id: str
    queue: str
    node: str
    told: str
    file: str | None
    began_at: int
    keep_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(NewRecording):
    """A row. `state`: recording; complete; incomplete (cut off by a crash, playable up to there); failed (could not be
    written, `reason` says why; what was written before is kept); removed (by an account, or "retention").

    `agents` are those who were heard in it, `duration_us` is the length of the file, `size` its bytes.
    """

    id: int
    state: RecordingState
    agents: tuple[str, ...] = ()
    reason: str | None = None
    ended_at: int | None = None
    duration_us: int | None = None
    pauses: tuple[Pause, ...] = ()
    size: int | None = None
    sha256: str | None = None
    keep_until: int | None = None
    removed_at: int | None = None
    removed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRecording:
    """What is known when a recording is over."""

    state: RecordingState
    ended_at: int
    reason: str | None = None
    agents: tuple[str, ...] | None = None
    pauses: tuple[Pause, ...] | None = None
    duration_us: int = 0
    size: int = 0
    sha256: str | None = None


class Recordings:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, new: NewRecording) -> int:
        """Keeps that this is being recorded; returns the id."""
        row = asdict(new) | {"state": "recording", "agents": [], "pauses": []}
        async with self._database.write() as connection:
            made = await connection.execute(insert(recordings).values(**row).returning(recordings.c.id))
            found: int = made.scalar_one()
            return found

    async def end(self, recording_id: int, ended: EndedRecording) -> None:
        """Keeps how it ended; the days that it is kept count from here. An end that was kept before stands."""
        values = {key: value for key, value in asdict(ended).items() if value is not None}
        if ended.pauses is not None:
            values["pauses"] = [msgspec.to_builtins(pause) for pause in ended.pauses]
        open_ones = (recordings.c.id == recording_id) & (recordings.c.state == "recording")
        async with self._database.write() as connection:
            days = (await connection.execute(select(recordings.c.keep_days).where(open_ones))).scalar()
            if days is None:
                return
            keep_until = ended.ended_at + days * _DAY_US if days else None
            await connection.execute(update(recordings).where(open_ones).values(**values, keep_until=keep_until))

    async def get(self, recording_id: int) -> Recording | None:
        """One of them."""
        return next(iter(await self._read(_select().where(recordings.c.id == recording_id))), None)

    async def of_interaction(self, interaction_id: str) -> Recording | None:
        """The interaction's."""
        return next(iter(await self._read(_select().where(recordings.c.interaction_id == interaction_id))), None)

    async def open_ones(self) -> tuple[Recording, ...]:
        """Those whose end is not kept."""
        return await self._read(_select().where(recordings.c.state == "recording"))

    async def due(self, now: int, after: int = 0, limit: int = 100) -> tuple[Recording, ...]:
        """Those of any node that are to be removed by now, in the order of their ids, those up to `after` left out."""
        there = (recordings.c.keep_until <= now) & recordings.c.removed_at.is_(None) & (recordings.c.id > after)
        return await self._read(_select().where(there).order_by(recordings.c.id).limit(limit))

    async def removed(self, recording_id: int, now: int, by: str) -> bool:
        """Keeps that its file is gone; False when it was before, or is still being written."""
        this = (recordings.c.id == recording_id) & _ended()
        values = {"state": "removed", "removed_at": now, "removed_by": by, "file": None}
        async with self._database.write() as connection:
            return (await connection.execute(update(recordings).where(this).values(**values))).rowcount == 1

    async def _read(self, query: Select[Any]) -> tuple[Recording, ...]:
        async with self._database.read() as connection:
            return tuple(map(_recording, (await connection.execute(query)).mappings()))


def _ended() -> ColumnElement[bool]:
    return recordings.c.state.in_(("complete", "incomplete", "failed"))


def _select() -> Select[Any]:
    return select(*(recordings.c[field.name] for field in fields(Recording)))


def _recording(row: Any) -> Recording:
    pauses = tuple(msgspec.convert(pause, Pause) for pause in row["pauses"])
    return Recording(**{**row, "agents": tuple(row["agents"]), "pauses": pauses})
