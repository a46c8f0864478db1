"""Which incarnation of a node lives."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.persistence.embedded import EmbeddedValkey
from store.connection import StoreConnection, open_store
from store.errors import StoreLost
from store.nodes import Member, NodeRegister


@pytest.fixture
async def connection(store_url: str) -> AsyncIterator[StoreConnection]:
    opened = await open_store(store_url)
    await opened.run("DEL", "jf:{nodes}:members", "jf:{nodes}:incarnations")
    yield opened
    await opened.aclose()


async def test_each_join_is_a_new_incarnation(connection: StoreConnection) -> None:
    register = NodeRegister(connection)
    first, second = await register.join("n1"), await register.join("n1")
    assert (first.label, second.label) == ("n1.1", "n1.2")
    assert (await register.join("n2")).label == "n2.1"


async def test_a_new_incarnation_finds_its_killed_predecessors_at_once(connection: StoreConnection) -> None:
    register = NodeRegister(connection, ttl_ms=60_000)
    killed, bystander = await register.join("n1"), await register.join("n2")
    assert await register.lost(killed) == []
    again = await register.join("n1")
    assert await register.lost(again) == [killed.label]
    assert await register.lost(again) == [killed.label]  # until it is forgotten: a crash in between repeats it
    assert await register.lost(bystander) == [killed.label]
    assert not await register.beat(killed)
    await register.forget(killed.label)
    assert await register.lost(again) == []
    assert not await register.beat(killed)
    assert await register.beat(again)
    assert await register.beat(bystander)


async def test_a_silent_node_is_lost_and_learns_it(connection: StoreConnection) -> None:
    silent = await NodeRegister(connection, ttl_ms=30).join("n1")
    register = NodeRegister(connection, ttl_ms=60_000)
    watcher = await register.join("n2")
    async with asyncio.timeout(30):
        while not await register.lost(watcher):
            await asyncio.sleep(0.005)
    assert await register.lost(watcher) == [silent.label]
    assert not await register.beat(silent)


async def test_a_late_heartbeat_before_anybody_looked_is_in_time(connection: StoreConnection) -> None:
    late = await NodeRegister(connection, ttl_ms=1).join("n1")
    register = NodeRegister(connection, ttl_ms=60_000)
    async with asyncio.timeout(30):
        while await connection.run("EXISTS", "jf:{nodes}:alive:n1.1"):
            await asyncio.sleep(0.005)
    assert await register.beat(late)
    assert await register.lost(await register.join("n2")) == []


async def test_names_with_dots_keep_their_own_incarnations(connection: StoreConnection) -> None:
    register = NodeRegister(connection)
    dotted, plain = await register.join("n1.example"), await register.join("n1")
    assert dotted.label == "n1.example.1"
    assert await register.lost(plain) == []
    assert await register.lost(await register.join("n1.example")) == [dotted.label]
    assert Member("n1", 1).label == "n1.1"


async def test_who_lives_and_where_they_are_reached(connection: StoreConnection) -> None:
    await connection.run("DEL", "jf:{nodes}:addresses")
    register = NodeRegister(connection, ttl_ms=60_000)
    assert await register.alive() == set()
    one, two = await register.join("n1"), await register.join("n2")
    silent = await NodeRegister(connection, ttl_ms=1).join("n3")
    async with asyncio.timeout(30):
        while silent.label in await register.alive():
            await asyncio.sleep(0.005)
    assert await register.alive() == {one.label, two.label}
    await register.announce(one, "192.0.2.1:7000")
    await register.announce(two, "192.0.2.2:7000")
    await register.forget(two.label)
    assert await register.addresses() == {one.label: "192.0.2.1:7000"}


async def test_a_node_whose_death_was_seen_is_lost_at_once(connection: StoreConnection) -> None:
    register = NodeRegister(connection, ttl_ms=60_000)
    one, two = await register.join("n1"), await register.join("n2")
    await register.declare_lost(one.label)
    await register.declare_lost("n9.1")  # who is not there is not made up
    assert await register.lost(two) == [one.label]
    assert not await register.beat(one)


async def test_all_nodes_of_a_site_know_the_same_secret(connection: StoreConnection) -> None:
    known = await NodeRegister(connection).secret()
    assert len(known) == 32
    assert await NodeRegister(connection).secret() == known


async def test_where_a_node_s_pages_were_stays_known_when_it_is_gone(connection: StoreConnection) -> None:
    register = NodeRegister(connection)
    one = await register.join("n1")
    await register.serve_pages(one, "http://192.0.2.1:8080")
    await register.forget(one.label)
    assert (await register.pages())["n1"] == "http://192.0.2.1:8080"


async def test_silence_says_nothing_after_the_store_was_away(tmp_path: Path) -> None:
    """Nobody could beat meanwhile: whoever looks first must not take the others for dead."""
    async with EmbeddedValkey(tmp_path) as server:
        connection = await open_store(server.url, reply_timeout_s=0.2)
        patient, hasty = NodeRegister(connection, ttl_ms=60_000), NodeRegister(connection, ttl_ms=50)
        here, other = await patient.join("n1"), await NodeRegister(connection, ttl_ms=1).join("n2")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            for register in (patient, hasty):
                with pytest.raises(StoreLost):
                    await register.beat(here)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        async with asyncio.timeout(30):
            while other.label in await patient.alive():
                await asyncio.sleep(0.005)
            assert await patient.lost(here) == []
            while await hasty.lost(here) != [other.label]:
                await asyncio.sleep(0.005)
        await connection.aclose()


async def test_a_register_that_was_lost_has_a_member_again_and_where_it_is(connection: StoreConnection) -> None:
    register = NodeRegister(connection, group="lost")
    one = await register.join("n1")
    await register.announce(one, "192.0.2.1:7000")
    await register.serve_pages(one, "http://192.0.2.1:8080")
    await connection.run(
        "DEL", *(f"jf:{{nodes-lost}}:{name}" for name in ("members", "incarnations", "addresses", "pages"))
    )
    assert await register.beat(one)
    assert await register.addresses() == {one.label: "192.0.2.1:7000"}
    assert await register.pages() == {"n1": "http://192.0.2.1:8080"}
