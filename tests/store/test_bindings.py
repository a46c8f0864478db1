"""Bindings of SIP users."""

from collections.abc import AsyncIterator

import pytest

from store.bindings import BindingStore
from store.connection import StoreConnection, open_store
from store.errors import StoreCorrupt
from tests.store.samples import SECOND, T0

CONTACT = "sip:1001@192.0.2.7:5062"
FIELDS: dict[str, str | int] = {"node": "n1.1", "call_id": "abc", "cseq": 7}


@pytest.fixture
async def connection(store_url: str) -> AsyncIterator[StoreConnection]:
    opened = await open_store(store_url)
    yield opened
    await opened.aclose()


async def test_a_binding_lasts_until_its_end(connection: StoreConnection, shard: str) -> None:
    store = BindingStore(connection)
    await store.save(shard, CONTACT, FIELDS, now=T0, ttl_us=60 * SECOND)
    await store.save(shard, "sip:other@192.0.2.8", FIELDS, now=T0, ttl_us=30 * SECOND)
    assert await store.load(shard, now=T0 + 29 * SECOND) == {CONTACT: FIELDS, "sip:other@192.0.2.8": FIELDS}
    assert await store.load(shard, now=T0 + 30 * SECOND) == {CONTACT: FIELDS}
    assert await store.load(shard, now=T0) == {CONTACT: FIELDS}  # the ended one is gone for good
    assert await store.load(shard, now=T0 + 60 * SECOND) == {}
    assert not await connection.run("EXISTS", f"jf:bindings:{shard}")


async def test_a_refresh_replaces_and_only_prolongs_the_key(connection: StoreConnection, shard: str) -> None:
    store = BindingStore(connection)
    await store.save(shard, CONTACT, FIELDS, now=T0, ttl_us=60 * SECOND)
    await store.save(shard, CONTACT, FIELDS | {"cseq": 8}, now=T0, ttl_us=10 * SECOND)
    assert await store.load(shard, now=T0) == {CONTACT: FIELDS | {"cseq": 8}}
    assert await connection.run("PTTL", f"jf:bindings:{shard}") > 50_000
    await store.save(shard, CONTACT, FIELDS, now=T0, ttl_us=600 * SECOND)
    assert await connection.run("PTTL", f"jf:bindings:{shard}") > 590_000


async def test_bindings_are_removed_one_by_one_or_all(connection: StoreConnection, shard: str) -> None:
    store = BindingStore(connection)
    for contact in ("a", "b", "c"):
        await store.save(shard, contact, FIELDS, now=T0, ttl_us=SECOND)
    await store.remove(shard, "a")
    assert set(await store.load(shard, now=T0)) == {"b", "c"}
    await store.remove(shard)
    assert await store.load(shard, now=T0) == {}


async def test_what_this_code_did_not_write_is_an_error(connection: StoreConnection, shard: str) -> None:
    await connection.run("HSET", f"jf:bindings:{shard}", "a", "junk")
    with pytest.raises(StoreCorrupt, match=shard):
        await BindingStore(connection).load(shard, now=T0)
