"""Two shards on one Redis, each with a site and a database of its own: work overflows from one to the other."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from store.connection import open_store
from store.keys import shard_keys
from tests.e2e.pair import LEASE_MS, events
from tests.e2e.server import ROOT, Server
from tests.e2e.site import make_site
from tests.e2e.test_nodes import handled, ready, submit
from tests.valkey import running_server
from tests.waiting import until

PATIENT_S = 60.0
ELSEWHERE = '[elsewhere.far_chat]\nshard = "south"\nmedium = "chat"\n'
CLOSED = '[web_chat]\nopening = "closed"\nwhen_closed = { queue = "far_chat" }\n'
FAR = '\n[far_chat]\ntitle = "Chats of the other shard"\nmedium = "chat"\ndispositions = ["resolved"]\n'


class Shards:
    """`north` has one node, `south` two, the first of which owns it. The north's chat queue is closed."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.store_url = store_url
        self._folder = folder
        sites = {name: self._site(name) for name in ("north", "south")}
        self.north = self._server("north", "north", sites["north"])
        self.south, self.standby = (self._server(name, "south", sites["south"]) for name in ("south", "standby"))

    @property
    def all(self) -> tuple[Server, ...]:
        return self.north, self.south, self.standby

    def _site(self, name: str) -> Path:
        (self._folder / name).mkdir()
        site = make_site(self._folder / name)
        queues = site / "queues.toml"
        if name == "north":
            (site / "routing.toml").write_text(ELSEWHERE)
            queues.write_text(queues.read_text().replace("[web_chat]\n", CLOSED, 1))
        else:
            queues.write_text(queues.read_text() + FAR)
        return site

    def _database(self, shard: str) -> str:
        return f"sqlite+aiosqlite:///{self._folder / shard / 'shared.db'}"

    def _server(self, name: str, shard: str, site: Path) -> Server:
        folder = self._folder / f"node-{name}"
        folder.mkdir()
        flags = [f"--redis-url={self.store_url}", f"--lease-ms={LEASE_MS}", f"--node={name}", f"--shard={shard}"]
        return Server(folder, site, [*flags, f"--database-url={self._database(shard)}"])

    def make_key(self) -> str:
        """A program's, in the north."""
        command = [sys.executable, "-m", "server", "make-api-key", "crm", f"--database-url={self._database('north')}"]
        made = subprocess.run(
            [*command, f"--site={self.north.site}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return made.stdout.split()[-1]

    def outcomes(self, shard: str) -> dict[str, tuple[str, str]]:
        """State and outcome of each interaction in the shard's records."""
        with closing(sqlite3.connect(self._folder / shard / "shared.db")) as records:
            return {
                key: (state, end) for key, state, end in records.execute("SELECT id, state, outcome FROM interactions")
            }

    async def open_in_the_north(self) -> int:
        """How many items the north's rows have."""
        connection = await open_store(self.store_url)
        try:
            return int(await connection.run("HLEN", shard_keys("north").work))
        finally:
            await connection.aclose()


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    with running_server(tmp_path / "store") as store_url:
        made = Shards(tmp_path, store_url)
        try:
            for server in made.all:
                server.start()
            yield made
        finally:
            for server in made.all:
                server.close()


async def test_work_overflows_to_the_other_shard_and_its_owners_death_loses_none(shards: Shards) -> None:
    key = shards.make_key()
    async with aiohttp.ClientSession() as http:
        agent, _ = await ready(shards.standby, http, "agent1")
        first = await submit(shards.north, http, key)
        offer = await handled(agent, PATIENT_S)
        assert (offer.interaction_id, offer.queue) == (first["interaction_id"], "far_chat")

        # One is on its way while the owner there dies, one comes afterwards: each is handled there, once.
        made = [first]
        for killed in (True, False):
            made.append(await submit(shards.north, http, key))
            if killed:
                shards.south.kill()
            assert (await handled(agent, PATIENT_S)).interaction_id == made[-1]["interaction_id"]
        await until(lambda: bool(events(shards.standby, "shard_taken_over")), "the other node of the shard owns it")
        await until_empty(shards)
    for server in (shards.north, shards.standby):
        assert server.interrupt() == 0
        assert server.errors() == []
    every = [one["interaction_id"] for one in made]
    assert shards.outcomes("north") == dict.fromkeys(every, ("closed", "handed_over"))
    assert shards.outcomes("south") == dict.fromkeys(every, ("closed", "handled"))


async def until_empty(shards: Shards) -> None:
    """Returns when nothing is in the north's account any more."""
    deadline = time.monotonic() + 60
    while (left := await shards.open_in_the_north()) > 0:
        assert time.monotonic() < deadline, f"{left} items are still in the north's account"
        await asyncio.sleep(0.05)
