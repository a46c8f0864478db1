"""One node becomes three and one again, each started anew in between, under load: no offer fails, no work is lost."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from soak.rolling import Nodes, Roamer, Tally, submit, visit
from tests.valkey import running_server
from tests.waiting import until

AGENTS = [f"agent{number}" for number in range(1, 5)]
# What may come of an offer besides being taken: nothing.
FAILED = ("missed", "connection_lost", "join_failed", "offer_failed", "rejected")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with running_server(tmp_path / "store") as store_url:
        made = Nodes(tmp_path, store_url)
        try:
            yield made
        finally:
            made.close()


def steps(nodes: Nodes) -> Counter[str]:
    """What happened, by kind, as the records have it."""
    with sqlite3.connect(nodes.database) as database:
        return Counter(dict(database.execute("SELECT kind, count(*) FROM steps GROUP BY kind").fetchall()))


@pytest.mark.timeout(900)
async def test_nodes_come_and_go_and_no_offer_fails(nodes: Nodes) -> None:
    await nodes.start("one")
    key, tally, stop = nodes.make_key(), Tally(), asyncio.Event()
    async with aiohttp.ClientSession() as http:
        roamers = [asyncio.create_task(Roamer(nodes, account, http, tally).run()) for account in AGENTS]
        load = [asyncio.create_task(visit(nodes, http, tally, stop)) for _ in range(3)]
        load.append(asyncio.create_task(submit(nodes, http, key, tally, stop)))
        for name in ("two", "three"):
            await nodes.start(name)
            await asyncio.sleep(3)
        for name in ("three", "two", "one"):  # the last one owns the shard
            assert (await nodes.drain(name)).startswith("drained"), name
            await nodes.start(name)
            await asyncio.sleep(3)
        for name in ("two", "three"):
            assert (await nodes.drain(name)).startswith("drained"), name
        stop.set()
        await asyncio.gather(*load)
        await until(lambda: set(tally.submitted) <= set(tally.handled), "everything was handled", 60)
        for roamer in roamers:
            roamer.cancel()
        await asyncio.gather(*roamers, return_exceptions=True)
    assert nodes.all["one"].interrupt() == 0
    assert {one: held for one, held in tally.handled.items() if len(held) > 1} == {}, "nothing was handled twice"
    happened = steps(nodes)
    print(tally.moves, tally.said, len(tally.submitted), dict(happened), dict(tally.refused), dict(tally.withdrawn))
    assert {kind: happened[kind] for kind in FAILED if happened[kind]} == {}
