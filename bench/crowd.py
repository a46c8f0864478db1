"""Fifteen thousand agents on one process: memory of each, connecting, offers to them, and many who come back at once.

    python -m bench.crowd [--agents 15000] [--back 5000] [--pushes 20000]

The whole node runs in this process; the agents are three other processes on this machine (bench.agents), on source
addresses of their own. `crowd.connect` counts each agent from its first SYN until its page is up to date.
`crowd.push` is an offer written to some agent's socket, 2,000 of them a second, from the time at which it was meant to
be sent until the agent's process has it; its floor of the same run is as many bytes from a bare socket. In
`crowd.reconnect` all lines of 5,000 break and they connect again as fast as they get in. Meanwhile work is routed to
agents whose lines stand, and whose process has nothing else to do: `crowd.routing` is from the time at which an event
was meant to happen until the offer is written to the agent's socket, `crowd.routing.read` until the agent's process
has it. The processes of those who come back give way to the server (nice(2)), as machines of their own would;
`crowd.clients.late` is how late they were for their heartbeats meanwhile: that much of the time to come back may be
theirs. `crowd.reconnect.cpu.*` is what each process spends on one who comes back, the routing included. One JSON object
a line.
"""

import argparse
import asyncio
import gc
import itertools
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from agents_ws import messages as m
from agents_ws.endpoint import PATH
from agents_ws.examples import OFFER
from bench.agents import Agents
from bench.assign import NEVER, Events, make_site, start_node, tokens
from bench.figures import allow_descriptors, cpu_ms, line
from bench.ticks import at_intended_times
from server.node import Node
from telemetry import logs

# Those of the last process keep their lines while others come back, and are the ones to whom work is routed.
PROCESSES = 3
PUSHES_A_SECOND = 2000
ROUTED_A_SECOND = 100
READY = 1000
HOLD_S = 0.2
NICE = 10


class Bare(asyncio.Protocol):
    """Takes any upgrade and says what it is given, for the floor."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET ") and self._transport is not None:
            self._transport.write(b"HTTP/1.1 101 \r\n\r\n" + plain(b'{"type":"snapshot"}'))

    def say(self, payload: bytes) -> None:
        """One message."""
        if self._transport is not None:
            self._transport.write(plain(payload))


def plain(payload: bytes) -> bytes:
    """A server's text frame of less than 64 KiB."""
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else bytes((0x81, 126)) + size.to_bytes(2, "big")
    return head + payload


def resident_kib() -> int:
    """Memory of this process that is in RAM."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize() // 1024


def latencies(due: dict[str, int], arrived: dict[str, int]) -> list[float]:
    """Microseconds; what never arrived shows as a time that nobody takes for a good one."""
    return [(arrived.get(name, NEVER) - at) / 1000 for name, at in due.items()]


async def connect(crowds: Sequence[Agents], agents: int, where: str) -> None:
    """Everybody, with what it costs."""
    gc.collect()
    before, spent, began = resident_kib(), cpu_ms(os.getpid()), time.monotonic()
    answers = await asyncio.gather(*(crowd.connect() for crowd in crowds))
    whole_s = time.monotonic() - began
    cpu = 1000 * (cpu_ms(os.getpid()) - spent) / agents
    gc.collect()
    print(line("crowd.connect", "us", [us for answer in answers for us in answer], where), flush=True)
    print(line("crowd.connect.rate", "agents/s", [agents / whole_s], where), flush=True)
    print(line("crowd.connect.cpu", "us CPU/agent", [cpu], where), flush=True)
    print(line("crowd.memory", "KiB/agent", [(resident_kib() - before) / agents], where), flush=True)


async def push(node: Node, names: Sequence[str]) -> dict[str, int]:
    """Offers to one agent after the other."""
    agents = itertools.cycle(node.site.agents)

    def one(name: str) -> None:
        node.voice.hub.send(next(agents), msgspec.structs.replace(OFFER, interaction_id=name))

    return await at_intended_times(names, PUSHES_A_SECOND, one)


async def bare(folder: Path, names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """The floor: when each message was meant to be sent over a bare socket, and when it arrived."""
    protocols: list[Bare] = []

    def accepted() -> Bare:
        protocols.append(Bare())
        return protocols[-1]

    server = await asyncio.get_running_loop().create_server(accepted, "127.0.0.1", 0)
    tokens_file = folder / "bare"
    tokens_file.write_text("none\n")
    crowd = await Agents.start(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", tokens_file)
    try:
        await crowd.connect()
        due = await at_intended_times(
            names,
            PUSHES_A_SECOND,
            lambda name: protocols[0].say(m.encode(msgspec.structs.replace(OFFER, interaction_id=name))),
        )
        await asyncio.sleep(HOLD_S)
        return due, await crowd.end()
    finally:
        await crowd.kill()
        server.close()


def written(node: Node) -> dict[str, int]:
    """Fills with the monotonic nanoseconds at which each offer was given to its agent's socket, from now on."""
    found: dict[str, int] = {}
    send = node.voice.hub.send

    def stamped(agent_id: str, message: m.NumberedMessage) -> bool:
        taken = send(agent_id, message)
        if isinstance(message, m.Offer):
            found[message.interaction_id] = time.monotonic_ns()
        return taken

    node.voice.hub.send = stamped  # type: ignore[method-assign]
    return found


async def reconnect(node: Node, crowds: Sequence[Agents], ready: int, back: int, where: str) -> dict[str, int]:
    """Many lines break and come back, while offers are made to agents whose lines stand; returns when each was due."""
    for agent_id in list(node.site.agents)[-ready:]:
        assert await node.voice.desk.set_presence(agent_id, "ready", None) is None
    events = Events(node)
    # Longer than it takes them all to come back, and no longer: the routing is cut off at that moment.
    names = await events.known(60 * ROUTED_A_SECOND)
    gc.collect()
    gc.freeze()
    over = asyncio.Event()
    due: dict[str, int] = {}
    loop = asyncio.get_running_loop()

    async def route() -> None:
        begin = time.monotonic_ns()
        for index, name in enumerate(names):
            if over.is_set():
                return
            due[name] = begin + index * 1_000_000_000 // ROUTED_A_SECOND
            await asyncio.sleep(max(0.0, (due[name] - time.monotonic_ns()) / 1e9))
            events.queue(name)
            loop.call_later(HOLD_S, events.leave, name)

    routing = asyncio.create_task(route(), name="route")
    await asyncio.sleep(1)
    clocks = processes(node, crowds)
    spent, began = clocks(), time.monotonic()
    answers = await asyncio.gather(*(crowd.reconnect(back // len(crowds)) for crowd in crowds))
    whole_s = time.monotonic() - began
    used = {who: 1000 * (ms - spent[who]) / back for who, ms in clocks().items()}
    over.set()
    await routing
    await asyncio.sleep(2 * HOLD_S)
    print(line("crowd.reconnect", "s", [whole_s], f"{where}, {back} at once"), flush=True)
    each = [us for answer in answers for us in answer]
    print(line("crowd.reconnect.each", "us", each, f"{where}, {back} at once"), flush=True)
    for who, us in used.items():
        said = f"{where}, {back} at once, routing included"
        print(line(f"crowd.reconnect.cpu.{who}", "us CPU/agent", [us], said), flush=True)
    late = [us for crowd in crowds for us in crowd.late]
    print(line("crowd.clients.late", "us", late or [0.0], f"{where}, {back} at once"), flush=True)
    return due


def processes(node: Node, crowds: Sequence[Agents]) -> Callable[[], dict[str, float]]:
    """What gives the CPU milliseconds so far of the server, of the others that are its own, and of those agents."""
    embedded, records = node.storage.embedded, node.core.projection.pid
    assert embedded is not None
    pids = {"server": [os.getpid()], "store": [embedded.pid], "clients": [crowd.pid for crowd in crowds]}
    if records is not None:
        pids["records"] = [records]
    return lambda: {who: sum(map(cpu_ms, of)) for who, of in pids.items()}


def split(made: dict[str, str], ready: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """A source address and a file of tokens for each process: the last has those who are ready, the others the rest."""
    everybody, others = list(made.values()), PROCESSES - 1
    for number in range(PROCESSES):
        path = folder / f"tokens{number}"
        path.write_text("\n".join(everybody[-ready:] if number == others else everybody[:-ready][number::others]))
        yield f"127.0.0.{number + 2}", path


async def measure(agents: int, back: int, pushes: int) -> None:
    """Everything in one run."""
    ready = min(READY, agents // 2)
    where = f"{agents} agents connected from {PROCESSES} other processes, heartbeats every 15 s"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jf-bench-")))
        node = await start_node(folder, make_site(folder, agents), stack)
        url = f"http://127.0.0.1:{node.settings.http_port}{PATH}"
        crowds = []
        for number, (source, path) in enumerate(split(await tokens(node), ready, folder), 1):
            crowds.append(await Agents.start(url, path, source, NICE if number < PROCESSES else 0))
            stack.push_async_callback(crowds[-1].kill)
        await connect(crowds, agents, where)
        gc.freeze()
        pushed = await push(node, [f"p{number}" for number in range(pushes)])
        floor, floor_arrived = await bare(folder, [f"p{number}" for number in range(pushes // 2)])
        spoken = written(node)
        due = await reconnect(node, crowds[:-1], ready, back, where)
        arrived = {name: at for crowd in crowds for name, at in (await crowd.end()).items()}
        print(line("crowd.push", "us", latencies(pushed, arrived), f"{where}, {PUSHES_A_SECOND} a second"), flush=True)
        said = f"one bare socket, {PUSHES_A_SECOND} a second"
        print(line("crowd.floor_bare_socket", "us", latencies(floor, floor_arrived), said), flush=True)
        said = f"{where}, {back} come back meanwhile, {ROUTED_A_SECOND} events a second"
        print(line("crowd.routing", "us", latencies(due, spoken), said), flush=True)
        print(line("crowd.routing.read", "us", latencies(due, arrived), said), flush=True)
        lost = sum(name not in spoken for name in due)
        print(line("crowd.routing.never_offered", "of 1", [lost / max(1, len(due))], said), flush=True)


def main() -> None:
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=15_000)
    parser.add_argument("--back", type=int, default=5_000)
    parser.add_argument("--pushes", type=int, default=20_000)
    arguments = parser.parse_args()
    limit = allow_descriptors()
    if limit < arguments.agents + 500:
        sys.exit(f"only {limit} descriptors are allowed: --agents {limit - 500} at most (ulimit -Hn)")
    logs.configure("error")
    uvloop.run(measure(arguments.agents, arguments.back, arguments.pushes))


if __name__ == "__main__":
    main()
