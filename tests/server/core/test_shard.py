"""Owning a shard, on a real Valkey: lease, restore, policy, and what a second owner means for the first."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.policy import site_policy
from router import events as facts
from router.errors import RoutingEndedError
from router.policy import Policy
from router.rows import Turn
from router.vocabulary import Medium, OfferState, Presence
from server.core.pump import Pump
from server.core.shard import ShardOwner
from server.persistence.embedded import EmbeddedValkey
from store.connection import StoreConnection, open_store
from store.errors import Deposed
from store.shard import RedisShardStore
from tests.server.sites import agent, small_site
from tests.waiting import until

POLICY = site_policy(small_site())
WIDER = site_policy(small_site({"anna": agent("anna"), "ben": agent("ben")}))
LEASE_US = 300_000


@contextlib.asynccontextmanager
async def owned(
    connection: StoreConnection, shard: str, policy: Policy = POLICY, *, node: str = "n1"
) -> AsyncIterator[tuple[ShardOwner, Pump, list[Turn]]]:
    """A running pump over the shard; the lease is given back at the end unless it was lost."""
    owner = await ShardOwner.take(RedisShardStore(connection, shard), node, LEASE_US)
    spoken: list[Turn] = []
    pump = await owner.restore(policy, spoken.append, lambda _turn, _us: None)
    running = asyncio.create_task(pump.run())
    try:
        yield owner, pump, spoken
    finally:
        pump.close()
        with contextlib.suppress(Deposed):
            await asyncio.wait_for(running, 30)
        await owner.release()


async def connected_offer(pump: Pump) -> None:
    await pump.post(facts.AgentConnected("anna", 1), "t")
    await pump.post(facts.PresenceSet("anna", Presence.READY), "t")
    await pump.post(facts.WorkQueued("w1", "i1", Medium.VOICE, "orders", node="n1.1"), "t")


async def test_a_fresh_shard_journals_its_policy_first(connection: StoreConnection, shard: str) -> None:
    async with owned(connection, shard) as (owner, pump, spoken):
        await pump.drain()
        assert [turn.event for turn in spoken] == [facts.PolicyChanged(POLICY)]
        entries = await owner.store.read_journal(0, 10)
        assert [entry.event for entry in entries] == [facts.PolicyChanged(POLICY)]
        assert pump.dispatcher.policy == POLICY
    async with owned(connection, shard) as (_, pump, spoken):
        await pump.drain()
        assert spoken == [], "the same policy is no change"
        assert pump.dispatcher.policy == POLICY


async def test_a_changed_policy_is_journalled_and_in_force(connection: StoreConnection, shard: str) -> None:
    async with owned(connection, shard) as (_, pump, _spoken):
        await connected_offer(pump)
    async with owned(connection, shard, WIDER) as (owner, pump, spoken):
        await pump.drain()
        assert [turn.event for turn in spoken] == [facts.PolicyChanged(WIDER)]
        assert pump.dispatcher.agent("ben") is not None
        assert (await owner.store.load(owner.lease)).policy_version == WIDER.version
    async with owned(connection, shard, POLICY) as (_, pump, spoken):
        await pump.drain()
        assert pump.dispatcher.policy == POLICY, "and back to a version that was there before"
        assert pump.dispatcher.agent("ben") is None


async def test_everything_is_there_again_and_time_goes_on(connection: StoreConnection, shard: str) -> None:
    async with owned(connection, shard) as (_, pump, spoken):
        await connected_offer(pump)
        sequence, last = pump.sequence, spoken[-1].now
    async with owned(connection, shard) as (owner, pump, spoken):
        row = pump.dispatcher.reservation("w1.1")
        assert row is not None
        assert row.state is OfferState.OFFERED
        assert pump.sequence == sequence
        agent_row = pump.dispatcher.agent("anna")
        assert agent_row is not None
        assert (agent_row.presence, agent_row.connected) == (Presence.READY, False)
        await pump.post(facts.OfferAccepted("w1.1", "anna"), "t")
        assert (spoken[0].sequence, spoken[0].now > last) == (sequence + 1, True)
        assert [entry.sequence for entry in await owner.store.read_journal(0, 99)] == list(range(1, sequence + 2))


async def test_a_second_owner_deposes_the_first(connection: StoreConnection, shard: str) -> None:
    store = RedisShardStore(connection, shard)
    first = await ShardOwner.take(store, "n1", LEASE_US)
    pump = await first.restore(POLICY, lambda _turn: None, lambda _turn, _us: None)
    running = asyncio.create_task(pump.run())
    renewing = asyncio.create_task(first.renew())
    await pump.post(facts.WorkQueued("w1", "i1", Medium.VOICE, "orders"), "t")
    epoch = await store.break_lease(first.lease.epoch)
    second = await ShardOwner.take(RedisShardStore(connection, shard), "n2", LEASE_US)
    assert second.lease.epoch > epoch - 1
    assert [row.work_id for row in second.image.work] == ["w1"]
    with pytest.raises(RoutingEndedError):
        await asyncio.wait_for(pump.post(facts.CustomerLeft("w1"), "t"), 30)
    with pytest.raises(Deposed):
        await asyncio.wait_for(running, 30)
    with pytest.raises(Deposed):
        await asyncio.wait_for(renewing, 30)
    await first.release()  # without effect, and without an error
    assert [row.work_id for row in (await second.store.load(second.lease)).work] == ["w1"], "nothing of the first"
    await second.release()


async def test_another_node_waits_until_the_lease_has_run_out(connection: StoreConnection, shard: str) -> None:
    first = await ShardOwner.take(RedisShardStore(connection, shard), "n1", LEASE_US)
    loop = asyncio.get_running_loop()
    began = loop.time()
    second = await asyncio.wait_for(ShardOwner.take(RedisShardStore(connection, shard), "n2", LEASE_US), 30)
    assert loop.time() - began > LEASE_US / 1e6 / 2
    assert second.lease.epoch > first.lease.epoch
    await second.release()


async def test_a_renewed_lease_does_not_run_out(connection: StoreConnection, shard: str) -> None:
    first = await ShardOwner.take(RedisShardStore(connection, shard), "n1", LEASE_US)
    renewing = asyncio.create_task(first.renew())
    taking = asyncio.create_task(ShardOwner.take(RedisShardStore(connection, shard), "n2", LEASE_US))
    await asyncio.sleep(2 * LEASE_US / 1e6)  # two whole leases
    assert not taking.done()
    assert not renewing.done()
    renewing.cancel()
    await first.release()
    second = await asyncio.wait_for(taking, 30)
    assert second.lease.owner == "n2"
    await second.release()


async def test_commits_are_timed(connection: StoreConnection, shard: str) -> None:
    async with owned(connection, shard) as (owner, pump, _):
        taken: list[int] = []
        owner.committed = taken.append
        await pump.post(facts.InteractionNoted("i", "answered"), "t")
        await until(lambda: bool(taken))
        assert 0 < taken[0] < 5_000_000


async def test_an_owner_with_nothing_to_commit_finds_out_that_the_store_is_away(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        connection = await open_store(server.url, reply_timeout_s=0.2)
        owner = await ShardOwner.take(RedisShardStore(connection, "s1"), "n1", LEASE_US)
        renewing = asyncio.create_task(owner.renew())
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await until(lambda: bool(owner.unreached), "it is told", 30)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await until(lambda: not owner.unreached, "it is there again", 30)
        renewing.cancel()
        await asyncio.wait({renewing})
        await owner.release()
        await connection.aclose()
