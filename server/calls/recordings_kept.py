"""Recordings are removed when the days of their queue are over. The row stays and says so."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from records.recordings import Recording, Recordings

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
RETENTION = "retention"


class RecordingsKept:
    """`run` looks each hour; `remove` does it for one. `wall` gives microseconds since the epoch."""

    def __init__(self, folder: Path, records: Recordings, wall: Callable[[], int]) -> None:
        self._folder = folder
        self._records = records
        self._wall = wall

    async def run(self, every_s: float = EVERY_S) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.remove_due()
            except (SQLAlchemyError, OSError) as error:
                log.error("recordings_not_removed", error=str(error))
            await asyncio.sleep(every_s)

    async def remove_due(self) -> int:
        """Removes those whose time is over; returns how many."""
        count = 0
        while due := await self._records.due(self._wall()):
            for one in due:
                await self.remove(one, RETENTION)
            count += len(due)
            log.info("recordings_removed", count=len(due))
        return count

    async def remove(self, one: Recording, by: str) -> bool:
        """The file first: a row that says removed must be true. False when somebody else was first."""
        if one.file is not None:
            await asyncio.to_thread((self._folder / one.file).unlink, missing_ok=True)
        return await self._records.removed(one.id, self._wall(), by)
