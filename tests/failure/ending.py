"""The end of a run: everything settles, each agent is reached once more, and the records are read."""

import asyncio
import sqlite3
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from tests.failure.customers import settled
from tests.failure.history import Diary, Entry, Following, read
from tests.failure.layout import Layout
from tests.failure.letters import Letters
from tests.failure.stage import Stage

log = structlog.get_logger(__name__)

LOOK_S = 0.5


async def settle(stage: Stage, layout: Layout, diary: Diary, within_s: float) -> None:
    """All is posted and closed, or the time is over; then each agent is sent a letter of their own."""
    log.info("settling")
    await _within(within_s, stage.settled())
    await _finished(layout, within_s)
    await _within(within_s, _closed(layout))
    agents = [agent for crew in layout.crews for agent in crew]
    async with aiohttp.ClientSession() as http:
        letters = Letters(layout, diary, http)
        await _within(within_s, asyncio.gather(*(letters.post_to(agent) for agent in agents)))
    await _within(within_s / 3, _closed(layout))
    for agent in agents:
        if _served(layout.path, f"for-{agent}", diary_of=layout.path / "stage.history") == agent:
            diary.write(agent, "reached")


async def _within(seconds: float, what: Awaitable[object]) -> None:
    """What does not come to pass is for the checks to see."""
    try:
        await asyncio.wait_for(what, seconds)
    except TimeoutError:
        log.warning("not_settled", within_s=seconds)


async def _finished(layout: Layout, within_s: float) -> None:
    """Whoever was a customer has said that all is over, or nobody has come to an end for so long."""
    loop = asyncio.get_running_loop()
    page, over, since = Following(layout.path / "customers.history"), 0, loop.time()
    told: list[Entry] = []
    while True:
        new = page.read()
        if any(entry.what == "finished" for entry in new):
            return
        told += (entry for entry in new if entry.what in ("posted", "over", "answered"))
        if (now_over := len(settled(told))) != over:
            over, since = now_over, loop.time()
        if loop.time() - since > within_s:
            log.warning("not_finished", settled=over, of=layout.mix.items, within_s=within_s)
            return
        await asyncio.sleep(LOOK_S)


async def _closed(layout: Layout) -> None:
    files = (layout.path / "customers.history", layout.path / "stage.history")
    posted = {entry.interaction for file in files for entry in read(file) if entry.what == "posted"}
    while not _all_closed(layout.path, posted):
        await asyncio.sleep(LOOK_S)


def _all_closed(folder: Path, posted: set[str]) -> bool:
    states = dict(_rows(folder, "SELECT id, state FROM interactions"))
    return posted <= states.keys() and set(states.values()) <= {"closed"}


def _served(folder: Path, key: str, diary_of: Path) -> str:
    """Who has closed the item of this key."""
    ids = [entry.interaction for entry in read(diary_of) if entry.what == "posted" and entry.who == key]
    rows = _rows(folder, "SELECT agent_id FROM interactions WHERE state = 'closed' AND id = ?", *ids[:1]) if ids else []
    return str(rows[0][0]) if rows else ""


def write_records(folder: Path, diary: Diary) -> None:
    """Interactions, offers and transcripts, as they are in the database."""
    for interaction, state, outcome, disposition, medium, queue, entry, node, queued_us, number in _rows(
        folder, INTERACTIONS
    ):
        diary.write(
            "records",
            "record",
            interaction=interaction,
            text=state,
            command=outcome or "",
            disposition=disposition or "",
            medium=medium,
            queue=queue or "",
            reason=entry,
            node=node,
            from_us=queued_us or 0,
            number=number or "",
        )
    for interaction, reservation, agent, offered_us, connected_us, ended_us in _rows(folder, OFFERS):
        diary.write(
            agent,
            "record_offer",
            interaction=interaction,
            reservation=reservation,
            offered_us=offered_us,
            from_us=connected_us or 0,
            to_us=ended_us or 0,
        )
    for interaction, line, author, agent, client_id, text in _rows(folder, MESSAGES):
        own = client_id if author != "agent" or client_id is None else f"{agent} {client_id}"
        diary.write(
            "records", "record_line", interaction=interaction, line=line, author=author, client_id=own or "", text=text
        )


INTERACTIONS = """
SELECT i.id, i.state, i.outcome, i.disposition, i.medium, i.queue, i.entry, i.node, i.queued_at,
    (SELECT identities.value FROM interaction_customers AS c JOIN identities ON identities.customer_id = c.customer_id
    WHERE c.interaction_id = i.id AND identities.kind = 'phone')
FROM interactions AS i
"""
# What was given back has no end, and is closed.
OFFERS = """
SELECT interaction_id, reservation_id, agent_id, offered_at, connected_at, COALESCE(ended_at, closed_at) FROM offers
"""
MESSAGES = "SELECT interaction_id, number, author, agent_id, client_id, text FROM messages ORDER BY 1, 2"


def _rows(folder: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder}/shared.db?mode=ro", uri=True, timeout=10)) as database:
        return list(database.execute(query, values))
