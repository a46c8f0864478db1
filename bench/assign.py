"""Assignments at a rate, and flat out: the whole node in this process, a thousand agents' sockets in another one.

    python -m bench.assign [--agents 1000] [--rate 500] [--count 20000]

Another process tells of each event at its time, whatever this one is doing, so that no wait is hidden (no coordinated
omission). `assign.event_to_socket` is from the moment at which it has told (the byte is about to be written to this
process) until the offer is written to the agent's socket; `assign.event_to_agent` from the time at which the event was
meant to happen, which the other process meets as well as its sleep lets it, until the agent's process has read the
offer. `*_generator_late` is what lies between the time that was meant and that at which it told. Floors of the same
run, from and to the same moments: a function that does nothing and then a message of the same size.

`assign.whole` counts assignments as fast as they go, from the first event until the last of a thousand offers is in
the agents' process, and `assign.committed` those without sockets and records. `*.cpu.*` is what each process spends on
one, `assign.floor_cpu.*` on one event of the floor: the generator's part of it and the waking up are in both. One JSON
object a line.
"""

import argparse
import asyncio
import gc
import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import msgspec
import uvloop

import config
from agents_ws import messages as m
from agents_ws.endpoint import PATH
from agents_ws.examples import OFFER
from agents_ws.hub import Hub
from bench.agents import Agents
from bench.figures import cpu_ms, line
from bench.offer import free_port
from bench.sessions import open_sessions
from bench.stages import Stages
from bench.ticks import Due, told_of
from config.policy import site_policy
from config.setting_readers import MAIN_SHARD
from config.settings import parse
from config.whole import load_whole
from records.webhooks import KINDS
from router import events as facts
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.vocabulary import Medium, Presence
from server.core.shard import ShardOwner
from server.node import Node
from server.persistence.embedded import EmbeddedValkey
from store.connection import open_store
from store.keys import shard_keys
from store.shard import RedisShardStore
from telemetry import logs

QUEUE = "bench"
# How long an offer stands before its customer leaves, so that the agent is free again.
HOLD_S = 0.1
PREPARED = 500
WARM_UP = 500
FLAT_OUT = 1000
IN_FLIGHT = 64
# When it began (monotonic ns), and the names of its interactions.
Lot = tuple[int, list[str]]
# Shown as a time that nobody takes for a good one: the customer left before the offer was out.
NEVER = 10**19
NOOP = "#!lua name=bench_noop\nredis.register_function('bench_noop', function(keys, args) return 1 end)"

AGENT_ROW = """
[agents.b{number}]
display_name = "Bench agent {number}"
team = "first_line"
role = "agent"
skills = {{ english = {grade} }}
capacity = {{ chat = 3, total = 3 }}
station = "webrtc"
"""


def make_site(folder: Path, agents: int) -> Path:
    """The demo's site with so many agents of its own."""
    site = folder / "site"
    shutil.copytree(Path(config.__file__).parent / "demo", site)
    rows = [AGENT_ROW.format(number=number, grade=1 + number % 10) for number in range(agents)]
    (site / "agents.toml").write_text("".join(rows))
    return site


async def start_node(folder: Path, site: Path, stack: AsyncExitStack, idle: str = "sleep") -> Node:
    """A whole server in this process; it ends with the stack."""
    first = 40_000 + 2 * (os.getpid() % 5_000)
    flags = {"--http-port": free_port(), "--sip-port": free_port(), "--data-dir": folder / "data", "--site": site}
    flags |= {"--rtp-ports": f"{first}-{first + 99}", "--idle": idle}
    settings = parse([str(part) for pair in flags.items() for part in pair], {})
    node = Node(settings, load_whole(site, KINDS, os.environ))
    await node.start()
    stack.push_async_callback(node.stop)
    policy = site_policy(node.site)
    queue = QueuePolicy(QUEUE, Medium.CHAT, offer_timeout_us=600_000_000)
    await node.core.pump.post(facts.PolicyChanged(replace(policy, version="bench", queues={QUEUE: queue})), "bench")
    return node


async def tokens(node: Node) -> dict[str, str]:
    """A session for each agent."""
    return await open_sessions(node.storage.database, list(node.site.agents))


# -- measurements


class Events:
    """Makes events of new interactions whose customers are known already, as they are when a call is queued."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._made = itertools.count()

    async def known(self, count: int) -> list[str]:
        """So many interactions, each with its context."""
        made = [f"w{next(self._made)}" for _ in range(count)]
        for first in range(0, count, PREPARED):
            chunk = made[first : first + PREPARED]
            for work in chunk:
                self._node.core.contexts.opened(work, "bench", "", "")
            await asyncio.gather(*(self._node.core.contexts.get(work) for work in chunk))
        return made

    def queue(self, work: str) -> None:
        """It wants an agent."""
        self._node.core.pump.tell(facts.WorkQueued(work, work, Medium.CHAT, QUEUE), "bench")

    def leave(self, work: str) -> None:
        """Its customer goes."""
        self._node.core.pump.tell(facts.CustomerLeft(work), "bench")


class Written:
    """When each offer was written to its agent's socket (monotonic ns), by the name of its interaction.

    One that its connection could not be given at once has no entry: it counts until the agent's process has it.
    """

    def __init__(self, hub: Hub) -> None:
        self.at: dict[str, int] = {}
        send = hub.send

        def stamped(agent_id: str, message: m.NumberedMessage) -> bool:
            sent = send(agent_id, message)
            if isinstance(message, m.Offer) and hub.written(agent_id):
                self.at[message.interaction_id] = time.monotonic_ns()
            return sent

        hub.send = stamped  # type: ignore[method-assign]


async def offers(node: Node, events: Events, names: Sequence[str], rate: int) -> dict[str, Due]:
    """Assignments at a rate; each customer leaves again, so that the agents stay free: not in step with who comes."""
    loop, chance = asyncio.get_running_loop(), random.Random(1)

    def act(work: str) -> None:
        events.queue(work)
        loop.call_later(chance.uniform(HOLD_S / 2, HOLD_S), events.leave, work)

    due = await told_of(names, rate, act)
    await asyncio.sleep(2 * HOLD_S)
    await node.core.pump.drain()
    return due


async def floors(node: Node, example: m.Offer, names: Sequence[str], rate: int) -> dict[str, Due]:
    """At the same rate: a function that does nothing, and after its reply one message as large as an offer."""
    connection = node.storage.connection
    await connection.run("FUNCTION", "LOAD", "REPLACE", NOOP)
    link, agents = connection.link(shard_keys(MAIN_SHARD).head), itertools.cycle(node.site.agents)

    def one(name: str) -> None:
        agent_id, message = next(agents), msgspec.structs.replace(example, interaction_id=name)

        def answered(_reply: object) -> None:
            node.voice.hub.send(agent_id, message)

        assert link.tell(("FCALL", "bench_noop", 1, "bench"), answered), "the commits' connection does not stand"

    due = await told_of(names, rate, one)
    await asyncio.sleep(HOLD_S)
    return due


async def whole(node: Node, events: Events, count: int, pids: dict[str, int]) -> tuple[list[Lot], dict[str, float]]:
    """Lots as fast as they go: when each began and what it was, and each process's CPU milliseconds of all."""
    lots: list[Lot] = []
    used = dict.fromkeys(pids, 0.0)
    # No more than the agents can take: each has room for three.
    size = min(count, FLAT_OUT, 3 * len(node.site.agents))
    for _ in range(max(1, count // FLAT_OUT)):
        names = await events.known(size)
        before, began = {who: cpu_ms(pid) for who, pid in pids.items()}, time.monotonic_ns()
        for number, work in enumerate(names):
            events.queue(work)
            if number % IN_FLIGHT == IN_FLIGHT - 1:
                await asyncio.sleep(0)
        await node.core.pump.drain()
        lots.append((began, names))
        used = {who: used[who] + cpu_ms(pid) - before[who] for who, pid in pids.items()}
        for work in names:
            events.leave(work)
        await node.core.pump.drain()
    await asyncio.sleep(HOLD_S)
    return lots, used


async def flat_out(agents: int, count: int) -> None:
    """Decided and committed without sockets or records: the pump over an embedded store, as fast as they go."""
    numbers = range(agents)
    queue = QueuePolicy(QUEUE, Medium.CHAT, offer_timeout_us=600_000_000)
    rows = {f"b{n}": AgentPolicy(f"b{n}", "t", {"english": 1 + n % 10}, {Medium.CHAT: 3}, 3) for n in numbers}
    with tempfile.TemporaryDirectory(prefix="jf-bench-") as folder:
        server = EmbeddedValkey(Path(folder))
        connection = await open_store(await server.start())
        owner = await ShardOwner.take(RedisShardStore(connection, "bench"), "bench", 600_000_000)
        pump = await owner.restore(Policy("bench", {QUEUE: queue}, rows), lambda _turn: None, lambda _turn, _us: None)
        committing = asyncio.create_task(pump.run())
        for name in rows:
            pump.tell(facts.AgentConnected(name, 1), "bench")
            pump.tell(facts.PresenceSet(name, Presence.READY), "bench")
        await pump.drain()
        gc.collect()
        gc.freeze()
        rates, numbers_of = [], itertools.count()
        pids = {"server": os.getpid(), "store": server.pid}
        before = {who: cpu_ms(pid) for who, pid in pids.items()}
        for _ in range(count // FLAT_OUT):
            chunk = [f"w{next(numbers_of)}" for _ in range(FLAT_OUT)]
            began = time.monotonic()
            for number, work in enumerate(chunk):
                pump.tell(facts.WorkQueued(work, work, Medium.CHAT, QUEUE), "bench")
                # The loop sends what has gathered while the next ones are decided.
                if number % IN_FLIGHT == IN_FLIGHT - 1:
                    await asyncio.sleep(0)
            await pump.drain()
            rates.append(len(chunk) / (time.monotonic() - began))
            spent = {who: cpu_ms(pid) for who, pid in pids.items()}
            for work in chunk:
                pump.tell(facts.CustomerLeft(work), "bench")
            await pump.drain()
            before = {who: before[who] + cpu_ms(pid) - spent[who] for who, pid in pids.items()}
        where = f"{agents} agents, no sockets, no records, append-only file everysec, {IN_FLIGHT} decided between sends"
        print(line("assign.committed", "assignments/s", rates, where), flush=True)
        for who, pid in pids.items():
            each = 1000 * (cpu_ms(pid) - before[who]) / (len(rates) * FLAT_OUT)
            print(line(f"assign.committed.cpu.{who}", "us CPU/assignment", [each], where), flush=True)
        pump.close()
        await committing
        await connection.aclose()
        await server.stop()


async def measure(agents: int, rate: int, count: int, *, idle: str, stages: bool) -> None:
    """Everything in one run; with `stages` the moments of each offer's way too."""
    where = f"{agents} agents connected from another process, {rate} assignments a second, idle server: {idle}"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jf-bench-")))
        node = await start_node(folder, make_site(folder, agents), stack, idle)
        tokens_file = folder / "tokens"
        tokens_file.write_text("\n".join((await tokens(node)).values()))
        far = await Agents.start(f"http://127.0.0.1:{node.settings.http_port}{PATH}", tokens_file)
        stack.push_async_callback(far.kill)
        await far.connect()
        for agent_id in node.site.agents:
            node.voice.reach.leg(agent_id, up=True)
            assert await node.voice.desk.set_presence(agent_id, "ready", None) is None
        events = Events(node)
        await offers(node, events, await events.known(WARM_UP), rate)
        names = await events.known(count)
        gc.collect()
        gc.freeze()
        embedded = node.storage.embedded
        assert embedded is not None
        pids = {"server": os.getpid(), "agents": far.pid, "store": embedded.pid}
        if (records := node.core.projection.pid) is not None:
            pids["records"] = records
        written = Written(node.voice.hub)
        stamps = Stages(node) if stages else None
        before = {who: cpu_ms(pid) for who, pid in pids.items()}
        due = await offers(node, events, names, rate)
        used = {who: cpu_ms(pid) - before[who] for who, pid in pids.items()}
        if stamps is not None:
            stamps.close()
        floor_names = [f"f{number}" for number in range(count // 4)]
        before = {who: cpu_ms(pid) for who, pid in pids.items()}
        floor = await floors(node, OFFER, floor_names, rate)
        of_floor = {who: (cpu_ms(pid) - before[who]) / len(floor_names) for who, pid in pids.items()}
        lots, of_lots = await whole(node, events, 2 * count, pids)
        arrived = await far.end()
        for prefix, asked in (("assign.event", due), ("assign.floor", floor)):
            late = [(one.told - one.meant) / 1000 for one in asked.values()]
            there = {work: arrived.get(work, NEVER) for work in asked}
            to_socket = [(written.at.get(work, there[work]) - one.told) / 1000 for work, one in asked.items()]
            print(line(f"{prefix}_to_socket", "us", to_socket, where), flush=True)
            to_agent = [(there[work] - one.meant) / 1000 for work, one in asked.items()]
            print(line(f"{prefix}_to_agent", "us", to_agent, where), flush=True)
            print(line(f"{prefix}_generator_late", "us", late, where), flush=True)
        rates = [len(names) * 1e9 / (max(arrived.get(work, NEVER) for work in names) - began) for began, names in lots]
        as_fast = (
            f"{agents} agents connected from another process, as fast as they go, {IN_FLIGHT} decided between sends"
        )
        print(line("assign.whole", "assignments/s", rates, as_fast), flush=True)
        for who, spent in of_lots.items():
            each = 1000 * spent / sum(len(names) for _, names in lots)
            print(line(f"assign.whole.cpu.{who}", "us CPU/assignment", [each], as_fast), flush=True)
        for who, spent in used.items():
            print(line(f"assign.cpu.{who}", "us CPU/assignment", [1000 * spent / count], where), flush=True)
        for who, spent in of_floor.items():
            print(line(f"assign.floor_cpu.{who}", "us CPU/event", [1000 * spent], where), flush=True)
        if stamps is not None:
            for stage, samples in stamps.steps({work: one.told for work, one in due.items()}, arrived):
                print(line(f"assign.stage.{stage}", "us", samples, where), flush=True)
            print(line("assign.gc", "us", [ns / 1000 for ns in stamps.pauses] or [0.0], where), flush=True)


def main() -> None:
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--idle", choices=("sleep", "spin"), default="sleep", help="as the server's setting")
    parser.add_argument("--stages", action="store_true", help="the moments of each offer's way as well")
    arguments = parser.parse_args()
    logs.configure("error")
    only = os.environ.get("ONLY", "")
    if "assign.committed".startswith(only) or only.startswith("assign.committed"):
        uvloop.run(flat_out(arguments.agents, 4 * arguments.count))
    if not only.startswith("assign.committed"):
        uvloop.run(
            measure(arguments.agents, arguments.rate, arguments.count, idle=arguments.idle, stages=arguments.stages)
        )


if __name__ == "__main__":
    main()
