"""The media engine: delay from RTP in to RTP out, and what a leg costs, beside a bare UDP echo in the same run.

    python -m bench.media [--legs 60] [--seconds 2.5]

Prints one JSON object a line (name, unit, p50, p99, n, conditions). The engine runs in one worker process, the
phones in this one, so only the engine's CPU is counted. A CPU sample is a quarter of a second: percent of a core for
one leg. CPU time comes from the Linux scheduler's account.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import select
import socket
import statistics
import sys
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import uvloop

from bench.opus import bench_opus
from media import codecs, mixer, rtp
from media.client import WorkerEngine
from media.engine import EngineSettings
from media.events import MediaEvent
from media.sockets import Poller

WINDOW_S = 0.25
SILENCE = codecs.silence("PCMU", rtp.FRAME_SAMPLES)
CLICK = b"\x80" * rtp.FRAME_SAMPLES
CLICK_EVERY = 10
PORTS = (22000, 25999)


class Phone:
    """One RTP socket.

    What it says: "time" (each packet carries its time of sending), "clicks" (every tenth packet is one, in silence),
    "silence", or "nothing" after three packets.
    """

    def __init__(self, poller: Poller, says: str = "time") -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.delays: list[float] = []
        self.says = says
        self.click_at: list[int] = []
        self.quiet = True
        self.other: Phone | None = None
        poller.add(self.sock, self._readable)

    def send(self, count: int) -> None:
        payload = SILENCE
        match self.says:
            case "time":
                payload = time.monotonic_ns().to_bytes(8, "big") + SILENCE[8:]
            case "clicks" if count % CLICK_EVERY == 0:
                self.click_at.append(time.monotonic_ns())
                payload = CLICK
            case "nothing" if count > 2:
                return
        self.sock.send(rtp.build(0, count & 0xFFFF, count * 160 & 0xFFFFFFFF, self.port, payload))

    def _readable(self, now_us: int) -> None:  # noqa: ARG002 - the poller's time is that of the whole batch
        data = self.sock.recv(2048)
        now = time.monotonic_ns()
        if self.says == "time":
            self.delays.append((now - int.from_bytes(data[12:20], "big")) / 1000)
        elif self.other is not None and self.other.click_at:
            loud = np.abs(codecs.decode("PCMU", data[12:]).astype(np.int32)) > 8000
            if self.quiet and loud.any():
                # The click's first sample stands this far into a frame that began to be played just now.
                late = int(loud.argmax()) * rtp.US_PER_SAMPLE
                self.delays.append((now - self.other.click_at[-1]) / 1000 + late)
            self.quiet = not loud.any()


async def talk(phones: list[Phone], pid: int, seconds: float) -> list[float]:
    """All phones talk, spread over the 20 ms; returns CPU percent of the process for each window."""
    start = time.monotonic() + 0.05
    samples: list[float] = []
    cpu, mark = cpu_of(pid), start
    slots = 10
    for count in range(int(seconds * 50)):
        for slot in range(slots):
            await asyncio.sleep(max(0.0, start + count * 0.02 + slot * 0.02 / slots - time.monotonic()))
            for phone in phones[slot::slots]:
                phone.send(count)
        now = time.monotonic()
        if now - mark >= WINDOW_S:
            used = cpu_of(pid)
            samples.append(100 * (used - cpu) / (now - mark))
            cpu, mark = used, now
    # The first window holds the start: latching, first packets, anchoring.
    return samples[1:]


def cpu_of(pid: int) -> float:
    """CPU seconds of a process's main thread, to the nanosecond (the usual CPU times have 10 ms steps)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def report(name: str, unit: str, samples: list[float], conditions: str) -> None:
    ordered = sorted(samples)
    if not ordered:
        raise SystemExit(f"{name}: nothing was measured")
    print(
        json.dumps(
            {
                "name": name,
                "unit": unit,
                "p50": round(statistics.median(ordered), 3),
                "p99": round(ordered[math.ceil(len(ordered) * 0.99) - 1], 3),
                "n": len(ordered),
                "conditions": conditions,
            }
        ),
        flush=True,
    )


def report_cpu(name: str, samples: list[float], legs: int, conditions: str) -> None:
    each = [sample / legs for sample in samples]
    report(f"media.{name}.cpu_per_leg", "% of a core", each, conditions)
    report(f"media.{name}.legs_per_core", "legs", [100 / value for value in each if value > 0], conditions)


def echo(count: int) -> None:
    """The floor's process: sends every datagram back where it came from."""
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sockets[sock.fileno()] = sock
        poll.register(sock, select.EPOLLIN)
    print(*(sock.getsockname()[1] for sock in sockets.values()), flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        for descriptor, _ in poll.poll(1.0):
            data, address = sockets[descriptor].recvfrom(2048)
            sockets[descriptor].sendto(data, address)


async def bench_floor(legs: int, seconds: float) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.media", "--echo", str(legs), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ports = [int(port) for port in (await process.stdout.readline()).split()]
    poller = Poller()
    phones = [Phone(poller) for _ in range(legs)]
    for phone, port in zip(phones, ports, strict=True):
        phone.sock.connect(("127.0.0.1", port))
    samples = await talk(phones, process.pid, seconds)
    close(poller, phones)
    process.terminate()
    await process.wait()
    conditions = f"bare UDP echo, {legs} sockets, 50 packets/s each"
    report("media.floor.delay", "us", [d for phone in phones for d in phone.delays], conditions)
    report_cpu("floor", samples, legs, conditions)


def close(poller: Poller, phones: list[Phone]) -> None:
    for phone in phones:
        poller.remove(phone.sock)
        phone.sock.close()
    poller.close()


async def open_legs(engine: WorkerEngine, sockets: Sequence[socket.socket]) -> None:
    """A leg for each socket, by its place in the row; the socket is connected with it."""
    for number, sock in enumerate(sockets):
        sock.connect(await engine.open_rtp(str(number)))
        await engine.set_remote(
            str(number),
            host="127.0.0.1",
            port=sock.getsockname()[1],
            codec="PCMU",
            payload_type=0,
            dtmf_payload_type=101,
            send=True,
            receive=True,
        )


@asynccontextmanager
async def site(legs: int, root: Path, says: str = "time") -> AsyncIterator[tuple[WorkerEngine, list[Phone], int]]:
    """One worker with so many legs, and a phone on each."""
    poller = Poller()
    events: list[MediaEvent] = []
    engine = WorkerEngine(EngineSettings(prompt_root=root, rtp_ports=PORTS), events.append)
    await engine.start()
    pid = engine.worker_pids[0]
    assert pid is not None
    phones = [Phone(poller, says) for _ in range(legs)]
    try:
        await open_legs(engine, [phone.sock for phone in phones])
        yield engine, phones, pid
    finally:
        close(poller, phones)
        await engine.aclose()


async def bench_pass(legs: int, seconds: float, root: Path) -> None:
    async with site(legs, root) as (engine, phones, pid):
        for number in range(0, legs, 2):
            await engine.set_room(f"room{number}", mixer.conference((str(number), str(number + 1))))
        samples = await talk(phones, pid, seconds)
    conditions = f"{legs} legs in {legs // 2} bridges, PCMU, payload passed through"
    report("media.pass.delay", "us", [d for phone in phones for d in phone.delays], conditions)
    report_cpu("pass", samples, legs, conditions)


async def bench_mixed(legs: int, seconds: float, root: Path) -> None:
    """Rooms of three: each leg hears a mix of two. Clicks of one leg are timed in another's ear."""
    async with site(legs, root, "silence") as (engine, phones, pid):
        for number in range(0, legs, 3):
            await engine.set_room(f"room{number}", mixer.conference(str(number + n) for n in range(3)))
            phones[number].says = "clicks"
            phones[number + 1].other = phones[number]
        samples = await talk(phones, pid, seconds)
        pulse = engine.pulses[0]
    conditions = f"{legs} legs in rooms of 3, each hears a mix of 2"
    report("media.mixed.delay", "us", [d for phone in phones for d in phone.delays], conditions)
    report("media.tick.lateness_p99", "us", [float(pulse.lateness_us)], conditions)
    report_cpu("mixed", samples, legs, conditions)


async def bench_playing(legs: int, seconds: float, root: Path) -> None:
    async with site(legs, root, "nothing") as (engine, phones, pid):
        for number in range(legs):
            await engine.play(str(number), "music", ["music.wav"], loop=True)
        samples = await talk(phones, pid, seconds)
    report_cpu("playing", samples, legs, f"{legs} legs are played a prompt in a loop and say nothing")


def write_music(path: Path) -> None:
    times = np.arange(8000) / 8000
    samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


async def run(legs: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_music(root / "music.wav")
        await bench_floor(legs, seconds)
        await bench_pass(legs, seconds, root)
        await bench_mixed(legs, seconds, root)
        await bench_playing(legs, seconds, root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--legs", type=int, default=60, help="a multiple of 6")
    parser.add_argument("--seconds", type=float, default=2.5, help="length of each part")
    parser.add_argument("--echo", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.echo:
        echo(args.echo)
    else:
        uvloop.run(run(args.legs, args.seconds))
        print("\n".join(bench_opus()), flush=True)


if __name__ == "__main__":
    main()
