"""The store where it moves while it is used: a sentinel's master that dies, a slot that changes its node."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

from router.rows import Changes, Turn
from store.connection import StoreConnection, open_store
from store.errors import StoreLost
from store.keys import shard_keys
from store.lease import Lease, ShardHead
from store.shard import RedisShardStore
from tests.redis_sites import cluster_of, in_step, watched
from tests.store.samples import reservation, turn
from tests.waiting import until


def _turn(sequence: int) -> Turn:
    return turn(sequence, Changes(reservations=(reservation(f"r{sequence}"),)))


class Writer:
    """Commits one turn after the other as the pump does: what is lost is sent again."""

    def __init__(self, store: RedisShardStore, lease: Lease) -> None:
        self.store = store
        self.lease = lease
        self.acknowledged = 0
        self.repeated = 0
        self._task = asyncio.create_task(self._run())

    async def more(self, count: int = 50) -> None:
        """Returns when that many more are acknowledged."""
        goal = self.acknowledged + count
        await until(lambda: self._task.done() or self.acknowledged >= goal, "commits go on", 30)
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        for sequence in itertools.count(self.lease.applied + 1):
            while True:
                try:
                    await self.store.commit(self.lease, [_turn(sequence)])
                    break
                except StoreLost:
                    self.repeated += 1
                    await asyncio.sleep(0.02)
            self.acknowledged = sequence

    async def check(self, connection: StoreConnection, shard: str) -> None:
        """Everything acknowledged is there once, and nothing besides but the turn under way."""
        await self.stop()
        store = RedisShardStore(connection, shard)
        image = await store.load(self.lease)
        assert image.applied in (self.acknowledged, self.acknowledged + 1)
        journal = [entry.sequence for entry in await store.read_journal(0, 1_000_000)]
        assert journal == list(range(1, image.applied + 1))
        assert {row.reservation_id for row in image.reservations} == {f"r{each}" for each in journal}


async def test_after_a_failover_by_sentinels_all_that_was_acknowledged_is_at_the_new_master(tmp_path: Path) -> None:
    """Each commit waits for one of two replicas; the sentinels promote the one that has more."""
    with watched(tmp_path / "site", replicas=2) as site:
        connection = await open_store(site.url)
        store = RedisShardStore(connection, "s1", replicas=1)
        writer = Writer(store, await store.take("n1", 60_000))
        await writer.more()
        site.master[0].kill()
        await until(lambda: bool(site.promoted()), "a replica is promoted", 30)
        await writer.more()
        assert writer.repeated
        await writer.check(connection, "s1")
        await connection.aclose()


async def test_a_master_that_was_given_up_acknowledges_nothing_where_commits_wait_for_every_replica(
    tmp_path: Path,
) -> None:
    """It lives and takes writes, but what was its replica is the master now: it confirms nothing."""
    with watched(tmp_path / "site") as site:
        connection = await open_store(site.url)
        store = RedisShardStore(connection, "s1", replicas=1)
        writer = Writer(store, await store.take("n1", 600_000))
        await writer.more()
        old = await asyncio.to_thread(site.give_up, forget=False)
        await until(lambda: in_step(old), "the old one is a replica", 90)
        await writer.more()
        await writer.check(connection, "s1")
        await connection.aclose()


async def test_a_slot_that_moves_takes_the_shard_along_while_it_commits(tmp_path: Path) -> None:
    with cluster_of(tmp_path, 3) as cluster:
        connection = await open_store(cluster.url)
        store = RedisShardStore(connection, "s1")
        writer = Writer(store, await store.take("n1", 60_000))
        await writer.more()
        key = shard_keys("s1").head
        before = cluster.holder(key)
        await asyncio.to_thread(cluster.move, key, (before + 1) % 3)
        assert cluster.holder(key) != before
        await writer.more()
        await writer.check(connection, "s1")
        await connection.aclose()


async def test_a_cluster_master_that_dies_is_followed_by_its_replica(tmp_path: Path) -> None:
    with cluster_of(tmp_path, 3, replicas=True) as cluster:
        connection = await open_store(cluster.url)
        store = RedisShardStore(connection, "s1", replicas=1)
        writer = Writer(store, await store.take("n1", 60_000))
        await writer.more()
        cluster.processes[cluster.holder(shard_keys("s1").head)].kill()
        await until(lambda: writer.repeated > 0, "it is noticed", 30)
        await writer.stop()
        # The promoted one has no replica of its own: from here on a commit can wait for none.
        alone = RedisShardStore(connection, "s1")
        head = await _head(alone)
        assert head.applied >= writer.acknowledged
        again = Writer(alone, replace(writer.lease, applied=head.applied))
        again.acknowledged = head.applied
        await again.more()
        await again.check(connection, "s1")
        await connection.aclose()


async def _head(store: RedisShardStore) -> ShardHead:
    """As soon as somebody serves the slot."""
    for _ in range(600):
        try:
            return await store.head()
        except StoreLost:
            await asyncio.sleep(0.05)
    raise TimeoutError
