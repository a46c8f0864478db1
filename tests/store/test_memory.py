"""What is the twin's own; tests/contracts/ holds it to the real store."""

from collections.abc import Callable
from inspect import signature

import pytest

from store.memory import MemoryShardStore
from store.memory_shard import MemoryShard
from store.shard import RedisShardStore
from tests.store.samples import T0

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
