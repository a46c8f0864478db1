"""One media process under a full load: so many bridged calls, so many callers who hear a prompt, and how much is late.

    python -m bench.media_full [--calls 250] [--callers 400] [--seconds 10]

The phones are this process, the engine is one worker process. `late`: percent of the packets that took more than 20 ms
from one socket to the other, or never came; of a prompt, those that came more than 20 ms after their place in the
stream (the earliest packet of a leg says where that begins). `cpu`: percent of one core that the worker needed. Floor:
the same phones and a bare UDP echo of as many sockets in place of the engine.
"""

import argparse
import asyncio
import select
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.figures import cpu_ms, line
from bench.media import PORTS, SILENCE, open_legs, write_music
from media import mixer
from media.client import WorkerEngine
from media.engine import EngineSettings

FRAME_NS = 20_000_000
# Phones talk in turns, so that the load is even over the 20 ms.
SLOTS = 20
HEADER = struct.Struct("!BBHII")
STAMP = struct.Struct("!Q")
LATE_US = 20_000
SETTLE_S = 1.0


class Phone:
    """One RTP socket; `took` has microseconds of each packet heard, or its time of arrival while it says nothing."""

    __slots__ = ("came", "port", "sock", "took")

    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.port: int = self.sock.getsockname()[1]
        self.took: list[int] = []
        self.came: list[int] = []


def say(phone: Phone, count: int) -> None:
    """One packet with its time of sending."""
    header = HEADER.pack(0x80, 0, count & 0xFFFF, count * 160 & 0xFFFFFFFF, phone.port)
    phone.sock.send(header + STAMP.pack(time.monotonic_ns()) + SILENCE[8:])


def hear(poll: select.epoll, phones: dict[int, Phone], until_ns: int) -> None:
    """Reads whatever comes until then."""
    while (left := until_ns - time.monotonic_ns()) > 0:
        for descriptor, _ in poll.poll(left / 1e9, 256):
            phone = phones[descriptor]
            data = phone.sock.recv(2048)
            now = time.monotonic_ns()
            phone.came.append(now)
            phone.took.append((now - STAMP.unpack_from(data, 12)[0]) // 1000)


def talk(phones: Sequence[Phone], frames: int, *, speak: bool, first: int = 0) -> None:
    """So many frames of 20 ms, said (the first of them with this number) or only heard; blocks."""
    poll = select.epoll()
    known = {phone.sock.fileno(): phone for phone in phones}
    for descriptor in known:
        poll.register(descriptor, select.EPOLLIN)
    begin = time.monotonic_ns() + FRAME_NS
    for turn in range(frames * SLOTS):
        hear(poll, known, begin + turn * FRAME_NS // SLOTS)
        if speak:
            for phone in phones[turn % SLOTS :: SLOTS]:
                say(phone, first + turn // SLOTS)
    hear(poll, known, time.monotonic_ns() + 200_000_000)
    poll.close()


def late_of_calls(phones: Sequence[Phone], frames: int) -> float:
    """Percent of what was said that came late or never."""
    in_time = sum(1 for phone in phones for took in phone.took if took <= LATE_US)
    return 100 * max(0.0, 1 - in_time / (frames * len(phones)))


def late_of_prompts(phones: Sequence[Phone]) -> float:
    """Percent of what was heard that came after its place in the stream."""
    late = heard = 0
    for phone in phones:
        own = [came - number * FRAME_NS for number, came in enumerate(phone.came)]
        first = min(own, default=0)
        late += sum(1 for each in own if each - first > 1000 * LATE_US)
        heard += len(own)
    return 100 * late / max(1, heard)


def forget(phones: Sequence[Phone]) -> None:
    """What was measured so far."""
    for phone in phones:
        phone.took.clear()
        phone.came.clear()


def report(name: str, unit: str, value: float, conditions: str) -> None:
    """One line."""
    print(line(f"media_full.{name}", unit, [value], conditions), flush=True)


async def run(phones: Sequence[Phone], pid: int, frames: int, *, speak: bool) -> float:
    """Talks, the first second for nothing; percent of a core that the process needed."""
    before = round(SETTLE_S * 50)
    await asyncio.to_thread(talk, phones, before, speak=speak)
    forget(phones)
    spent, began = cpu_ms(pid), time.monotonic()
    await asyncio.to_thread(talk, phones, frames, speak=speak, first=before)
    return (cpu_ms(pid) - spent) / (time.monotonic() - began) / 10


async def worker(stack: AsyncExitStack, root: Path, phones: Sequence[Phone]) -> tuple[WorkerEngine, int]:
    """A media process with a leg for each phone."""
    engine = WorkerEngine(EngineSettings(prompt_root=root, rtp_ports=PORTS), lambda _event: None)
    await engine.start()
    stack.push_async_callback(engine.aclose)
    await open_legs(engine, [phone.sock for phone in phones])
    pid = engine.worker_pids[0]
    assert pid is not None
    return engine, pid


async def floor(calls: int, frames: int) -> None:
    """A bare echo of as many sockets."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.media", "--echo", str(2 * calls)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    phones = [Phone() for _ in range(2 * calls)]
    for phone, port in zip(phones, (await process.stdout.readline()).split(), strict=True):
        phone.sock.connect(("127.0.0.1", int(port)))
    cpu = await run(phones, process.pid, frames, speak=True)
    process.terminate()
    await process.wait()
    conditions = f"bare UDP echo, {2 * calls} sockets, 50 packets/s each"
    report("floor.late", "%", late_of_calls(phones, frames), conditions)
    report("floor.cpu", "% of a core", cpu, conditions)
    close(phones)


def close(phones: Sequence[Phone]) -> None:
    """Their sockets."""
    for phone in phones:
        phone.sock.close()


async def bridged(root: Path, calls: int, frames: int) -> None:
    """Two phones in each call, both say something all the time."""
    phones = [Phone() for _ in range(2 * calls)]
    async with AsyncExitStack() as stack:
        stack.callback(close, phones)
        engine, pid = await worker(stack, root, phones)
        for number in range(0, 2 * calls, 2):
            await engine.set_room(f"room{number}", mixer.conference((str(number), str(number + 1))))
        cpu = await run(phones, pid, frames, speak=True)
    conditions = f"{calls} bridged calls, PCMU, both sides speak, {frames / 50:g} s"
    report("bridged.late", "%", late_of_calls(phones, frames), conditions)
    report("bridged.cpu", "% of a core", cpu, conditions)


async def prompted(root: Path, callers: int, frames: int) -> None:
    """Every caller hears a prompt, and says nothing."""
    phones = [Phone() for _ in range(callers)]
    async with AsyncExitStack() as stack:
        stack.callback(close, phones)
        engine, pid = await worker(stack, root, phones)
        for number in range(callers):
            await engine.play(str(number), "music", ["music.wav"], loop=True)
        await asyncio.to_thread(talk, phones, 3, speak=True)
        cpu = await run(phones, pid, frames, speak=False)
        lateness = engine.pulses[0].lateness_us
    conditions = f"{callers} callers hear a prompt, {frames / 50:g} s"
    report("prompts.late", "%", late_of_prompts(phones), conditions)
    report("prompts.cpu", "% of a core", cpu, conditions)
    report("prompts.tick_lateness_p99", "us", float(lateness), conditions)


async def measure(calls: int, callers: int, seconds: float) -> None:
    """Everything."""
    frames = round(seconds * 50)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_music(root / "music.wav")
        await floor(calls, frames)
        await bridged(root, calls, frames)
        await prompted(root, callers, frames)


def main() -> None:
    """Reads the counts and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=250)
    parser.add_argument("--callers", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    uvloop.run(measure(arguments.calls, arguments.callers, arguments.seconds))


if __name__ == "__main__":
    main()
