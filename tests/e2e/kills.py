"""Rounds of work under which a process is killed at a random moment."""

import asyncio
import random
import sqlite3
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

import aiohttp

from tests.e2e.agents import Agent, ClerkEndedError, Manner, serving
from tests.e2e.kept import assert_journal_and_records_agree, open_rows, records
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.sipp import sipp
from tests.e2e.site import make_site
from tests.e2e.waiting import wait_until

AGENTS = ("agent1", "agent4")
CALLS = 40
SETTLE_S = 60.0
TARGETS = ("server", "media.worker", "valkey-server", "server.persistence.records_worker")


async def assert_kills_lose_nothing(folder: Path, count: int, seed: int) -> None:
    """On a server of its own."""
    server = Server(folder, make_site(folder, wrap_up_s=3, offer_timeout_s=3))
    try:
        server.start()
        await rounds(server, folder, count, seed)
        await assert_all_closed(server)
    finally:
        server.close()


async def rounds(server: Server, folder: Path, count: int, seed: int) -> None:
    """`count` rounds; after each everything settles, and what agents were told is done is in the records."""
    dice = random.Random(seed)
    acknowledged: set[str] = set()
    for number in range(count):
        target = TARGETS[number % len(TARGETS)]
        acknowledged |= await _round(server, folder, target, dice)
        await _settled(server)
        await assert_journal_and_records_agree(server)
        missing = acknowledged - _wrapped_up(server)
        assert not missing, f"round {number}, {target}: acknowledged and gone: {missing}"
    assert acknowledged, "no conversation was ever finished: this shows nothing"


async def _round(server: Server, folder: Path, target: str, dice: random.Random) -> set[str]:
    manner = Manner(lambda: dice.uniform(0, 0.1), lambda _number: dice.uniform(0, 0.2))
    arguments = ("-key", "caller", "casualty", "-m", str(CALLS), "-r", "15")
    agents: list[Agent] = []
    async with AsyncExitStack() as stack:
        for account in AGENTS:
            agent = await stack.enter_async_context(Agent(server, account, folder))
            agents.append(agent)
        # What dies under the agents' hands ends their scripts: they come back in the next round.
        stack.enter_context(suppress(BaseExceptionGroup, ClerkEndedError, aiohttp.ClientError, TimeoutError))
        for agent in agents:
            await stack.enter_async_context(serving(agent, manner))
        async with sipp(server, folder, *arguments, scenario="leave", entry="4100", limit_s=15):
            await asyncio.sleep(dice.uniform(0.8, 2.5))
            if target == "server":
                server.kill()
                server.start()
            else:
                server.child(target).kill()
    return {reservation for agent in agents for reservation in agent.finished}


async def _settled(server: Server) -> None:
    """Nobody is stuck: calls are over, wrap-ups have run out, every record is closed."""
    async with Office(server) as office:
        last: list[object] = []

        async def all_closed() -> bool:
            things = await office.open_things()
            rows = await open_rows(server)
            unfinished = [row for row in records(server) if row["state"] != "closed"]
            last[:] = [rows, things, unfinished]
            return not (any(rows.values()) or unfinished or things["work"] or things["calls"] or things["media_legs"])

        try:
            await wait_until(all_closed, SETTLE_S, "all work is closed", every_s=0.25)
        except AssertionError:
            raise AssertionError(f"stuck after {SETTLE_S} s: {last}") from None
        await office.quiet()


async def assert_all_closed(server: Server) -> None:
    """Nothing is open in store and records, and the server ends in order."""
    assert await open_rows(server) == {"work": 0, "reservations": 0}
    assert [row for row in records(server) if row["state"] != "closed"] == []
    assert server.interrupt() == 0


def _wrapped_up(server: Server) -> set[str]:
    """Reservations that the records show as over."""
    with closing(sqlite3.connect(f"file:{server.data_dir}/jackfield.db?mode=ro", uri=True)) as database:
        return {row[0] for row in database.execute("SELECT reservation_id FROM offers WHERE closed_at IS NOT NULL")}
