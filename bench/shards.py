"""One shard against two, each decided and committed by a process of its own, on one store: what a second shard adds.

    python -m bench.shards [--agents 1000] [--count 20000]

Each process has the pump of one shard over its own keys, no sockets and no records; lots of assignments as fast as they
go, begun by all at the same word. `shards.N` is the assignments a second of N shards together (`shards.floor.1` of one,
by which the others are measured), `shards.N.cpu.*` what a process, and the store, spend on one. Two shards need three
cores to be twice as quick; where there are fewer, CPU of one assignment says what a second shard costs. An assignment
here is two turns: its customer leaves again.
One JSON object a line.
"""

import argparse
import asyncio
import gc
import itertools
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.figures import cpu_ms, line
from router import events as facts
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Presence
from server.core.pump import Pump
from server.core.shard import ShardOwner
from server.persistence.embedded import EmbeddedValkey
from store.connection import open_store
from store.shard import RedisShardStore
from telemetry import logs

QUEUE = "bench"
LOT = 1000
IN_FLIGHT = 64
SHARDS = (1, 2)


def rules(agents: int) -> Policy:
    """One queue, agents with room for three."""
    queue = QueuePolicy(QUEUE, Medium.CHAT, offer_timeout_us=600_000_000)
    rows = {f"b{n}": AgentPolicy(f"b{n}", "t", {"english": 1 + n % 10}, {Medium.CHAT: 3}, 3) for n in range(agents)}
    return Policy("bench", {QUEUE: queue}, rows)


async def lot(pump: Pump, names: list[str]) -> None:
    """As many assignments, committed."""
    for number, work in enumerate(names):
        pump.tell(facts.WorkQueued(work, work, Medium.CHAT, QUEUE), "bench")
        # The loop sends what has gathered while the next ones are decided.
        if number % IN_FLIGHT == IN_FLIGHT - 1:
            await asyncio.sleep(0)
    await pump.drain()


async def own(url: str, shard: str, agents: int, count: int) -> None:
    """A process: says `ready`, begins at a line of its input, says the wall and CPU seconds of its assignments."""
    connection = await open_store(url)
    owner = await ShardOwner.take(RedisShardStore(connection, shard), shard, 600_000_000)
    policy = rules(agents)
    pump = await owner.restore(policy, lambda _turn: None, lambda _turn, _us: None)
    committing = asyncio.create_task(pump.run())
    for name in policy.agents:
        pump.tell(facts.AgentConnected(name, 1), "bench")
        pump.tell(facts.PresenceSet(name, Presence.READY), "bench")
    names = itertools.count()
    await lot(pump, warm := [f"w{next(names)}" for _ in range(LOT)])
    await _leave(pump, warm)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began, used = time.monotonic(), time.process_time()
    for _ in range(count // LOT):
        chunk = [f"w{next(names)}" for _ in range(LOT)]
        await lot(pump, chunk)
        await _leave(pump, chunk)
    print(f"{time.monotonic() - began} {time.process_time() - used}", flush=True)
    pump.close()
    await committing
    await connection.aclose()


async def _leave(pump: Pump, names: list[str]) -> None:
    """The customers go, so that the agents are free again: as many turns again, which are counted in."""
    for number, work in enumerate(names):
        pump.tell(facts.CustomerLeft(work), "bench")
        if number % IN_FLIGHT == IN_FLIGHT - 1:
            await asyncio.sleep(0)
    await pump.drain()


async def measure(shards: int, agents: int, count: int) -> tuple[float, float, float]:
    """Assignments a second of all, CPU microseconds of a shard's process and of the store for one."""
    with tempfile.TemporaryDirectory(prefix="jf-bench-") as folder:
        server = EmbeddedValkey(Path(folder))
        url = await server.start()
        flags = ["--agents", str(agents), "--count", str(count), "--store", url]
        crew = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.shards", *flags, "--shard", f"s{number}"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            for number in range(shards)
        ]
        try:
            for process in crew:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"ready\n"
            before = cpu_ms(server.pid)
            for process in crew:
                assert process.stdin is not None
                process.stdin.write(b"go\n")
            told = [(await process.stdout.readline()).split() for process in crew if process.stdout is not None]
            store = cpu_ms(server.pid) - before
            walls, cpu = [float(wall) for wall, _ in told], sum(float(used) for _, used in told)
            await asyncio.gather(*(process.wait() for process in crew))
        finally:
            for process in crew:
                if process.returncode is None:
                    process.kill()
            await server.stop()
    done = shards * (count // LOT) * LOT
    return done / max(walls), 1e6 * cpu / done, 1000 * store / done


async def main_of(agents: int, count: int, runs: int) -> None:
    """One and two in turn, so that what else the machine does falls on both."""
    found: dict[int, list[tuple[float, float, float]]] = {shards: [] for shards in SHARDS}
    for _ in range(runs):
        for shards in SHARDS:
            found[shards].append(await measure(shards, agents, count))
    where = f"{agents} agents a shard, no sockets, no records, append-only file everysec, {IN_FLIGHT} between sends"
    for shards, samples in found.items():
        rates, servers, stores = ([one[at] for one in samples] for at in range(3))
        name = "shards.floor.1" if shards == 1 else f"shards.{shards}"
        print(line(name, "assignments/s", rates, where), flush=True)
        print(line(f"{name}.cpu.server", "us CPU/assignment", servers, where), flush=True)
        print(line(f"{name}.cpu.store", "us CPU/assignment", stores, where), flush=True)
    ratios = [two[0] / one[0] for one, two in zip(found[1], found[2], strict=True)]
    print(line("shards.ratio", "times one shard", ratios, where), flush=True)


def main() -> None:
    """Measures, or is one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shard", default="", help="for its own processes")
    parser.add_argument("--store", default="", help="for its own processes")
    arguments = parser.parse_args()
    logs.configure("error")
    if arguments.shard:
        uvloop.run(own(arguments.store, arguments.shard, arguments.agents, arguments.count))
    else:
        uvloop.run(main_of(arguments.agents, arguments.count, arguments.runs))


if __name__ == "__main__":
    main()
