"""Redis, nodes and clients as processes of one machine, and what can be done to them."""

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from store.keys import shard_keys
from tests.e2e.server import ROOT
from tests.failure.accounts import make_accounts
from tests.failure.history import Diary
from tests.failure.layout import Layout, Mix, write_site
from tests.failure.places import Places
from tests.failure.processes import Node, Process, Redis, database_url
from tests.failure.ways import Way
from tests.ports import HOST, free_port

SHARD = "s0"
LOOK_S = 0.1


class Stage:
    """`set_up`, then `start`; `close` ends what is left, by its own ids."""

    def __init__(self, folder: Path, diary: Diary, places: Places) -> None:
        self.folder = folder
        self.diary = diary
        self.places = places
        self.redis = Redis(folder / "redis")
        self.nodes: dict[str, Node] = {}
        self.clients: dict[str, Process] = {}
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._supervisor: asyncio.Task[None] | None = None

    async def start(
        self,
        names: Sequence[str],
        crews: tuple[tuple[str, ...], ...],
        mix: Mix,
        seed: int,
        lasts_s: float,
        *,
        unfenced: bool = False,
    ) -> Layout:
        """Redis and nodes, ready; returns what clients have to know."""
        self.redis.start()
        host = self.places.host
        phones = tuple(free_port(socket.SOCK_DGRAM) for _ in crews)
        trunk = free_port(socket.SOCK_DGRAM)
        site = write_site(self.folder, crews, host, trunk)
        key = await make_accounts(database_url(self.folder), crews)
        for name in names:
            way = await Way(self.redis.port, host).open()
            self.nodes[name] = Node(name, self.folder, site, way, self.places.of(name), unfenced=unfenced)
        # The first owns the shard; the others start beside each other.
        first, *others = self.nodes.values()
        await asyncio.to_thread(first.start)
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in others))
        self._supervisor = asyncio.create_task(self._supervise(), name="supervisor")
        bases = {name: node.base for name, node in self.nodes.items()}
        sips = {name: node.sip for name, node in self.nodes.items()}
        return Layout(
            folder=str(self.folder),
            bases=bases,
            sips=sips,
            crews=crews,
            key=key,
            seed=seed,
            mix=mix,
            lasts_s=lasts_s,
            host=host,
            phone_ports=phones,
            trunk_port=trunk,
        )

    def start_clients(self, layout: Layout) -> None:
        """Crews, and customers."""
        file = str(layout.save())
        for number in range(len(layout.crews)):
            command = [sys.executable, "-m", "tests.failure.agents", file, str(number)]
            self.clients[f"agents-{number}"] = Process(command, self.folder / f"agents-{number}.out")
        self.clients["customers"] = Process(
            [sys.executable, "-m", "tests.failure.customers", file], self.folder / "customers.out"
        )
        for name, client in self.clients.items():
            if name != "customers":
                client.start()

    def start_customers(self) -> None:
        """They wait for the crews."""
        self.clients["customers"].start()

    async def close(self) -> None:
        """Whatever is left."""
        if self._supervisor is not None:
            self._supervisor.cancel()
        for task in self._restarts.values():
            task.cancel()
        await asyncio.gather(*self._restarts.values(), return_exceptions=True)
        for client in self.clients.values():
            client.kill()
        for node in self.nodes.values():
            with suppress(ProcessLookupError, AssertionError):
                node.send(signal.SIGCONT)
            await asyncio.to_thread(node.close)
            await node.way.close()
        self.redis.kill()

    async def owner(self) -> str | None:
        """The name of the node that owns the shard now; None where that cannot be told."""
        with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(0.5):
                reader, writer = await asyncio.open_connection(HOST, self.redis.port)
                try:
                    writer.write(b"HGET %b owner\r\n" % shard_keys(SHARD).head)
                    length = int((await reader.readline())[1:])
                    label = (await reader.readexactly(length)).decode() if length > 0 else ""
                finally:
                    writer.close()
            return label.rpartition(".")[0] if label else None
        return None

    # --- what is done to them ------------------------------------------------------------------------------------

    async def kill_node(self, name: str, down_s: float) -> None:
        """SIGKILL; started again after `down_s`, beside what happens then."""
        node = self.nodes[name]
        if not node.runs:
            return
        node.meant = True
        self.down(name, "killed")
        await asyncio.to_thread(node.strike)
        self._again(node, down_s)

    async def pause_node(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`."""
        node = self.nodes[name]
        if not node.runs:
            return
        self.down(name, "paused")
        node.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if node.runs:
            node.send(signal.SIGCONT)

    async def drain_node(self, name: str) -> None:
        """As somebody who replaces it: drained, which ends it in order, and started anew."""
        node = self.nodes[name]
        node.meant = True
        drain = await asyncio.create_subprocess_exec(*node.drain_command(), cwd=ROOT, stdout=subprocess.DEVNULL)
        await drain.wait()
        if status := await asyncio.to_thread(node.ended):
            self.diary.write(name, "ended", text=f"drained, with status {status}")
        await self._start_again(node, 0.0)

    def down(self, name: str, why: str) -> None:
        """Whatever may make others count a node as lost is in the history."""
        self.diary.write(name, "down", text=why)

    async def kill_all(self, down_s: float) -> None:
        """SIGKILL of each node and of Redis."""
        for name in self.nodes:
            await self.kill_node(name, down_s)
        await self.kill_redis(down_s)

    async def kill_redis(self, down_s: float) -> None:
        """SIGKILL; started again, with its file, after `down_s`."""
        self.redis.kill()
        await asyncio.sleep(down_s)
        await asyncio.to_thread(self.redis.start)

    async def pause_redis(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`."""
        self.redis.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.redis.send(signal.SIGCONT)

    async def kill_client(self, name: str, down_s: float) -> None:
        """SIGKILL of a process of clients; started again after `down_s`."""
        client = self.clients[name]
        if client.status is not None:
            return
        client.kill()
        await asyncio.sleep(down_s)
        client.start()

    async def cut_clients(self, name: str) -> None:
        """Every TCP connection to the node's pages, the API and the agents' sockets is gone (needs root)."""
        done = await asyncio.create_subprocess_exec(
            *self.places.of(name).command([*SS_KILL, "sport", "=", f":{self.nodes[name].http_port}"]),
            stdout=subprocess.DEVNULL,
        )
        await done.wait()

    async def settled(self) -> None:
        """Every node runs again."""
        while self._restarting or not all(node.runs for node in self.nodes.values()):
            await asyncio.sleep(LOOK_S)

    @property
    def _restarting(self) -> bool:
        return any(not task.done() for task in self._restarts.values())

    def _again(self, node: Node, down_s: float) -> None:
        """One that is killed while it starts is started once more by who was at it."""
        task = self._restarts.get(node.name)
        if task is None or task.done():
            again = self._start_again(node, down_s)
            self._restarts[node.name] = asyncio.create_task(again, name=f"start {node.name}")

    async def _start_again(self, node: Node, down_s: float) -> None:
        await asyncio.sleep(down_s)
        while True:
            try:
                await asyncio.to_thread(node.start)
            except AssertionError as error:  # the store is away, or somebody kills it: its supervisor tries again
                self.diary.write(node.name, "fault", text="not started", reason=str(error)[-300:])
                await asyncio.to_thread(node.close)
                continue
            node.meant = False
            return

    async def _supervise(self) -> None:
        """As systemd does: a node that ended is started again. What it said is in the history."""
        while True:
            for node in self.nodes.values():
                if not node.runs and not node.meant:
                    node.meant = True
                    self.diary.write(node.name, "ended", text=await asyncio.to_thread(node.reason))
                    await asyncio.to_thread(node.close)
                    self._again(node, 0.0)
            await asyncio.sleep(LOOK_S)


SS_KILL = ("ss", "--kill", "--tcp", "--numeric")


def can_cut() -> bool:
    """Whether this machine lets us break sockets of others: root, `ss`, and a kernel with INET_DIAG_DESTROY."""
    if shutil.which(SS_KILL[0]) is None:
        return False
    probe = subprocess.run([*SS_KILL, "sport", "=", ":1"], capture_output=True, text=True, check=False)
    return probe.returncode == 0 and not probe.stderr
