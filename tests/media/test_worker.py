"""A worker process from outside: ownership, obedience, and what it does when its owner is gone."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from media import protocol, worker
from media.engine import EngineSettings
from media.events import MediaEvent
from tests.audio import tone, write_wav
from tests.waiting import until

LOW = 28_100


class Owner:
    """A bare connection to a worker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.frames = protocol.FrameReader()
        self.reader = reader
        self.writer = writer
        self.ready: list[protocol.Frame] = []

    async def ask(self, frame: protocol.Frame) -> protocol.Frame:
        self.writer.write(protocol.encode(frame))
        return await self.next()

    async def next(self) -> protocol.Frame:
        async with asyncio.timeout(30):
            while not self.ready:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError
                self.ready += self.frames.feed(data)
        return self.ready.pop(0)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def running(folder: Path, *extra: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    settings = EngineSettings(prompt_root=folder, rtp_ports=(LOW, LOW + 19))
    path = folder / "w.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "media.worker",
        f"--socket={path}",
        *worker.arguments(settings),
        *extra,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield process, path
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def connect(path: Path) -> Owner:
    return Owner(*await asyncio.open_unix_connection(path))


def opened(number: int, generation: int, leg_id: str) -> protocol.Request:
    return protocol.Request(number, generation, "open_rtp", {"leg_id": leg_id})


async def test_the_newest_owner_is_obeyed_and_gets_an_empty_worker(tmp_path: Path) -> None:
    async with running(tmp_path) as (process, path):
        assert path.stat().st_mode & 0o077 == 0
        first = await connect(path)
        assert await first.ask(protocol.Hello(5)) == protocol.Welcome(5, process.pid)
        assert await first.ask(opened(1, 5, "a")) == protocol.Reply(1, ["127.0.0.1", LOW])
        assert await first.ask(opened(2, 4, "b")) == protocol.Failure(2, "stale_generation", "5")
        late = await connect(path)
        assert await late.ask(protocol.Hello(4)) == protocol.Refused(5)
        second = await connect(path)
        assert await second.ask(protocol.Hello(6)) == protocol.Welcome(6, process.pid)
        with pytest.raises(EOFError):
            await first.ask(opened(3, 5, "c"))
        pulse = await second.ask(protocol.Heartbeat(6))
        assert isinstance(pulse, protocol.Pulse)
        assert (pulse.legs, pulse.ports_in_use) == (0, 0)
        assert await second.ask(opened(1, 6, "a")) == protocol.Reply(1, ["127.0.0.1", LOW + 2])
        for owner in (first, late, second):
            await owner.close()


async def test_what_the_owner_need_not_know_at_once_is_told_in_order_with_the_next_word(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(600, seconds=1.0))
    async with running(tmp_path) as (_, path):
        owner = await connect(path)
        await owner.ask(protocol.Hello(1))
        reserve = protocol.Request(1, 1, "reserve", {"count": 2})
        assert await owner.ask(reserve) == protocol.Reply(1, ["127.0.0.1", [LOW, LOW + 2]])
        owner.writer.write(protocol.encode(protocol.Order(1, "adopt", {"leg_id": "a", "port": LOW})))
        play = {"leg_id": "a", "play_id": "p", "files": ["tone.wav"], "loop": True}
        owner.writer.write(protocol.encode(protocol.Order(1, "play", play)))
        owner.writer.write(protocol.encode(protocol.Order(1, "stop_play", {"leg_id": "a"})))
        stopped = protocol.Happened(MediaEvent("played", "a", play_id="p", reason="stopped"))
        assert await owner.ask(opened(3, 1, "b")) == stopped
        assert await owner.next() == protocol.Reply(3, ["127.0.0.1", LOW + 4])
        owner.writer.write(protocol.encode(protocol.Order(1, "play", play)))
        owner.writer.write(protocol.encode(protocol.Order(1, "stop_play", {"leg_id": "a"})))
        assert await owner.ask(protocol.Heartbeat(1)) == stopped
        assert isinstance(await owner.next(), protocol.Pulse)
        # A leg that cannot be made is told as one that failed.
        failed = protocol.Happened(MediaEvent("leg_failed", "c", reason="unknown_leg"))
        assert await owner.ask(protocol.Order(1, "adopt", {"leg_id": "c", "port": LOW + 4})) == failed
        await owner.close()


async def test_bad_requests_are_answered_and_bad_peers_cut_off(tmp_path: Path) -> None:
    async with running(tmp_path) as (process, path):
        owner = await connect(path)
        await owner.ask(protocol.Hello(1))
        answer = await owner.ask(protocol.Request(1, 1, "aclose", {}))
        assert answer == protocol.Failure(1, "unknown_method", "aclose")
        answer = await owner.ask(protocol.Request(2, 1, "open_rtp", {"port": 5}))
        assert isinstance(answer, protocol.Failure)
        assert answer.reason == "internal_error"
        answer = await owner.ask(protocol.Request(3, 1, "stats", {"leg_id": "x"}))
        assert answer == protocol.Failure(3, "unknown_leg", "x")
        stranger = await connect(path)
        stranger.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(EOFError):
            await stranger.next()
        await stranger.close()
        with pytest.raises(EOFError):
            await owner.ask(protocol.Welcome(1, 1))
        await owner.close()
        process.terminate()
        assert await process.wait() == 0


async def test_without_a_word_from_the_owner_legs_are_closed(tmp_path: Path) -> None:
    async with running(tmp_path, "--owner-timeout-us=500000") as (_, path):
        owner = await connect(path)
        await owner.ask(protocol.Hello(1))
        await owner.ask(opened(1, 1, "a"))
        # Heartbeats for longer than the timeout keep the leg.
        for _ in range(8):
            pulse = await owner.ask(protocol.Heartbeat(1))
            assert isinstance(pulse, protocol.Pulse)
            assert pulse.legs == 1
            await asyncio.sleep(0.1)
        lost = await owner.next()
        assert isinstance(lost, protocol.Happened)
        assert (lost.event.kind, lost.event.leg_id, lost.event.reason) == ("leg_failed", "a", "owner_lost")
        pulse = await owner.ask(protocol.Heartbeat(1))
        assert isinstance(pulse, protocol.Pulse)
        assert pulse.legs == 0
        await owner.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
async def test_the_worker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from media.client import WorkerEngine\n"
        "from media.engine import EngineSettings\n"
        "async def main():\n"
        "    folder = pathlib.Path(sys.argv[1])\n"
        "    engine = WorkerEngine(EngineSettings(prompt_root=folder), print, socket_dir=folder)\n"
        "    await engine.start()\n"
        "    print(engine.worker_pids[0], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: not alive(pid), what="the worker's end")


async def test_it_ends_with_its_parent_where_the_system_does_not_tell_of_it(tmp_path: Path) -> None:
    unaware = "from media import worker; worker._die_with = lambda parent: None; worker.main()"
    settings = EngineSettings(prompt_root=tmp_path, rtp_ports=(LOW, LOW + 19))
    script = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', *sys.argv[1:], f'--parent={os.getpid()}'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    arguments = [unaware, f"--socket={tmp_path / 'w.sock'}", "--owner-timeout-us=500000", *worker.arguments(settings)]
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, *arguments), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    lines = {(await parent.stdout.readline()).strip() for _ in range(2)}
    pid = int((lines - {b"ready"}).pop())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: not alive(pid), what="the worker's end")


def alive(pid: int) -> bool:
    """Whether the process runs; an orphan that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
