"""Redis, nodes and clients as processes of one machine, and what can be done to them."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from server.embedded import valkey_binary
from store.keys import shard_keys
from tests.e2e.server import HOST, ROOT, Server, free_port
from tests.failure.faults import LEASE_S
from tests.failure.history import Diary
from tests.failure.layout import Layout, write_site
from tests.failure.ways import Way
from tests.valkey import wait_listening

SHARD = "s0"
SLOW_S = 0.03
LOOK_S = 0.1
# Three servers that start at once on a busy machine take their time.
READY_S = 120.0
# How a node may end by itself: another one took its shard, or counts it as lost.
DEPOSED = ("Deposed", "NodeDeclaredLostError", "StruckOff")


class Process:
    """A child that is started again as it was. `kill` is SIGKILL."""

    def __init__(self, command: Sequence[str], out: Path) -> None:
        self._command = list(command)
        self._out = out
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Again, too."""
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=out, stderr=out)

    def kill(self) -> None:
        """Idempotent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()

    def send(self, number: int) -> None:
        """A signal."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def status(self) -> int | None:
        """None while it runs."""
        assert self._process is not None
        return self._process.poll()


class Redis(Process):
    """With an append-only file, so that it comes back with what it had."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        options = ("--bind", HOST, "--port", str(self.port), "--dir", str(folder), "--save", "")
        kept = ("--appendonly", "yes", "--appendfsync", "everysec")
        super().__init__([str(valkey_binary()), *options, *kept], folder / "log")

    def start(self) -> None:
        """Returns when it listens."""
        super().start()
        wait_listening(self.port)


class Node(Server):
    """A server of the site, with a way to Redis that can break. `unfenced`: see tests.failure.unfenced."""

    def __init__(self, name: str, folder: Path, site: Path, way: Way, *, unfenced: bool) -> None:
        (folder / name).mkdir()
        shared = [f"--redis-url=redis://{HOST}:{way.port}", f"--database-url={database_url(folder)}"]
        more = [f"--node={name}", f"--lease-ms={round(LEASE_S * 1000)}", "--media-workers=1"]
        super().__init__(folder / name, site, [*shared, *more])
        self.name = name
        self.way = way
        self._module = "tests.failure.unfenced" if unfenced else "server"
        # Whoever takes a node down says so: what ends without is the node's own doing.
        self.meant = False

    def command(self) -> list[str]:
        """As of every server, but for the module."""
        return [self._module if part == "server" else part for part in super().command()]

    @property
    def runs(self) -> bool:
        """Whether its process lives, stopped or not."""
        return self._process is not None and self._process.poll() is None

    def strike(self) -> None:
        """SIGKILL, also in the middle of its start: whoever is starting it finds it dead."""
        if (process := self._process) is not None:
            process.kill()
            process.wait()

    def reason(self) -> str:
        """Why it ended by itself, from its log; "" for what a deposed node says."""
        errors = [line for line in self.log() if line.get("event") == "task_failed"]
        told = [(each["exc_type"], each["exc_value"]) for line in errors for each in line.get("exception", [])]
        if not told:
            return self.log_path.read_text()[-500:]
        return "" if told[-1][0] in DEPOSED else ": ".join(told[-1])


def database_url(folder: Path) -> str:
    """The database that all nodes share."""
    return f"sqlite+aiosqlite:///{folder / 'shared.db'}"


class Stage:
    """`set_up`, then `start`; `close` ends what is left, by its own ids."""

    def __init__(self, folder: Path, diary: Diary) -> None:
        self.folder = folder
        self.diary = diary
        self.redis = Redis(folder / "redis")
        self.nodes: dict[str, Node] = {}
        self.clients: dict[str, Process] = {}
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._supervisor: asyncio.Task[None] | None = None

    async def start(
        self, names: Sequence[str], crews: tuple[tuple[str, ...], ...], *, unfenced: bool = False
    ) -> dict[str, str]:
        """Redis and nodes, ready; returns the addresses of the latter."""
        self.redis.start()
        site = write_site(self.folder, crews)
        for name in names:
            way = await Way(self.redis.port).open()
            self.nodes[name] = Node(name, self.folder, site, way, unfenced=unfenced)
        for node in self.nodes.values():
            await asyncio.to_thread(node.start, READY_S)
        self._supervisor = asyncio.create_task(self._supervise(), name="supervisor")
        return {name: node.base for name, node in self.nodes.items()}

    def make_key(self) -> str:
        """A program's, for the customers."""
        command = [
            sys.executable,
            "-m",
            "server",
            "make-api-key",
            "post",
            f"--database-url={database_url(self.folder)}",
        ]
        made = subprocess.run(
            [*command, f"--site={self.folder / 'site'}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return made.stdout.split()[-1]

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
        await asyncio.to_thread(node.strike)
        self._again(node, down_s)

    async def pause_node(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`."""
        node = self.nodes[name]
        if not node.runs:
            return
        node.send(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if node.runs:
            node.send(signal.SIGCONT)

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
            *SS_KILL, "sport", "=", f":{self.nodes[name].http_port}", stdout=subprocess.DEVNULL
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
                await asyncio.to_thread(node.start, READY_S)
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


def errors_of(node: Node) -> dict[str, int]:
    """How often its log has which error."""
    found: dict[str, int] = {}
    for line in node.errors():
        event = json.dumps(line.get("text", ""))[:80] if line["event"] == "unstructured" else str(line["event"])
        found[event] = found.get(event, 0) + 1
    return found
