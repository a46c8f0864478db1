"""The stores that the contract suite runs against: the twin, Valkey, the oldest supported Redis, a cluster."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import pytest

from store.connection import open_store
from store.memory import MemoryShardStore
from store.memory_shard import MemoryShard
from store.shard import RedisShardStore
from tests.store.samples import T0

Store = RedisShardStore | MemoryShardStore


@dataclass(frozen=True)
class World:
    """Two nodes' stores of one shard, and time: `pass_ms` returns when the store's clock is that much later."""

    one: Store
    other: Store
    pass_ms: Callable[[int], Awaitable[None]]


@pytest.fixture(params=["memory", "valkey", "redis", "cluster"])
def server(request: pytest.FixtureRequest) -> str | None:
    """URL of the server under test, None for the twin."""
    fixtures = {"valkey": "store_url", "redis": "old_store_url", "cluster": "cluster_url"}
    return cast("str", request.getfixturevalue(fixtures[request.param])) if request.param in fixtures else None


@pytest.fixture
async def world(server: str | None, shard: str) -> AsyncIterator[World]:
    if server is None:
        clock = [T0]

        async def pass_ms(duration: int) -> None:
            clock[0] += duration * 1000

        kept = MemoryShard()
        yield World(MemoryShardStore(kept, lambda: clock[0]), MemoryShardStore(kept, lambda: clock[0]), pass_ms)
        return
    first, second = await open_store(server), await open_store(server)

    one, other = RedisShardStore(first, shard), RedisShardStore(second, shard)

    async def pass_real_ms(duration: int) -> None:
        until = (await one.head()).now_us // 1000 + duration
        while (await one.head()).now_us // 1000 <= until:
            await asyncio.sleep(0.002)

    yield World(one, other, pass_real_ms)
    await first.aclose()
    await second.aclose()
