"""What is the twin's own; tests/contracts/ holds it to the real store."""

from collections.abc import Callable
from inspect import signature

import pytest

from router.rows import Changes
from store.codec import encode_entry, encode_row
from store.memory import MemoryShard, MemoryShardStore
from store.shard import RedisShardStore
from tests.store.samples import T0, agent, turn

METHODS = [name for name in vars(RedisShardStore) if not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_it_has_the_same_methods(name: str) -> None:
    real: Callable[..., object] = getattr(RedisShardStore, name)
    assert signature(getattr(MemoryShardStore, name)) == signature(real)


async def test_its_time_is_the_given_clock() -> None:
    now = [T0]
    store = MemoryShardStore(MemoryShard(), lambda: now[0])
    assert (await store.take("n1", 10)).now_us == T0
    now[0] += 5
    assert (await store.take("n1", 10)).now_us == T0 + 5


async def test_it_keeps_the_bytes_that_the_real_store_would_keep() -> None:
    shard = MemoryShard()
    store = MemoryShardStore(shard, lambda: T0)
    one = turn(1, Changes(agents=(agent(),)))
    await store.commit(await store.take("n1", 10), [one])
    assert shard.agents == {"a1": encode_row(agent())}
    assert shard.journal == {1: encode_entry(one)}
