"""What menus collect, kept for many calls in one transaction: nobody waits for it, and a transaction has its price."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from records.database import Database, replacing
from records.prepared import Prepared
from records.tables import interaction_data

GATHER_S = 0.2
_KEEP = Prepared(lambda dialect: replacing(dialect, interaction_data))


def data_rows(interaction_id: str, data: Mapping[str, str], now: int) -> list[dict[str, Any]]:
    """One row for each name."""
    return [{"interaction_id": interaction_id, "name": name, "value": value, "at": now} for name, value in data.items()]


def keep_rows(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Writes them; a later value of a name replaces."""
    if rows:
        _KEEP.many(connection, rows)


class Collected:
    """Gathers for `GATHER_S`, then writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[dict[str, Any]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, interaction_id: str, data: Mapping[str, str], now: int) -> None:
        """Returns when it is committed. Raises as `Database.at_once`, to all who came together.

        Cancelling one who waits takes nothing back.
        """
        self._rows += data_rows(interaction_id, data, now)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="collected")
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        await asyncio.sleep(GATHER_S)
        # Who comes from here on is of the next lot.
        rows, self._rows, self._writing = self._rows, [], None
        await self._database.at_once(lambda connection: keep_rows(connection, rows))
