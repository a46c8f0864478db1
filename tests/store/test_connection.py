"""Opening a server."""

from pathlib import Path

import pytest

from store.connection import open_store
from store.errors import StoreLost, StoreRefused
from store.shard import RedisShardStore
from tests.store.samples import turn


async def test_an_opened_store_speaks_on_both_connections(store_url: str) -> None:
    connection = await open_store(store_url)
    assert await connection.run("ECHO", "a") == b"a"
    assert await connection.link(b"a").call(("ECHO", "a")) == [b"a"]
    assert await connection.transaction(("ECHO", "a"), ("ECHO", "b")) == [b"a", b"b"]
    await connection.aclose()


async def test_a_closed_store_connects_no_more(store_url: str) -> None:
    connection = await open_store(store_url)
    known = connection.link(b"known")
    await known.call(("PING",))
    await connection.aclose()
    for late in (
        connection.run("PING"),
        connection.transaction(("PING",)),
        connection.function("nosuch", ()),
        known.call(("PING",)),
    ):
        with pytest.raises(StoreLost, match="the store is closed"):
            await late
    with pytest.raises(StoreLost, match="the store is closed"):
        connection.link(b"new")
    await connection.aclose()


async def test_errors_are_those_of_the_store(store_url: str) -> None:
    connection = await open_store(store_url)
    with pytest.raises(StoreRefused):
        await connection.run("NOSUCH")
    with pytest.raises(StoreRefused):
        await connection.transaction(("ECHO", "a"), ("LPUSH", "x"))
    with pytest.raises(StoreRefused, match="Function not found"):
        await connection.function("nosuch", ())
    await connection.aclose()


async def test_no_server_is_a_lost_store(tmp_path: Path) -> None:
    with pytest.raises(StoreLost):
        await open_store(f"unix://{tmp_path}/none.sock")


async def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="redis:// or unix://"):
        await open_store("http://127.0.0.1")


async def test_a_server_that_lost_the_functions_gets_them_again(store_url: str, shard: str) -> None:
    connection = await open_store(store_url)
    store = RedisShardStore(connection, shard)
    await connection.run("FUNCTION", "DELETE", connection.library.name)
    with pytest.raises(StoreLost, match="loaded again"):
        await store.take("n1", 60_000)
    lease = await store.take("n1", 60_000)
    await connection.run("FUNCTION", "DELETE", connection.library.name)
    with pytest.raises(StoreLost, match="loaded again"):
        await store.commit(lease, [turn(1)])
    await store.commit(lease, [turn(1)])
    await connection.run("FUNCTION", "DELETE", connection.library.name)
    with pytest.raises(StoreLost, match="loaded again"):
        await store.renew(lease)
    await store.renew(lease)
    await connection.aclose()
