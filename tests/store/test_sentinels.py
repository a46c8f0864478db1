"""Which master counts while the sentinels do not agree, and that connections to any other are broken."""

import asyncio
from pathlib import Path

from redis import Redis

from router.rows import Changes
from store.connection import open_store
from store.errors import StoreLost
from store.keys import shard_keys
from store.lease import Lease
from store.sentinels import Word, newest
from store.shard import RedisShardStore
from tests.redis_sites import watched
from tests.store.samples import reservation, turn
from tests.waiting import until

OLD = Word(3, up=True, host="old", port=1)


def test_the_word_of_the_last_failover_counts() -> None:
    new = Word(4, up=False, host="new", port=2)
    assert newest([OLD, new, OLD]) == new


def test_after_the_same_failover_who_sees_the_master_up_is_believed() -> None:
    down = Word(3, up=False, host="old", port=1)
    assert newest([down, OLD, down]) == OLD


def test_nobody_says_anything() -> None:
    assert newest([]) is None


async def test_a_master_that_was_given_up_is_left_though_it_lives_and_takes_writes(tmp_path: Path) -> None:
    """Both connections, the one of commits and redis-py's, stood all the time: nothing broke them but the sentinels."""
    with watched(tmp_path / "site") as site:
        connection = await open_store(site.url)
        store = RedisShardStore(connection, "s1")
        lease = await store.take("n1", 60_000)
        await store.commit(lease, [turn(1, Changes(reservations=(reservation("r1"),)))])
        old = await asyncio.to_thread(site.give_up)
        (new,) = site.promoted()
        await until(lambda: not callers(old), "nobody speaks with the old one", 30)
        await _repeated(store, lease)
        with Redis(port=old) as before, Redis(port=new) as after:
            head = shard_keys("s1").head
            assert before.hget(head, "applied") == b"1"
            assert after.hget(head, "applied") == b"2"
        assert (await store.head()).applied == 2
        await connection.aclose()


def callers(port: int) -> list[str]:
    """Who called a function at that server last, of those that are connected."""
    with Redis(port=port) as redis:
        return [client["addr"] for client in redis.client_list() if client["cmd"].startswith("fcall")]


async def _repeated(store: RedisShardStore, lease: Lease) -> None:
    """The second turn, until it is committed."""
    while True:
        try:
            await store.commit(lease, [turn(2, Changes(reservations=(reservation("r2"),)))])
        except StoreLost:
            await asyncio.sleep(0.02)
        else:
            return
