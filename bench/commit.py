"""Event to committed turn: the round trip of a commit over a unix socket, beside floors of the same run.

One JSON object a line: name, unit, p50, p99, n, conditions. `python -m bench.commit [--quick]`.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import uvloop

from router.rows import Changes, Turn
from router.vocabulary import OfferState, Presence
from server.persistence.embedded import EmbeddedValkey, Fsync
from store.codec import encode_entry
from store.connection import StoreConnection, open_store
from store.group import commit_argument
from store.keys import shard_keys
from store.lease import Lease
from store.shard import RedisShardStore
from telemetry import logs
from tests.store.samples import agent, reservation, turn, typical_interaction, work

GROUP = 64
T = TypeVar("T")


def emit(name: str, unit: str, values: list[float], conditions: dict[str, object]) -> None:
    """Print one result line."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    line = {"name": name, "unit": unit, "p50": round(ordered[len(ordered) // 2], 1), "p99": round(p99, 1)}
    print(json.dumps(line | {"n": len(ordered), "conditions": conditions}), flush=True)


def accept_turn(sequence: int) -> Turn:
    """Return a turn of usual size: an accept changes one work row and one reservation, with one command."""
    model = typical_interaction(sequence - 8, lambda kind: f"{kind}{sequence % 500}")[8]
    rows = Changes(
        work=(work(f"w{sequence % 500}"),), reservations=(reservation(f"r{sequence % 500}", OfferState.ACCEPTED),)
    )
    return Turn(sequence, model.now, model.cause, model.event, model.commands, rows)


async def timed(count: int, action: Callable[[], Awaitable[object]]) -> list[float]:
    """Return microseconds of each of `count` runs, after a warm-up of a tenth."""
    return await timed_with(count, lambda: None, lambda _: action())


async def timed_with(count: int, prepare: Callable[[], T], action: Callable[[T], Awaitable[object]]) -> list[float]:
    """As `timed`; `prepare` makes what each run needs, outside of the measured time."""
    # Made beforehand: a pause between two calls lets the server sleep, and then its waking is what one measures.
    materials = [prepare() for _ in range(count + count // 10)]
    gc.collect()
    gc.freeze()
    values = []
    for material in materials:
        begun = time.perf_counter_ns()
        await action(material)
        values.append((time.perf_counter_ns() - begun) / 1000)
    gc.unfreeze()
    return values[count // 10 :]


class Turns:
    """Hands out turns in order."""

    def __init__(self, lease: Lease) -> None:
        self.last = lease.applied

    def one(self) -> list[Turn]:
        """Return the next turn."""
        return self.take(1)

    def group(self) -> list[Turn]:
        """Return the turns of one group."""
        return self.take(GROUP)

    def take(self, count: int) -> list[Turn]:
        """Return the next `count` turns."""
        self.last += count
        return [accept_turn(sequence) for sequence in range(self.last - count + 1, self.last + 1)]


async def round_trips(url: str, n: int, where: dict[str, object]) -> None:
    """Measure one turn at a time, in groups, and pipelined, with PING and SET on the same connection as floors."""
    connection = await open_store(url)
    link, store = connection.link(shard_keys("bench").head), RedisShardStore(connection, "bench")
    lease = await store.take("bench", 600_000)
    turns = Turns(lease)
    payload = bytes(400)

    emit("commit.floor_ping", "us", await timed(n, lambda: link.call(("PING",))), where)
    emit("commit.floor_set", "us", await timed(n, lambda: link.call(("SET", "bench", payload))), where)
    emit("commit.one_turn", "us", await timed_with(n, turns.one, lambda made: store.commit(lease, made)), where)
    emit("commit.one_turn_redis_py", "us", await timed_with(n, turns.one, _by_redis_py(connection, lease)), where)
    group = await timed_with(n // GROUP, turns.group, lambda made: store.commit(lease, made))
    emit("commit.group_of_64", "us", group, where | {"turns_per_s": _rate(group)})

    async def in_flight(call: Callable[[], Awaitable[object]]) -> None:
        await asyncio.gather(*(call() for _ in range(GROUP)))

    pings = await timed(n // GROUP, lambda: in_flight(lambda: link.call(("PING",))))
    emit("commit.floor_ping_64_in_flight", "us", pings, where | {"calls_per_s": _rate(pings)})
    sets = await timed(n // GROUP, lambda: in_flight(lambda: link.call(("SET", "bench", payload))))
    emit("commit.floor_set_64_in_flight", "us", sets, where | {"calls_per_s": _rate(sets)})
    flights = await timed_with(
        n // GROUP, turns.group, lambda made: asyncio.gather(*(store.commit(lease, [one]) for one in made))
    )
    emit("commit.64_in_flight", "us", flights, where | {"turns_per_s": _rate(flights)})
    await connection.aclose()


async def in_server(url: str, n: int, where: dict[str, object]) -> None:
    """Measure what one commit costs inside the server, by its own account (INFO commandstats)."""
    connection = await open_store(url)
    store = RedisShardStore(connection, "bench-server")
    lease = await store.take("bench", 600_000)
    turns = Turns(lease)
    values = []
    for _ in range(20):
        await connection.run("CONFIG", "RESETSTAT")
        for _ in range(n // 20):
            await store.commit(lease, turns.take(1))
        info: dict[str, Any] = await connection.run("INFO", "commandstats")
        values.append(float(info["cmdstat_fcall"]["usec_per_call"]))
    emit("commit.in_server", "us", values, where | {"mean_of": n // 20})
    await connection.aclose()


def encoding(n: int, where: dict[str, object]) -> None:
    """Measure what the caller's own loop pays to encode one turn."""
    turns = Turns(Lease("bench", 1, 1, 0, 0, 0)).take(n)
    values = []
    for one in turns:
        begun = time.perf_counter_ns()
        commit_argument(1, "bench", [one], ())
        values.append((time.perf_counter_ns() - begun) / 1000)
    emit("commit.encode_turn", "us", values, where)


def journal_size(where: dict[str, object]) -> None:
    """Measure the journal's bytes of one typical interaction: plain, and in a compressed segment of 200."""
    plain, segment, sequence = [], bytearray(), 1
    for _ in range(200):
        made: dict[str, str] = {}
        turns = typical_interaction(sequence, lambda kind, made=made: made.setdefault(kind, _identifier(kind)))  # type: ignore[misc]
        data = [encode_entry(one) for one in turns]
        plain.append(float(sum(map(len, data))))
        segment += b"".join(data)
        sequence += len(turns)
    emit("commit.journal_interaction_plain", "bytes", plain, where | {"turns": len(turns)})
    packed = len(zlib.compress(bytes(segment), 6)) / 200
    emit(
        "commit.journal_interaction_compressed",
        "bytes",
        [packed],
        where | {"turns": len(turns), "how": "zlib 6, 200 interactions"},
    )


async def load_time(url: str, agents: int, where: dict[str, object]) -> None:
    """Measure a takeover's load of many agents and waiting items."""
    connection = await open_store(url)
    store = RedisShardStore(connection, f"bench-load-{agents}")
    lease = await store.take("bench", 600_000)
    rows = Changes(
        agents=tuple(agent(f"a{number}", Presence.READY) for number in range(agents)),
        work=tuple(work(f"w{number}", sequence=number) for number in range(agents // 10)),
    )
    await store.commit(lease, [turn(1, rows)])
    values = [value / 1000 for value in await timed(10, lambda: store.load(lease))]
    emit(f"commit.load_{agents}_agents", "ms", values, where | {"waiting": agents // 10})
    await connection.aclose()


def _by_redis_py(connection: StoreConnection, lease: Lease) -> Callable[[list[Turn]], Awaitable[object]]:
    keys = shard_keys("bench").of_commit()
    return lambda made: connection.function("commit", keys, commit_argument(lease.epoch, lease.owner, made, ()))


def _identifier(kind: str) -> str:
    # As long as the server's own ids; agents have short names.
    return f"agent-{os.urandom(1)[0]}" if kind == "a" else UUID(bytes=os.urandom(16)).hex[:17]


def _rate(values: list[float]) -> int:
    return round(GROUP / (sum(values) / len(values)) * 1_000_000)


async def run(data_dir: Path, fsync: Fsync, n: int) -> None:
    """Run all measurements that need a server."""
    where: dict[str, object] = {"fsync": fsync, "transport": "unix socket", "cpus": os.cpu_count(), "loop": "uvloop"}
    async with EmbeddedValkey(data_dir, fsync=fsync) as server:
        await round_trips(server.url, n if fsync == "everysec" else n // 4, where)
        if fsync == "everysec":
            await in_server(server.url, n, where)
            await load_time(server.url, 10_000, where)


def main() -> None:
    """Print all results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    n = 2_000 if parser.parse_args().quick else 20_000
    logs.configure("error")
    python: dict[str, object] = {"python": platform.python_version(), "cpus": os.cpu_count()}
    journal_size(python)
    encoding(n, python)
    with ExitStack() as stack:
        for fsync in _policies():
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            uvloop.run(run(Path(folder), fsync, n))


def _policies() -> Iterator[Fsync]:
    yield "everysec"
    yield "always"


if __name__ == "__main__":
    main()
