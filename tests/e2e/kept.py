"""What a server has kept, read past it: rows in its Valkey, records in its SQLite file, and whether the two agree."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from records.drafts import InteractionDraft, OfferDraft
from records.projection import Projection
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from store.connection import StoreConnection, open_store
from store.keys import shard_keys
from store.shard import RedisShardStore
from tests.e2e.server import ROOT, Server
from tests.e2e.waiting import wait_until

SHARD = "s0"
PAGE = 500
BEHIND_S = 30.0
COMMAND_S = 120


@asynccontextmanager
async def store_of(server: Server) -> AsyncIterator[StoreConnection]:
    """A connection of our own to the server's embedded Valkey."""
    holder = json.loads((server.data_dir / "valkey" / "lock").read_text())
    connection = await open_store(f"unix://{holder['socket']}")
    try:
        yield connection
    finally:
        await connection.aclose()


def exported(server: Server, out: Path) -> Path:
    """The whole journal as one file, by command; and it replays to the same assignments, by command."""
    here = f"--data-dir={server.data_dir}"
    for command in (["export-journal", here, f"--out={out}"], ["replay", str(out)]):
        done = subprocess.run(
            [sys.executable, "-m", "server", *command], cwd=ROOT, capture_output=True, text=True, timeout=COMMAND_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "identical" in done.stdout
    return out


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
    return _rows(server, "interactions", InteractionDraft, "id")


async def assert_journal_and_records_agree(server: Server) -> int:
    """Folds the whole journal anew and compares every row with SQL; returns how many entries there were.

    Call it when nothing goes on. The journal must be whole, each sequence once. The projector may be behind for a
    moment.
    """

    async def agreed() -> tuple[Projection, int] | None:
        # Folded anew each time: an agent's page that is gone may still be told of after the last call.
        folded, length = await _fold(server)
        return (folded, length) if _position(server) == length else None

    try:
        folded, length = await wait_until(agreed, BEHIND_S, "the records reach the journal's end")
    except AssertionError as error:
        _, entries = await _fold(server)
        raise AssertionError(f"the journal has {entries} entries, the records {_position(server)}") from error
    expected = sorted((asdict(draft) for draft in folded.interactions.values()), key=lambda row: str(row["id"]))
    kept = [{**row, "customer_over": bool(row["customer_over"])} for row in records(server)]
    different = [(was, now) for was, now in zip(expected, kept, strict=True) if was != now]
    assert not different, f"journal and records differ: {different}"
    return length


async def assert_assignments(server: Server, capacity: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """No item was with two agents at once or taken twice, and no agent held more than `capacity` (items of each medium,
    and `total` units, of which a call takes all). Returns the most items that anybody held, by medium.

    Read from the journal, and compared with SQL's table of offers.
    """
    folded, _ = await _fold(server)
    offers = sorted(folded.offers.values(), key=lambda offer: offer.reservation_id)
    assert [asdict(offer) for offer in offers] == _rows(server, "offers", OfferDraft, "reservation_id")
    assert all(offer.closed_at is not None for offer in offers), "a reservation is still open"
    taken = Counter(offer.work_id for offer in offers if offer.connected_at is not None)
    assert not [work for work, times in taken.items() if times > 1], "taken twice"
    media = {row.id: row.medium for row in folded.interactions.values()}
    # What ends in a moment frees its place for what begins in it.
    moments = sorted(
        [(offer.offered_at, 1, offer) for offer in offers] + [(offer.closed_at or 0, -1, offer) for offer in offers],
        key=lambda moment: moment[:2],
    )
    agents: dict[str, Counter[str]] = defaultdict(Counter)
    most: Counter[str] = Counter()
    holders: Counter[str] = Counter()
    for _at, step, offer in moments:
        medium, held, rules = media[offer.interaction_id], agents[offer.agent_id], capacity[offer.agent_id]
        held[medium] += step
        held["total"] += step * (rules["total"] if medium == "voice" else 1)
        holders[offer.work_id] += step
        assert all(held[name] <= rules.get(name, 0) for name in held), f"{offer.agent_id} holds {held} of {rules}"
        assert holders[offer.work_id] <= 1, f"{offer.work_id} is with two agents"
        most[medium] = max(most[medium], held[medium])
    return dict(most)


def conversations(server: Server) -> dict[str, int]:
    """What SQL's table of offers says of all conversations, by the names that the statistics have for it."""
    query = (
        "SELECT count(*), count(DISTINCT work_id), sum(connected_at - offered_at), sum(ended_at - connected_at),"
        " sum(closed_at - ended_at) FROM offers WHERE connected_at IS NOT NULL AND closed_at IS NOT NULL"
    )
    names = ("handled", "answered", "ring_us", "talk_us", "wrap_up_us")
    return dict(zip(names, _read(server, query)[0], strict=True))


def texts(server: Server, author: str) -> dict[str, list[str]]:
    """What this side said in each chat, in order, as SQL has it."""
    said: dict[str, list[str]] = defaultdict(list)
    query = "SELECT interaction_id, text FROM messages WHERE author = ? ORDER BY interaction_id, number"
    for chat, text in _read(server, query, author):
        said[chat].append(text)
    return dict(said)


def _rows(server: Server, table: str, draft: type[InteractionDraft | OfferDraft], key: str) -> list[dict[str, Any]]:
    names = [field.name for field in fields(draft)]
    rows = _read(server, f"SELECT {', '.join(names)} FROM {table} ORDER BY {key}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _read(server: Server, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{server.data_dir}/jackfield.db?mode=ro", uri=True)) as database:
        return list(database.execute(query, values))


async def _fold(server: Server) -> tuple[Projection, int]:
    folded = Projection()
    after = 0
    async with store_of(server) as store:
        folder = JournalFolder(server.data_dir / "journal", SHARD)
        journal = KeptJournal(RedisShardStore(store, SHARD), folder)
        while entries := await journal.read_journal(after, PAGE):
            for entry in entries:
                assert entry.sequence == after + 1, f"the journal goes from {after} to {entry.sequence}"
                after = entry.sequence
                folded.apply(entry)
    return folded, after


def _position(server: Server) -> int:
    return int(_read(server, "SELECT max(sequence) FROM projector_positions")[0][0] or 0)
