"""Nodes that are gone: the shard is told once, behind all that they said."""

import asyncio

from router.events import NodeLost
from server.sweep import Sweeper
from store.connection import StoreConnection
from store.nodes import NodeRegister
from store.shard import RedisShardStore
from tests.waiting import until


async def test_each_lost_node_is_told_once(connection: StoreConnection, shard: str) -> None:
    store, register = RedisShardStore(connection, shard), NodeRegister(connection, ttl_ms=60_000)
    here, gone = await register.join("sweeper"), await register.join("swept")
    await store.enrol(gone.label)
    sweeper, seen_to = Sweeper(register, store, here), list[tuple[str, bool]]()

    async def see_to(label: str) -> None:
        seen_to.append((label, label in await store.senders()))
        raise ValueError("of no use to the others")

    sweeper.before = see_to
    await sweeper.sweep()
    await register.declare_lost(gone.label)
    running = asyncio.create_task(sweeper.run())
    async with asyncio.timeout(30):
        while gone.label in await store.senders():
            await asyncio.sleep(0.005)
        while gone.label in await register.lost(here):
            await asyncio.sleep(0.005)
    running.cancel()
    events = [entry.event for entry in await store.read_inbox("", 100)]
    assert events.count(NodeLost(gone.label)) == 1
    assert seen_to.count((gone.label, True)) == 1, "while what it left is still there"
    await until(running.done)
