"""The server as its own process, as `make run` starts it: ports, data directory and log of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests.databases import template
from tests.ports import HOST, free_port, rtp_block

ROOT = Path(__file__).parents[2]
AS_INSTALLED = ROOT / "tests" / "as_installed"
READY_S = 90.0
END_S = 60.0
PASSWORD = "demo-jackfield"
SUPERVISOR = "supervisor1"


class Server:
    """One server process. `start`, then `interrupt` or `kill`; it can be started again on the same data directory.

    Its tables are there already, unless it is `fresh`: to make them takes each server most of a second.
    """

    def __init__(
        self, folder: Path, site: Path | None = None, arguments: Sequence[str] = (), fresh: bool = False
    ) -> None:
        self.data_dir = folder / "data"
        self.log_path = folder / "server.log"
        self.out_path = folder / "server.out"
        self.http_port = free_port()
        self.sip_port = free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)
        self.rtp_first, self.rtp_last = rtp_block()
        self.expected_errors: set[str] = set()
        self.site = site
        self.supervisor = SUPERVISOR
        self._arguments = list(arguments)
        self._fresh = fresh
        self._process: subprocess.Popen[bytes] | None = None
        self._family: list[psutil.Process] = []
        self._token = ""

    @property
    def base(self) -> str:
        """The HTTP API's address."""
        return f"http://{HOST}:{self.http_port}"

    @property
    def sip(self) -> str:
        """host:port of SIP."""
        return f"{HOST}:{self.sip_port}"

    @property
    def pid(self) -> int:
        """The main process."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def command(self) -> list[str]:
        """The command line; the settings as flags."""
        rtp = f"{self.rtp_first}-{self.rtp_last}"
        ports = [f"--http-port={self.http_port}", f"--sip-port={self.sip_port}", f"--rtp-ports={rtp}"]
        site = [] if self.site is None else [f"--site={self.site}"]
        run = [sys.executable, "-m", "server", "run", "--log-format=json", f"--data-dir={self.data_dir}"]
        return [*run, *ports, *site, *self._arguments]

    def start(self, ready_s: float = READY_S) -> "Server":
        """Returns when it has printed `ready` (each demo account takes it a fifth of a second). Fails with what it
        printed otherwise.
        """
        if not self._fresh and not any(each.startswith("--database-url") for each in self._arguments):
            self._make_tables()
        with self.out_path.open("ab") as out, self.log_path.open("ab") as log:
            printed = out.tell()
            environ = {**os.environ, "PYTHONPATH": str(AS_INSTALLED)}
            self._process = subprocess.Popen(self.command(), cwd=ROOT, stdout=out, stderr=log, env=environ)
        end = time.monotonic() + ready_s
        while b"\nready\n" not in self.out_path.read_bytes()[printed:]:
            assert self._process.poll() is None, f"the server ended: {self.log_path.read_text()[-3000:]}"
            assert time.monotonic() < end, f"no `ready` in {ready_s} s: {self.log_path.read_text()[-3000:]}"
            time.sleep(0.02)
        return self

    def _make_tables(self) -> None:
        database = self.data_dir / "jackfield.db"
        if not database.exists():
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            database.write_bytes(template())

    def child(self, part: str) -> psutil.Process:
        """The one living child whose command line contains `part` (media.worker, valkey-server)."""
        found = [p for p in psutil.Process(self.pid).children(recursive=True) if part in _command_of(p)]
        assert len(found) == 1, found
        return found[0]

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C: returns the exit status; fails when a process of it outlives it."""
        assert self._process is not None
        self._remember_family()
        self._process.send_signal(number)
        status = self._process.wait(END_S)
        self._process = None
        self.assert_nothing_left()
        return status

    def send(self, number: int) -> None:
        """A signal that does not end it."""
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self) -> int:
        """Its exit status, when it ends by itself."""
        assert self._process is not None
        self._remember_family()
        status = self._process.wait(END_S)
        self._process = None
        return status

    def kill(self) -> None:
        """kill -9 of the main process alone."""
        assert self._process is not None
        self._remember_family()
        self._process.kill()
        self._process.wait(END_S)
        self._process = None

    def assert_nothing_left(self) -> None:
        """No process that this server started lives on."""
        _, left = psutil.wait_procs(self._family, timeout=END_S)
        assert not left, f"left behind: {[p.cmdline() for p in left]}"
        self._family = []

    def close(self) -> None:
        """Ends what a failed test left running, by its own ids."""
        if self._process is not None:
            self._remember_family()
            self._process.kill()
            self._process.wait(END_S)
            self._process = None
        for process in self._family:
            with suppress(psutil.NoSuchProcess):
                process.kill()  # psutil compares creation times, so a reused id is never hit

    def log(self) -> Iterator[dict[str, Any]]:
        """The structured log so far; a line that is no JSON (a traceback at the start) counts as an error."""
        for line in self.log_path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                yield {"level": "error", "event": "unstructured", "text": line}

    def errors(self) -> list[dict[str, Any]]:
        """Errors in the log that the test did not expect."""
        bad = ("error", "critical")
        return [e for e in self.log() if e.get("level") in bad and e["event"] not in self.expected_errors]

    def token(self) -> str:
        """A supervisor's session; kept, because hashing a password costs a fifth of a second."""
        if not self._token:
            body = json.dumps({"account": self.supervisor, "password": PASSWORD}).encode()
            request = urllib.request.Request(
                f"{self.base}/api/v1/session", body, {"Content-Type": "application/json"}, method="POST"
            )
            with closing(urllib.request.urlopen(request, timeout=10)) as answer:
                self._token = json.load(answer)["token"]
        return self._token

    def _remember_family(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self._family += psutil.Process(self.pid).children(recursive=True)


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended since it was listed
        return ""
