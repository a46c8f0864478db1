"""Who comes next: at once when the owner is gone or has left, else when its lease has run out."""

import asyncio

import pytest

from server.core.succession import Succession
from store.connection import StoreConnection
from store.errors import Deposed
from store.shard import RedisShardStore
from tests.waiting import until

LONG_MS = 60_000


class Doors:
    """The doors of other nodes, which the test shuts."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses
        self.shut: dict[str, asyncio.Event] = {}
        self.watchers = 0

    async def __call__(self) -> dict[str, str]:
        return {label.replace("_", "."): address for label, address in self.addresses.items()}

    async def gone(self, address: str) -> None:
        self.watchers += 1
        await self.shut.setdefault(address, asyncio.Event()).wait()


def successor(store: RedisShardStore, label: str, doors: Doors) -> Succession:
    return Succession(store, label, LONG_MS, doors, doors.gone)


async def test_one_of_several_follows_an_owner_that_is_gone(connection: StoreConnection, shard: str) -> None:
    store, doors = RedisShardStore(connection, shard), Doors(n1_1="a")
    old = await store.take("n1.1", LONG_MS)
    waiting = [asyncio.create_task(successor(store, f"n{number}.1", doors).won()) for number in (2, 3)]
    await until(lambda: doors.watchers == 2, "they watch")
    doors.shut["a"].set()
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    lease, before = done.pop().result()
    assert lease.epoch > old.epoch
    assert before == "n1.1"
    with pytest.raises(Deposed):
        await store.renew(old)
    assert not any(task.done() for task in others)
    await store.renew(lease)
    for task in others:
        task.cancel()


async def test_a_lease_that_was_given_back_is_taken_and_nobody_is_said_to_be_lost(
    connection: StoreConnection, shard: str
) -> None:
    store, doors = RedisShardStore(connection, shard), Doors(n1_1="a")
    old = await store.take("n1.1", LONG_MS)
    waiting = asyncio.create_task(successor(store, "n2.1", doors).won())
    await until(lambda: "a" in doors.shut, "it watches")
    await store.release(old)
    doors.shut["a"].set()
    lease, before = await asyncio.wait_for(waiting, 30)
    assert (lease.owner, before) == ("n2.1", "")


@pytest.mark.parametrize("doors", [Doors(), Doors(n1_1="a")])
async def test_a_silent_owner_is_followed_when_its_lease_runs_out(
    connection: StoreConnection, shard: str, doors: Doors
) -> None:
    store = RedisShardStore(connection, shard)
    await store.take("n1.1", 150)
    lease, before = await asyncio.wait_for(successor(store, "n2.1", doors).won(), 30)
    assert (lease.owner, before) == ("n2.1", "n1.1")


async def test_an_owner_that_renews_is_left_alone(connection: StoreConnection, shard: str) -> None:
    store, doors = RedisShardStore(connection, shard), Doors(n1_1="a")
    lease = await store.take("n1.1", 150)
    waiting = asyncio.create_task(successor(store, "n2.1", doors).won())
    until_us = lease.now_us + 600_000
    while await store.renew(lease) < until_us:
        await asyncio.sleep(0.02)
    assert not waiting.done()
    waiting.cancel()


async def test_its_own_lease_whose_reply_was_lost_is_taken_again_and_nobody_is_said_to_be_lost(
    connection: StoreConnection, shard: str
) -> None:
    store, doors = RedisShardStore(connection, shard), Doors(n2_1="b")
    first = await store.take("n2.1", LONG_MS)
    lease, before = await asyncio.wait_for(successor(store, "n2.1", doors).won(), 30)
    assert (lease.owner, lease.epoch, before) == ("n2.1", first.epoch + 1, "")
