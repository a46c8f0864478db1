"""What only a real server can show of the shard store; tests/contracts/ has the rest."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import msgpack
import pytest

from router.events import NodeLost, PolicyChanged
from router.rows import Changes, NeighbourRow, Turn
from store.address import Address
from store.connection import StoreConnection, open_store
from store.errors import StoreCorrupt, StoreLost, StoreRefused, UnknownVersion
from store.keys import shard_keys
from store.lease import InboxEntry, Lease
from store.shard import RedisShardStore
from tests.store.samples import agent, policy, reservation, turn, typical_interaction, work
from tests.valkey import tcp_server

EVERYTHING = Changes((agent(),), (work(),), (reservation(),), neighbours=(NeighbourRow("south", 1),))
# The sections of a commit beside its journal entries.
EMPTY = (0,) * 9


@pytest.fixture
async def connection(store_url: str) -> AsyncIterator[StoreConnection]:
    opened = await open_store(store_url)
    yield opened
    await opened.aclose()


async def dump(connection: StoreConnection, shard: str) -> dict[bytes, bytes]:
    """Every key of the shard, as the server serialises it."""
    names = await connection.run("KEYS", f"jf:{{{shard}}}:*")
    return {name: await connection.run("DUMP", name) for name in names}


@pytest.mark.parametrize("broken", ["journal", "agents", "work", "reservations", "policies", "inbox", "neighbours"])
async def test_a_commit_that_fails_leaves_nothing(connection: StoreConnection, shard: str, broken: str) -> None:
    store, keys = RedisShardStore(connection, shard), shard_keys(shard)
    lease = await store.take("n1", 60_000)
    key = getattr(keys, broken)
    await connection.run("SET", key, "of another type")
    before = await dump(connection, shard)
    refused = [turn(1, EVERYTHING), turn(2, event=PolicyChanged(policy()))]
    if broken == "policies":
        with pytest.raises(StoreRefused, match="WRONGTYPE"):
            await store.commit(lease, refused, [InboxEntry("1-0", turn(1).event)])
        refused = [refused[0]]  # the check of the policy's content refused it before the function could
    else:
        with pytest.raises(StoreRefused, match="WRONGTYPE"):
            await store.commit(lease, refused, [InboxEntry("1-0", turn(1).event)])
    assert await dump(connection, shard) == before
    await connection.run("DEL", key)
    await store.commit(lease, refused)
    assert (await store.load(lease)).applied == len(refused)


async def test_malformed_arguments_are_refused_before_any_write(connection: StoreConnection, shard: str) -> None:
    store, keys = RedisShardStore(connection, shard), shard_keys(shard)
    lease = await store.take("n1", 60_000)
    before = await dump(connection, shard)
    for values in ((1, b"entry"), (9, b"entry", *EMPTY), (1, b"entry", *EMPTY, 0), ("x", *EMPTY)):
        argument = msgpack.packb([lease.epoch, 1, 5, "", "n1", *values], use_bin_type=False)
        with pytest.raises(StoreRefused):
            await connection.function("commit", keys.of_commit(), argument)
    assert await dump(connection, shard) == before


async def test_a_shard_uses_its_own_keys_only_and_numbers_stay_exact(connection: StoreConnection, shard: str) -> None:
    store, keys = RedisShardStore(connection, shard), shard_keys(shard)
    lease = await store.take("n1", 60_000)
    turns = [
        turn(1, event=PolicyChanged(policy())),
        *typical_interaction(2, lambda kind: f"{kind}7"),
        turn(16, EVERYTHING),
    ]
    await store.enrol("n3.1")
    await store.strike_off(lease, "n2.1")
    await store.commit(lease, turns, await store.read_inbox("", 10))
    known = {getattr(keys, item.name) for item in fields(keys)}
    assert set(await connection.run("KEYS", f"*{shard}*")) <= known
    head = await connection.run("HGETALL", keys.head)
    assert head[b"clock"] == str(turns[-1].now).encode()
    assert head[b"applied"] == b"16"
    assert head[b"until"].isdigit()


async def test_few_policies_stay_decoded_however_many_there_were(connection: StoreConnection, shard: str) -> None:
    store = RedisShardStore(connection, shard)
    lease = await store.take("n1", 60_000)
    versions = [f"p{number}" for number in range(1, 41)]
    await store.commit(
        lease, [turn(number, event=PolicyChanged(policy(name))) for number, name in enumerate(versions, 1)]
    )
    named = [entry.event for entry in await store.read_journal(0, 100)]
    assert named == [PolicyChanged(policy(name)) for name in versions]
    assert len(store._policies) <= 8


async def test_rows_of_another_codec_version_stop_the_load(connection: StoreConnection, shard: str) -> None:
    store, keys = RedisShardStore(connection, shard), shard_keys(shard)
    lease = await store.take("n1", 60_000)
    await connection.run("HSET", keys.agents, "a1", b"\x02\x90")
    with pytest.raises(UnknownVersion, match="version 2"):
        await store.load(lease)
    await connection.run("HSET", keys.agents, "a1", b"\x01\x90")
    with pytest.raises(StoreCorrupt):
        await store.load(lease)


async def test_the_inbox_wakes_its_reader(connection: StoreConnection, store_url: str, shard: str) -> None:
    store = RedisShardStore(connection, shard)
    lease = await store.take("n1", 60_000)
    reader = asyncio.create_task(store.read_inbox("", 10, block_ms=1500))
    other = await open_store(store_url)
    async with asyncio.timeout(30):
        while b"XREAD" not in await _blocked(other) and not reader.done():
            await asyncio.sleep(0.005)
    entry_id = await RedisShardStore(other, shard).strike_off(lease, "n2.1")
    assert [(entry.id, entry.event) for entry in await reader] == [(entry_id, NodeLost("n2.1"))]
    assert await store.read_inbox(entry_id, 10, block_ms=10) == []
    await other.aclose()


async def _blocked(connection: StoreConnection) -> bytes:
    blocked = (await connection.run("INFO", "clients"))["blocked_clients"]
    return b"XREAD" if int(blocked) else b""


async def _replica_ready(connection: StoreConnection) -> None:
    async with asyncio.timeout(30):
        while (await connection.run("INFO", "replication")).get("slave0", {}).get("state") != "online":
            await asyncio.sleep(0.02)


async def _replicated(store: RedisShardStore, lease: Lease, one: Turn) -> None:
    """Until a replica has it: on a busy machine that may take longer than a commit waits."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.commit(lease, [one])
            except StoreLost:
                continue


async def test_a_commit_can_wait_for_replicas(tmp_path: Path) -> None:
    with (
        tcp_server(tmp_path / "primary", "--repl-diskless-sync-delay", "0") as (_, port),
        tcp_server(tmp_path / "replica", "--replicaof", "127.0.0.1", str(port)) as (replica, replica_port),
    ):
        connection = await open_store(f"redis://127.0.0.1:{port}")
        await _replica_ready(connection)
        store = RedisShardStore(connection, "s1", replicas=1)
        lease = await store.take("n1", 60_000)
        await _replicated(store, lease, turn(1, EVERYTHING))

        assert not store.commit_now(lease, [turn(2)], (), lambda _taken: None), "it could not wait for them"
        replica.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreLost, match="only 0 of 1 replicas"):
            await store.commit(lease, [turn(2)])
        # On a new connection too, a repetition must not be taken for replicated.
        connection.link(shard_keys("s1").head).keep_to(Address(None, "127.0.0.1", replica_port))
        with pytest.raises(StoreLost, match="only 0 of 1 replicas"):
            await store.commit(lease, [turn(2)])
        replica.send_signal(signal.SIGCONT)
        await _replicated(store, lease, turn(2))

        # The replica, promoted, has it all: rows, journal and the function library.
        assert await _promote(replica_port)
        promoted = await open_store(f"redis://127.0.0.1:{replica_port}")
        successor = RedisShardStore(promoted, "s1")
        image = await successor.load(await successor.take("n1", 60_000))
        assert (image.applied, image.work) == (2, (work(),))

        # The former primary, demoted, refuses commits as a lost store does.
        await connection.run("REPLICAOF", "127.0.0.1", replica_port)
        with pytest.raises(StoreLost, match="READONLY"):
            await store.commit(lease, [turn(3)])
        await connection.aclose()
        await promoted.aclose()


async def _promote(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"REPLICAOF NO ONE\r\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.startswith(b"+OK")


async def test_what_was_read_on_another_connection_is_nothing_to_go_on_from(
    connection: StoreConnection, shard: str
) -> None:
    """It may be another server's: of the inbox there is the beginning, a journal has to be looked at first."""
    store, keys = RedisShardStore(connection, shard), shard_keys(shard)
    lease = await store.take("n1", 60_000)
    entry_id = await store.strike_off(lease, "n2.1")
    await store.commit(lease, [turn(1), turn(2)])

    def broken(stream: bytes) -> None:
        connection.link(stream).keep_to(Address(None, "127.0.0.1", 1))

    (entry,) = await store.read_inbox("", 10)
    for after in (entry_id, ""):
        assert await store.read_inbox(entry_id, 10) == []
        broken(keys.inbox)
        if after:
            with pytest.raises(StoreLost, match="another one"):
                await store.read_inbox(after, 10)
        assert await store.read_inbox("", 10) == [entry]
    assert [each.sequence for each in await store.follow_journal(0, 1, 10)] == [1]
    broken(keys.journal)
    with pytest.raises(StoreLost, match="another one"):
        await store.follow_journal(1, 1, 10)
    assert [each.sequence for each in await store.follow_journal(1, 1, 10)] == [2]
