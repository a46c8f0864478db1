"""What explanations and rotation cost the server's loop: how late a tick of 1 ms is meanwhile, and how long they take.

One JSON object a line: name, unit, p50, p99, n, conditions. `python -m bench.explain [--quick]`.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from bench.figures import line
from router.dispatcher import Dispatcher
from router.events import AgentConnected, CustomerLeft, Event, PolicyChanged, PresenceSet, WorkQueued
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import Turn
from router.vocabulary import Medium, Presence
from server.explain.explanations import explained
from server.explain.past_decisions import PastDecisions
from server.persistence.embedded import EmbeddedValkey
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from server.persistence.rotation import SEGMENT_TURNS, Rotation
from store.connection import open_store
from store.lease import Lease
from store.shard import RedisShardStore
from telemetry import logs

SEED = 7
SKILLS = 200
TICK_S = 0.001
GROUP = 256


def policy(agents: int) -> Policy:
    """One voice queue; 200 skills, 5 for each agent."""
    random = Random(SEED)
    names = [f"s{index}" for index in range(SKILLS)]
    people = {
        f"a{index}": AgentPolicy(f"a{index}", "t", {name: random.randint(1, 10) for name in random.sample(names, 5)})
        for index in range(agents)
    }
    return Policy("bench", {"q": QueuePolicy("q", Medium.VOICE)}, people)


class Shard:
    """Agents who come, then work that is offered and left by its customer, committed in groups."""

    def __init__(self, store: RedisShardStore, lease: Lease) -> None:
        self._store, self._lease = store, lease
        self.dispatcher = Dispatcher()
        self.sequence, self._now = 0, 1_790_000_000_000_000
        self._batch: list[Turn] = []

    async def post(self, event: Event) -> None:
        """One turn."""
        self._now += 1000
        commands = tuple(self.dispatcher.handle(event, self._now))
        self.sequence += 1
        self._batch.append(Turn(self.sequence, self._now, "bench", event, commands, self.dispatcher.drain_changes()))
        if len(self._batch) == GROUP:
            await self.flush()

    async def flush(self) -> None:
        """Commits what is left."""
        await self._store.commit(self._lease, self._batch)
        self._batch.clear()

    async def fill(self, agents: int, turns: int) -> None:
        """All agents ready, then work up to so many turns; the last item stays offered."""
        for index in range(agents):
            await self.post(AgentConnected(f"a{index}", 1))
            await self.post(PresenceSet(f"a{index}", Presence.READY))
        number = 0
        while self.sequence < turns or number == 0:
            number += 1
            await self.post(WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, "q"))
            await self.post(CustomerLeft(f"w{number}"))
        await self.post(WorkQueued("last", "last", Medium.VOICE, "q"))
        await self.flush()


async def late(work: Coroutine[Any, Any, object]) -> tuple[float, list[float]]:
    """Milliseconds that `work` took, and by which each tick came late meanwhile."""
    task = asyncio.ensure_future(work)
    begun, ticks = time.perf_counter(), []
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(TICK_S)
        ticks.append((time.perf_counter() - before - TICK_S) * 1000)
    await task
    return (time.perf_counter() - begun) * 1000, ticks


def emit(name: str, values: list[float], where: str) -> None:
    """Print one result line."""
    print(line(name, "ms", values, where), flush=True)


async def measure(url: str, folder: Path, agents: int, turns: int) -> None:
    """One shard with so many agents, and a segment of so many turns."""
    where = f"{agents} agents, {turns} turns in the segment"
    connection = await open_store(url)
    store, files = RedisShardStore(connection, f"bench{agents}"), JournalFolder(folder / f"journal{agents}", "bench")
    lease = await store.take("bench", 600_000)
    shard, rules = Shard(store, lease), policy(agents)
    rotation = Rotation(store, lease, files, lambda: shard.sequence, unsettled=set(), days=0)
    await rotation.begin(Policy("", {}, {}), 1)
    await shard.post(PolicyChanged(rules))
    await shard.fill(agents, turns)
    gc.collect()
    gc.freeze()
    past = PastDecisions(KeptJournal(store, files))
    _, ticks = await late(asyncio.sleep(1))
    emit("explain.floor_tick_late", ticks, where)
    for name, work in (
        ("now", explained(shard.dispatcher, "last")),
        ("past_from_store", past.find("last", [shard.sequence], 100)),
        ("rotation", rotation.turn_over()),
        ("past_from_file", past.find("last", [shard.sequence], 100)),
    ):
        took, ticks = await late(work)
        emit(f"explain.{name}", [took], where)
        emit(f"explain.{name}_tick_late", ticks, f"{where}, the latest {max(ticks):.1f} ms")
    await connection.aclose()


async def run(folder: Path, sizes: tuple[int, ...], turns: int) -> None:
    """All sizes on one server."""
    async with EmbeddedValkey(folder) as server:
        for agents in sizes:
            await measure(server.url, folder, agents, max(turns, 2 * agents + 1000))


def main() -> None:
    """Print all results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short segment, fewer agents")
    quick = parser.parse_args().quick
    logs.configure("error")
    with tempfile.TemporaryDirectory() as folder:
        sizes = (100,) if quick else (500, 10_000)
        uvloop.run(run(Path(folder), sizes, 3_000 if quick else SEGMENT_TURNS + 1000))


if __name__ == "__main__":
    main()
