"""What a server has kept, read past it: rows in its Valkey, records in its SQLite file, and whether the two agree."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, fields
from typing import Any

from records.drafts import InteractionDraft
from records.projection import Projection
from store.connection import StoreConnection, open_store
from store.keys import shard_keys
from store.shard import RedisShardStore
from tests.e2e.server import Server
from tests.e2e.waiting import wait_until

SHARD = "s0"
PAGE = 500
BEHIND_S = 5.0


@asynccontextmanager
async def store_of(server: Server) -> AsyncIterator[StoreConnection]:
    """A connection of our own to the server's embedded Valkey."""
    holder = json.loads((server.data_dir / "valkey" / "lock").read_text())
    connection = await open_store(f"unix://{holder['socket']}")
    try:
        yield connection
    finally:
        await connection.aclose()


async def open_rows(server: Server) -> dict[str, int]:
    """How many work items and reservations the store holds."""
    keys = shard_keys(SHARD)
    async with store_of(server) as store:
        return {
            "work": await store.run("HLEN", keys.work),
            "reservations": await store.run("HLEN", keys.reservations),
        }


def records(server: Server) -> list[dict[str, Any]]:
    """Every interaction's row, as SQL has it now."""
    names = ", ".join(field.name for field in fields(InteractionDraft))
    with closing(sqlite3.connect(f"file:{server.data_dir}/jackfield.db?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT {names} FROM interactions ORDER BY id")]


async def assert_journal_and_records_agree(server: Server) -> int:
    """Folds the whole journal anew and compares every row with SQL; returns how many entries there were.

    Call it when nothing goes on. The journal must be whole, each sequence once. The projector may be behind for a
    moment.
    """
    folded, length = await _fold(server)
    expected = sorted((asdict(draft) for draft in folded.interactions.values()), key=lambda row: str(row["id"]))

    async def projected() -> bool:
        return _position(server) == length

    await wait_until(projected, BEHIND_S, f"the records reach entry {length}")
    kept = [{**row, "customer_over": bool(row["customer_over"])} for row in records(server)]
    different = [(was, now) for was, now in zip(expected, kept, strict=True) if was != now]
    assert not different, f"journal and records differ: {different}"
    return length


async def _fold(server: Server) -> tuple[Projection, int]:
    folded = Projection()
    after = 0
    async with store_of(server) as store:
        shard = RedisShardStore(store, SHARD)
        while entries := await shard.read_journal(after, PAGE):
            for entry in entries:
                assert entry.sequence == after + 1, f"the journal goes from {after} to {entry.sequence}"
                after = entry.sequence
                folded.apply(entry)
    return folded, after


def _position(server: Server) -> int:
    with closing(sqlite3.connect(f"file:{server.data_dir}/jackfield.db?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT max(sequence) FROM projector_positions").fetchone()[0] or 0)
