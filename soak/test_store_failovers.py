"""Failover after failover beneath two whole servers under load, and a node killed now and then in the middle of one."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.office import Office
from tests.e2e.pair import events
from tests.e2e.test_nodes import ready
from tests.e2e.test_store_failovers import Program, records_have, two_nodes, well, working
from tests.e2e.waiting import wait_until
from tests.redis_sites import in_step, wait_for, watched

ROUNDS = int(os.environ.get("SOAK_FAILOVERS", "6"))
WAIT_S = 120.0

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_nothing_acknowledged_is_lost_by_any_of_them(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """Each commit waits for one of two replicas; every third time the first node is killed with the master."""
    with watched(tmp_path / "redis", replicas=2, down_after_ms=5000) as site:
        async with two_nodes(tmp_path, site.url, "--replicas=1", "--lease-ms=5000") as pair:
            agent, _ = await ready(pair.two, http, "agent1")
            key = await asyncio.to_thread(pair.make_key)
            async with Office(pair.two) as two, working(agent) as done, Program(pair, key, done) as program:

                async def more(goal: int) -> bool:
                    return len(done) >= goal

                for turn in range(ROUNDS):
                    goal = len(done) + 5
                    await wait_until(lambda goal=goal: more(goal), WAIT_S, "work is done")  # type: ignore[misc]
                    port = await asyncio.to_thread(site.kill_master)
                    if node_too := turn % 3 == 2:
                        pair.one.kill()
                    goal = len(done) + 5
                    await wait_until(lambda goal=goal: more(goal), WAIT_S, "and again")  # type: ignore[misc]
                    await wait_until(lambda: well(two), WAIT_S, "the store is there again")
                    await asyncio.to_thread(site.bring_back, port)
                    if node_too:
                        await asyncio.to_thread(pair.one.start)
                await program.stop()
                made = set(program.made.values())
                await wait_until(lambda: more(len(made)), WAIT_S, "all that was acknowledged is done")
            assert sorted(done) == sorted(made), "something became two items, or was handled twice"
            async with Office(pair.two) as two:
                await records_have(two, made)


async def test_masters_that_are_given_up_and_live_end_no_node(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """No commit waits for a replica: what the old one took meanwhile is put back at the new one, by its owner."""
    with watched(tmp_path / "redis", replicas=2, down_after_ms=5000) as site:
        async with two_nodes(tmp_path, site.url) as pair:
            agent, _ = await ready(pair.two, http, "agent1")
            key = await asyncio.to_thread(pair.make_key)
            async with Office(pair.two) as two, working(agent) as done, Program(pair, key, done) as program:

                async def more(goal: int) -> bool:
                    return len(done) >= goal

                for _ in range(ROUNDS):
                    goal = len(done) + 5
                    await wait_until(lambda goal=goal: more(goal), WAIT_S, "work is done")  # type: ignore[misc]
                    old = await asyncio.to_thread(site.give_up, forget=False)
                    goal = len(done) + 10
                    await wait_until(lambda goal=goal: more(goal), WAIT_S, "and again")  # type: ignore[misc]
                    await asyncio.to_thread(wait_for, lambda old=old: in_step(old), "it is a replica")  # type: ignore[misc]
                await program.stop()
                made = set(program.made.values())
                await wait_until(lambda: more(len(made)), WAIT_S, "all that was acknowledged is done")
                assert sorted(done) == sorted(made), "something became two items, or was handled twice"
                await records_have(two, made)
            assert not events(pair.two, "shard_taken_over"), "the first owned the shard all the time"
