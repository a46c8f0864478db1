"""From an event to the offer on the agent's socket: decided, committed in Valkey, sent, received by another process.

    python -m bench.offer [--count 2000]

The whole node runs in this process; the agent is a WebSocket client in a process of its own, on the same machine and
therefore on the same monotonic clock. Floors of the same run: a bare commit, and a bare message over a socket of the
same kind. One JSON object a line: name, unit, p50, p99, n, conditions.
"""

import argparse
import asyncio
import gc
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import aiohttp
import uvloop
from aiohttp import web

from agents_ws import messages as m
from agents_ws.endpoint import PATH
from config.policy import site_policy
from config.settings import parse
from config.site import Site
from config.whole import load_whole
from records.webhooks import KINDS
from router import events as facts
from router.policy import Policy, QueuePolicy
from router.vocabulary import Medium
from server.node import Node
from telemetry import logs

AGENT = "agent1"
QUEUE = "bench"


def emit(name: str, samples: Sequence[float], conditions: str) -> None:
    """One result line, in microseconds."""
    cuts = statistics.quantiles(samples, n=100)
    line = {"name": name, "unit": "us", "p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}
    print(json.dumps(line | {"n": len(samples), "conditions": conditions}), flush=True)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bench_policy(site: Site) -> Policy:
    """The demo's policy with one chat queue: an offer of it concerns the agent's socket and nothing else."""
    policy = site_policy(site)
    return replace(policy, version="bench", queues={**policy.queues, QUEUE: QueuePolicy(QUEUE, Medium.CHAT)})


async def client(base: str, token: str) -> None:
    """The agent's program: prints the monotonic time (ns) at which each offer arrived, and of each floor message."""
    async with aiohttp.ClientSession() as http, http.ws_connect(base + PATH, protocols=[m.SUBPROTOCOL]) as ws:
        await ws.send_str(m.encode(m.Hello(token=token)).decode())
        async for raw in ws:
            at = time.monotonic_ns()
            message = m.decode_server(raw.data)
            if isinstance(message, m.Welcome):
                print("ready", flush=True)
            if isinstance(message, m.Offer):
                print(message.interaction_id, at, flush=True)
            if isinstance(message, m.NumberedMessage) and message.seq % 100 == 0:
                await ws.send_str(m.encode(m.Ack(seq=message.seq)).decode())


async def floor_client(base: str) -> None:
    """Prints the monotonic time of each message of the bare socket."""
    async with aiohttp.ClientSession() as http, http.ws_connect(base + "/bare") as ws:
        print("ready", flush=True)
        async for raw in ws:
            print(len(raw.data), time.monotonic_ns(), flush=True)


class Far:
    """A client process whose lines are read here."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *arguments: str) -> "Far":
        """Runs this module as a client; returns when it says that it is connected."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.offer", *arguments, stdout=asyncio.subprocess.PIPE
        )
        far = cls(process)
        assert await far.line() == "ready"
        return far

    async def line(self) -> str:
        """The next line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.readline()).decode().strip()

    async def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        await self._process.wait()


async def offers(node: Node, far: Far, count: int) -> list[float]:
    """Microseconds from the event to its offer in the client's hands, one at a time."""
    samples = []
    for number in range(count):
        work = f"w{number}"
        node.core.contexts.opened(work, "bench", "", "")  # As for a call: who calls is known long before the offer.
        await node.core.contexts.get(work)
        began = time.monotonic_ns()
        node.core.pump.tell(facts.WorkQueued(work, work, Medium.CHAT, QUEUE), "bench")
        name, at = (await far.line()).split()
        assert name == work
        samples.append((int(at) - began) / 1000)
        await node.core.pump.post(facts.CustomerLeft(work), "bench")
    return samples


async def commits(node: Node, count: int) -> list[float]:
    """Microseconds of one commit of a small turn, the way the pump makes it."""
    samples = []
    for _ in range(count):
        began = time.monotonic_ns()
        await node.core.pump.post(facts.InteractionNoted("floor", "floor"), "bench")
        samples.append((time.monotonic_ns() - began) / 1000)
    return samples


async def bare_messages(count: int, size: int) -> list[float]:
    """Microseconds of one message over a bare WebSocket of the same library, of the size of an offer."""
    sockets: list[web.WebSocketResponse] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        sockets.append(ws)
        async for _ in ws:
            pass
        return ws

    app = web.Application()
    app.router.add_get("/bare", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    far = await Far.start("--floor", f"http://127.0.0.1:{port}")
    samples = []
    padding = "x" * size
    for _ in range(count):
        began = time.monotonic_ns()
        await sockets[0].send_str(padding)
        _, at = (await far.line()).split()
        samples.append((int(at) - began) / 1000)
    await far.stop()
    await runner.cleanup()
    return samples


async def measure(count: int, wanted: Callable[[str], bool]) -> None:
    """Starts a node, connects the agent, and measures."""
    with tempfile.TemporaryDirectory(prefix="jf-bench-") as folder:
        first = 40_000 + 2 * (os.getpid() % 5_000)
        flags = {"--http-port": free_port(), "--sip-port": free_port(), "--data-dir": folder}
        flags["--rtp-ports"] = f"{first}-{first + 99}"
        settings = parse([str(part) for pair in flags.items() for part in pair], {})
        node = Node(settings, load_whole(settings.site, KINDS, os.environ))
        await node.start()
        try:
            await node.core.pump.post(facts.PolicyChanged(bench_policy(node.site)), "bench")
            caller = await node.voice.sign_in.sign_in(AGENT, node.site.demo_password, time.time_ns() // 1000)
            assert caller is not None
            far = await Far.start("--client", f"http://127.0.0.1:{settings.http_port}", "--token", caller.token)
            node.voice.reach.leg(AGENT, up=True)
            assert await node.voice.desk.set_presence(AGENT, "ready", None) is None
            gc.collect()
            gc.freeze()
            await offers(node, far, count // 10)
            if wanted("offer.event_to_socket"):
                emit("offer.event_to_socket", await offers(node, far, count), "one at a time, agent in another process")
            if wanted("offer.floor_commit"):
                emit("offer.floor_commit", await commits(node, count), "post of a small turn, append-only everysec")
            await far.stop()
            if wanted("offer.floor_message"):
                emit("offer.floor_message", await bare_messages(count, 900), "aiohttp message of 900 bytes")
        finally:
            await node.stop()


def main() -> None:
    """Measures, or plays a client."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--client")
    parser.add_argument("--token", default="")
    parser.add_argument("--floor")
    arguments = parser.parse_args()
    if arguments.client:
        uvloop.run(client(arguments.client, arguments.token))
    elif arguments.floor:
        uvloop.run(floor_client(arguments.floor))
    else:
        logs.configure("error")
        only = os.environ.get("ONLY", "")
        uvloop.run(measure(arguments.count, lambda name: name.startswith(only)))


if __name__ == "__main__":
    main()
