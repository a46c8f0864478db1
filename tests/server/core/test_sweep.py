"""Nodes that are gone: the shard is told once, behind all that they said."""

import asyncio

import pytest

from router.events import NodeLost
from server.core.sweep import Sweeper
from server.tasks import end
from store.connection import StoreConnection
from store.errors import Deposed
from store.nodes import Member, NodeRegister
from store.shard import RedisShardStore
from tests.waiting import until


async def test_each_lost_node_is_told_once(connection: StoreConnection, shard: str) -> None:
    store, register = RedisShardStore(connection, shard), NodeRegister(connection, ttl_ms=60_000)
    here, gone = await register.join("sweeper"), await register.join("swept")
    await store.enrol(gone.label)
    lease = await store.take(here.label, 60_000)
    sweeper, seen_to = Sweeper(register, store, here, lambda: lease), list[tuple[str, bool]]()

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
    await end({running})
    events = [entry.event for entry in await store.read_inbox("", 100)]
    assert events.count(NodeLost(gone.label)) == 1
    assert seen_to.count((gone.label, True)) == 1, "while what it left is still there"


async def test_what_takes_long_is_seen_to_while_the_node_is_struck_off(connection: StoreConnection, shard: str) -> None:
    store, register = RedisShardStore(connection, shard), NodeRegister(connection, ttl_ms=60_000)
    here, gone = await register.join("sweeper"), await register.join("swept")
    await store.enrol(gone.label)
    lease = await store.take(here.label, 60_000)
    sweeper, recorded, done = Sweeper(register, store, here, lambda: lease), asyncio.Event(), list[str]()

    async def see_to(label: str) -> None:
        await recorded.wait()
        done.append(label)

    sweeper.before, sweeper.before_s = see_to, 0.01
    await register.declare_lost(gone.label)
    assert gone.label in await sweeper.sweep()
    assert gone.label not in await store.senders()
    assert done == []
    recorded.set()
    await until(lambda: gone.label in done)


async def test_an_owner_that_was_deposed_closes_nothing_of_a_lost_node(connection: StoreConnection, shard: str) -> None:
    store, register = RedisShardStore(connection, shard), NodeRegister(connection, ttl_ms=60_000)
    paused, gone = await register.join("paused"), await register.join("swept")
    await store.enrol(gone.label)
    lease = await store.take(paused.label, 60_000)
    await store.break_lease(lease.epoch)
    await store.take("successor.1", 60_000)
    await register.declare_lost(gone.label)
    with pytest.raises(Deposed):
        await Sweeper(register, store, paused, lambda: lease).sweep()
    assert await store.senders() == {gone.label}
    assert await store.read_inbox("", 100) == [], "what calls it had is for the successor to see to"
    assert gone.label in await register.lost(paused), "and it is there for it to find"


class Register:
    """As the store's, with who beats and whether that says something as the test wants it."""

    def __init__(self) -> None:
        self.settled = True
        self.beating = {"n1.1", "n2.1"}

    async def lost(self, member: Member) -> list[str]:
        return []

    async def alive(self) -> set[str]:
        return self.beating

    async def forget(self, label: str) -> None:
        raise AssertionError(label)


async def test_who_was_there_before_the_store_was_away_counts_until_all_can_have_beaten_again(
    connection: StoreConnection, shard: str
) -> None:
    register = Register()
    store = RedisShardStore(connection, shard)
    lease = await store.take("n1.1", 60_000)
    sweeper = Sweeper(register, store, Member("n1", 1), lambda: lease)
    await sweeper.look()
    register.settled, register.beating = False, {"n1.1"}
    await sweeper.look()
    assert sweeper.alive == {"n1.1", "n2.1"}
    register.settled = True
    await sweeper.look()
    assert sweeper.alive == {"n1.1"}
