"""What is acknowledged survives kill -9 of the server; the link says what it does not know."""

import asyncio
import itertools
import os
import signal
from pathlib import Path

import pytest

from router.rows import Changes, Turn
from server.persistence.embedded import EmbeddedValkey
from store.connection import open_store
from store.errors import StoreLost
from store.lease import Lease
from store.shard import RedisShardStore
from tests.store.samples import reservation, turn


def _turn(sequence: int) -> Turn:
    return turn(sequence, Changes(reservations=(reservation(f"r{sequence}"),)))


async def _commit_until_lost(store: RedisShardStore, lease: Lease, acknowledged: list[int]) -> None:
    for sequence in itertools.count(lease.applied + 1):
        try:
            await store.commit(lease, [_turn(sequence)])
        except StoreLost:
            return
        acknowledged.append(sequence)


async def test_kill_9_and_restart_keep_every_acknowledged_commit(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    connection = await open_store(await server.start())
    store = RedisShardStore(connection, "s1")
    acknowledged: list[int] = []
    for round_number in range(3):
        lease = await store.take("n1", 60_000)
        assert lease.applied >= len(acknowledged)
        acknowledged = list(range(1, lease.applied + 1))
        goal = lease.applied + 200
        loser = asyncio.create_task(_commit_until_lost(store, lease, acknowledged))
        while len(acknowledged) < goal:
            await asyncio.sleep(0.001)
        os.kill(server.pid, signal.SIGKILL)
        await loser
        await server.stop()

        server = EmbeddedValkey(tmp_path)
        await server.start()
        image = await store.load(lease)
        assert image.applied in (len(acknowledged), len(acknowledged) + 1), f"round {round_number}"
        kept = {row.reservation_id for row in image.reservations}
        assert {f"r{sequence}" for sequence in acknowledged} <= kept
        journal = [entry.sequence for entry in await store.read_journal(0, 10_000)]
        assert journal == list(range(1, image.applied + 1))
        # The turn whose outcome was unknown is sent again as it was, and so is the next.
        await store.commit(lease, [_turn(len(acknowledged) + 1)])
        await store.commit(lease, [_turn(len(acknowledged) + 2)])
        assert (await store.load(lease)).applied == len(acknowledged) + 2
    await connection.aclose()
    await server.stop()


async def test_a_server_that_does_not_answer_is_lost_within_the_deadline(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        connection = await open_store(server.url, reply_timeout_s=0.3)
        store = RedisShardStore(connection, "s1")
        lease = await store.take("n1", 60_000)
        await store.commit(lease, [_turn(1)])
        os.kill(server.pid, signal.SIGSTOP)
        try:
            results = await asyncio.gather(
                *(store.commit(lease, [_turn(sequence)]) for sequence in range(2, 12)), return_exceptions=True
            )
            assert [type(result) for result in results] == [StoreLost] * 10
            with pytest.raises(StoreLost):
                await store.renew(lease)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        # The server carries out what it had received; sending all of it again is accepted and leaves each turn once.
        await store.commit(lease, [_turn(sequence) for sequence in range(2, 12)])
        assert [entry.sequence for entry in await store.read_journal(0, 100)] == list(range(1, 12))
        await connection.aclose()


async def test_commits_without_a_server_fail_at_once_and_work_again_later(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    connection = await open_store(await server.start())
    store = RedisShardStore(connection, "s1")
    lease = await store.take("n1", 60_000)
    await store.commit(lease, [_turn(1)])
    await server.stop()
    for _ in range(3):
        with pytest.raises(StoreLost):
            await store.commit(lease, [_turn(2)])
    with pytest.raises(StoreLost):
        await store.load(lease)
    server = EmbeddedValkey(tmp_path)
    await server.start()
    # All at once, while the link reconnects: calling order is sending order.
    await asyncio.gather(*(store.commit(lease, [_turn(sequence)]) for sequence in range(2, 50)))
    assert (await store.load(lease)).applied == 49
    await connection.aclose()
    await server.stop()
