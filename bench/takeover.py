"""From the owner's end to routing again: a killed owner, and one that only falls silent.

`python -m bench.takeover [--agents N] [--kills N] [--stops N]`. The owner is a process of its own with N ready agents;
this process follows it over an embedded Valkey. Measured from the signal to the answer of work that was posted here at
that very moment, committed by the new owner: it must be offered to one of the agents. The floor of the run is the same
request while the owner lives.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.figures import line
from router import events as facts
from router.commands import SendOffer
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Presence
from server.core.member import ShardMember
from server.nodes.peer_door import PeerDoor
from server.persistence.embedded import EmbeddedValkey
from server.tasks import TaskOwner
from store.connection import open_store
from store.nodes import NodeRegister
from store.shard import RedisShardStore
from telemetry import logs

LEASE_US = 2_000_000
FLOORS = 50
QUEUE = "orders"


def rules(agents: int) -> Policy:
    """Everybody takes three chats."""
    return Policy(
        "bench",
        {QUEUE: QueuePolicy(QUEUE, Medium.CHAT)},
        {f"a{n}": AgentPolicy(f"a{n}", "team", capacity={Medium.CHAT: 3}, total_units=3) for n in range(agents)},
    )


async def join(url: str, shard: str, name: str, agents: int, tasks: TaskOwner) -> tuple[ShardMember, PeerDoor]:
    """A member that has begun, with its door open."""
    main, tail = await open_store(url), await open_store(url)
    register = NodeRegister(main, ttl_ms=600_000)
    label = await register.join(name)
    member = await ShardMember.join(
        RedisShardStore(main, shard), RedisShardStore(tail, shard), register, label, LEASE_US
    )
    member.keep(tasks)
    await member.restore(rules(agents), lambda _turn: None, lambda _turn, _us: None)
    await member.begin()
    door = PeerDoor()
    await register.announce(label, await door.open("127.0.0.1", 0, "127.0.0.1"))
    return member, door


async def own(url: str, shard: str, agents: int) -> None:
    """The owner's process: everybody is ready, then it prints a line and goes on until it is killed."""
    member, _ = await join(url, shard, "owner", agents, TaskOwner())
    for name in rules(agents).agents:
        member.tell(facts.AgentConnected(name, 1, "bench.1"), "bench")
        member.tell(facts.PresenceSet(name, Presence.READY), "bench")
        if member.backlog > 200:
            await member.drain()
    await member.drain()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def offered_ms(member: ShardMember, name: str) -> float:
    """Milliseconds until a new item is offered to somebody, committed and known here."""
    began = time.perf_counter_ns()
    commands = await member.post(facts.WorkQueued(name, name, Medium.CHAT, QUEUE), "bench")
    took = (time.perf_counter_ns() - began) / 1e6
    if not any(isinstance(command, SendOffer) for command in commands):
        raise RuntimeError(f"nobody was offered {name}: {commands}")
    return took


async def one_round(url: str, shard: str, agents: int, end: signal.Signals) -> tuple[list[float], float]:
    """Floors and the takeover, milliseconds."""
    arguments = ("--own", url, "--shard", shard, "--agents", str(agents))
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.takeover", *arguments), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    tasks = TaskOwner()
    try:
        await owner.stdout.readline()
        member, door = await join(url, shard, "follower", agents, tasks)
        floors = [await offered_ms(member, f"floor{number}") for number in range(FLOORS)]
        owner.send_signal(end)
        took = await offered_ms(member, "after")
        await door.close()
        member.close()
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.wait()
    for name in tasks.names:
        tasks.cancel(name)
    await tasks.aclose(1)
    return floors, took


async def measure(agents: int, kills: int, stops: int) -> None:
    """Prints a line for each kind of end, and one for the floor."""
    floors: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedValkey(Path(folder))
        url = await store.start()
        ends = (("killed", kills, signal.SIGKILL), ("silent", stops, signal.SIGSTOP))
        what = "signal to the offer of work posted at a follower"
        where = f"{agents} ready agents, lease {LEASE_US // 1000} ms, append-only file every second"
        try:
            for name, count, number in ends:
                took: list[float] = []
                for each in range(count):
                    floor, one = await one_round(url, f"{name}{each}", agents, number)
                    floors += floor
                    took.append(one)
                if took:
                    print(line(f"takeover.{name}", "ms", took, f"{what}; {where}"))
        finally:
            await store.stop()
    print(line("takeover.floor.post", "ms", floors, f"the same request while the owner lives; {where}"))


def main() -> None:
    """One JSON line a result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--stops", type=int, default=2)
    parser.add_argument("--own", default="")
    parser.add_argument("--shard", default="")
    arguments = parser.parse_args()
    logs.configure("error")
    work = (
        own(arguments.own, arguments.shard, arguments.agents)
        if arguments.own
        else measure(arguments.agents, arguments.kills, arguments.stops)
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
