"""Real servers for tests: the embedded Valkey, and Debian's redis-server where it is installed."""

import asyncio
import itertools
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.persistence.embedded import EmbeddedValkey, valkey_binary
from tests.ports import free_port

REDIS_SERVER = shutil.which("redis-server")
_numbers = itertools.count(1)


@contextmanager
def running_server(data_dir: Path, binary: Path | None = None) -> Iterator[str]:
    """Run a server and give its URL."""
    server = EmbeddedValkey(data_dir, binary=binary)
    asyncio.run(server.start())
    try:
        yield server.url
    finally:
        asyncio.run(server.stop())


def fresh_shard() -> str:
    """Return a shard name that no other test uses, in place of emptying the server."""
    return f"s{next(_numbers)}"


@contextmanager
def tcp_server(
    data_dir: Path, *options: str, binary: Path | None = None, port: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a bare server with a TCP port of 127.0.0.1, as replication needs one; give its process and port."""
    port = free_port() if port is None else port
    process = started_server(data_dir, port, *options, binary=binary)
    try:
        yield process, port
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def started_server(data_dir: Path, port: int, *options: str, binary: Path | None = None) -> "subprocess.Popen[bytes]":
    """A bare server that listens on a port of 127.0.0.1; whoever starts it ends it."""
    data_dir.mkdir(exist_ok=True)
    common = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(data_dir), "--save", ""]
    with (data_dir / "log").open("ab") as output:
        process = subprocess.Popen([str(binary or valkey_binary()), *common, *options], stdout=output, stderr=output)
    try:
        wait_listening(port)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def wait_listening(port: int) -> None:
    """Return once something takes connections there."""
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
