"""What a run is made of: Redis, nodes and clients as child processes that are killed and started again."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from server.persistence.embedded import valkey_binary
from tests.e2e.server import ROOT, Server
from tests.failure.faults import LEASE_S
from tests.failure.places import Place
from tests.failure.ways import Way
from tests.ports import HOST, free_port
from tests.valkey import wait_listening

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

    def __init__(self, name: str, folder: Path, site: Path, way: Way, place: Place, *, unfenced: bool) -> None:
        (folder / name).mkdir()
        shared = [f"--redis-url=redis://{way.host}:{way.port}", f"--database-url={database_url(folder)}"]
        more = [f"--node={name}", f"--lease-ms={round(LEASE_S * 1000)}", "--media-workers=1"]
        super().__init__(folder / name, site, [*shared, *more, f"--bind={place.host}", "--sip-offences=0"])
        self.name = name
        self.place = place
        self.way = way
        self._module = "tests.failure.unfenced" if unfenced else "server"
        # Whoever takes a node down says so: what ends without is the node's own doing.
        self.meant = False
        self._log_from = 0

    def start(self, ready_s: float = READY_S) -> "Node":
        """As every server; what it logged before is another one's."""
        self._log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        super().start(ready_s)
        return self

    def command(self) -> list[str]:
        """As of every server, but for the module, and for where it runs."""
        plain = [self._module if part == "server" else part for part in super().command()]
        return self.place.command(plain)

    def drain_command(self) -> list[str]:
        """Returns when the node has ended."""
        return [sys.executable, "-m", "server", "drain", f"--data-dir={self.data_dir}", f"--site={self.site}"]

    @property
    def base(self) -> str:
        """The HTTP API's address."""
        return f"http://{self.place.host}:{self.http_port}"

    @property
    def sip(self) -> str:
        """host:port of SIP."""
        return f"{self.place.host}:{self.sip_port}"

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
        with self.log_path.open() as file:
            file.seek(self._log_from)
            lines = [json.loads(line) for line in file if line.startswith("{")]
        errors = [line for line in lines if line.get("event") == "task_failed"]
        told = [(each["exc_type"], each["exc_value"]) for line in errors for each in line.get("exception", [])]
        if not told:
            return self.log_path.read_text()[-500:]
        # One that is deposed fails in many places, each in its own words.
        return "" if any(kind in DEPOSED for kind, _ in told) else ": ".join(told[-1])


def database_url(folder: Path) -> str:
    """The database that all nodes share."""
    return f"sqlite+aiosqlite:///{folder / 'shared.db'}"


def errors_of(node: Node) -> dict[str, int]:
    """How often its log has which error."""
    found: dict[str, int] = {}
    for line in node.errors():
        event = json.dumps(line.get("text", ""))[:80] if line["event"] == "unstructured" else str(line["event"])
        found[event] = found.get(event, 0) + 1
    return found
