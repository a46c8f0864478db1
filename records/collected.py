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
        self._writing = False

    def put(self, interaction_id: str, data: Mapping[str, str], now: int) -> bool:
        """True for the first of a lot: whoever is told so has to `write` it."""
        self._rows += data_rows(interaction_id, data, now)
        first, self._writing = not self._writing, True
        return first

    async def write(self) -> None:
        """The lot, once it is complete; returns when it is committed. Raises as `Database.at_once`."""
        await asyncio.sleep(GATHER_S)
        # Who comes from here on is of the next lot.
        rows, self._rows, self._writing = self._rows, [], False
        await self._database.at_once(lambda connection: keep_rows(connection, rows))
