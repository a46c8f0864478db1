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
    """`run` looks each hour; `remove` does it for one. `wall` gives microseconds since the epoch.

    `node` is this one's name: what another node recorded is on its disk, and removed there.
    """

    def __init__(self, folder: Path, records: Recordings, wall: Callable[[], int], node: str) -> None:
        self._folder = folder
        self._records = records
        self._wall = wall
        self._node = node

    async def run(self, every_s: float = EVERY_S) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.remove_due()
            except (SQLAlchemyError, OSError) as error:
                log.error("recordings_not_removed", error=str(error))
            await asyncio.sleep(every_s)

    async def remove_due(self) -> int:
        """Removes those of this node whose time is over; returns how many. One that cannot be removed is told."""
        count = seen = 0
        while due := await self._records.due(self._wall(), seen):
            for one in due:
                try:
                    count += await self.remove(one, RETENTION)
                except OSError as error:
                    log.error("recording_not_removed", interaction_id=one.interaction_id, error=str(error))
            seen = due[-1].id
        if count:
            log.info("recordings_removed", count=count)
        return count

    async def remove(self, one: Recording, by: str) -> bool:
        """The file first: a row that says removed must be true. False when somebody else was first, or has the file."""
        path = None if one.file is None else self._folder / one.file
        here = path is not None and await asyncio.to_thread(path.is_file)
        if not here and one.node.rpartition(".")[0] != self._node:
            return False
        if path is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return await self._records.removed(one.id, self._wall(), by)
