"""CPU of the WebRTC transport: legs at 50 packets/s each way, beside bare UDP sockets with the same traffic.

    python -m bench.webrtc [--legs 20] [--seconds 5]

Prints one JSON object a line (name, unit, p50, p99, n, conditions). The far ends run in a process of their own, so
only this server's half is counted. A sample is the CPU time of one quarter of a second, for one leg and second.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from media import rtp
from media.webrtc import WebRtcTransport, open_webrtc_transport
from tests.webrtc_peer import WebRtcPeer

FRAME = b"\x55" * 160
TICK_S = 0.02
WINDOW_S = 0.25
LINE_LIMIT = 1 << 24


async def tick(send: Callable[[int], None]) -> None:
    """Call `send` with 0, 1, 2... every 20 ms, until cancelled."""
    start = time.monotonic()
    count = 0
    while True:
        send(count)
        count += 1
        await asyncio.sleep(max(0.0, start + count * TICK_S - time.monotonic()))


def packet(count: int) -> bytes:
    return rtp.build(0, count & 0xFFFF, count * 160 & 0xFFFFFFFF, 7, FRAME)


class Counter(asyncio.DatagramProtocol):
    """The floor: counts datagrams and does nothing else."""

    def __init__(self) -> None:
        self.received = 0

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:  # noqa: ARG002
        self.received += 1


Socket = tuple[asyncio.DatagramTransport, Counter]


async def bare_sockets(count: int) -> list[Socket]:
    loop = asyncio.get_running_loop()
    return [await loop.create_datagram_endpoint(Counter, local_addr=("127.0.0.1", 0)) for _ in range(count)]


def ports_of(sockets: list[Socket]) -> list[int]:
    return [transport.get_extra_info("sockname")[1] for transport, _ in sockets]


def send_bare(sockets: list[Socket], ports: list[int]) -> Callable[[int], None]:
    targets = [(s[0], ("127.0.0.1", port)) for s, port in zip(sockets, ports, strict=True)]

    def send(count: int) -> None:
        data = packet(count)
        for transport, address in targets:
            transport.sendto(data, address)

    return send


async def far_side(kind: str, count: int) -> None:
    """The other process: opens its ends, swaps addresses over stdin and stdout, talks until stdin ends."""
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def exchange(mine: object) -> Any:
        print(json.dumps(mine), flush=True)
        return json.loads(await reader.readline())

    if kind == "udp":
        sockets = await bare_sockets(count)
        send = send_bare(sockets, await exchange(ports_of(sockets)))
    else:
        peers = [WebRtcPeer(on_packet=lambda _: None) for _ in range(count)]
        answers = await exchange([await p.offer() for p in peers])
        await asyncio.gather(*(p.connect(a) for p, a in zip(peers, answers, strict=True)))

        def send(count: int) -> None:
            for peer in peers:
                peer.send(packet(count))

    talking = asyncio.create_task(tick(send))
    await reader.read()
    talking.cancel()


Exchange = Callable[[Callable[[Any], Awaitable[object]]], Awaitable[None]]


@asynccontextmanager
async def far_process(kind: str, count: int) -> AsyncIterator[Exchange]:
    """Yields `exchange(answer)`: read the far side's line, write what `answer` makes of it. The far side talks
    from then until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.webrtc", "--far", kind, "--legs", str(count),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT,
    )  # fmt: skip
    stdin, stdout = process.stdin, process.stdout
    assert stdin
    assert stdout

    async def exchange(answer: Callable[[Any], Awaitable[object]]) -> None:
        reply = await answer(json.loads(await stdout.readline()))
        stdin.write(json.dumps(reply).encode() + b"\n")

    try:
        yield exchange
    finally:
        stdin.close()
        await process.wait()


async def measure(send: Callable[[int], None], seconds: float, legs: int) -> list[float]:
    """CPU microseconds of this process for one leg and second, one sample a window."""
    talking = asyncio.create_task(tick(send))
    await asyncio.sleep(1)
    samples = []
    for _ in range(round(seconds / WINDOW_S)):
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(WINDOW_S)
        samples.append((time.process_time() - cpu) / (time.perf_counter() - wall) / legs * 1e6)
    talking.cancel()
    return samples


async def bench_bare_udp(legs: int, seconds: float) -> None:
    sockets = await bare_sockets(legs)
    async with far_process("udp", legs) as exchange:
        remote: list[int] = []

        async def answer(ports: list[int]) -> list[int]:
            remote.extend(ports)
            return ports_of(sockets)

        await exchange(answer)
        samples = await measure(send_bare(sockets, remote), seconds, legs)
    assert all(counter.received > seconds * 40 for _, counter in sockets), "the far side fell behind"
    report("webrtc.floor_bare_udp_cpu", samples, legs)
    for transport, _ in sockets:
        transport.close()


async def bench_transport(legs: int, seconds: float) -> None:
    transports: list[WebRtcTransport] = []
    up = asyncio.Semaphore(0)
    cpu = 0.0

    async def answer(offers: list[str]) -> list[str]:
        nonlocal cpu
        cpu = time.process_time()
        answers = []
        for offer in offers:
            transport, sdp = await open_webrtc_transport(
                offer,
                hosts=["127.0.0.1"],
                advertise=None,
                port_range=None,
                on_packet=lambda _: None,
                on_state=lambda state: up.release() if state == "connected" else None,
            )
            transports.append(transport)
            answers.append(sdp)
        return answers

    def send(count: int) -> None:
        data = packet(count)
        for transport in transports:
            transport.send(data)

    async with far_process("webrtc", legs) as exchange:
        await exchange(answer)
        for _ in range(legs):
            await up.acquire()
        setup = (time.process_time() - cpu) / legs * 1e6
        samples = await measure(send, seconds, legs)
    assert all(t.received > seconds * 40 for t in transports), "the far side fell behind"
    report("webrtc.transport_cpu", samples, legs)
    report("webrtc.setup_cpu", [setup], legs, unit="us CPU/leg")
    for transport in transports:
        await transport.close()


def report(name: str, samples: list[float], legs: int, unit: str = "us CPU/leg/s") -> None:
    ordered = sorted(samples)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    conditions = f"{legs} legs, 50 packets/s each way, 160 bytes, uvloop, {os.cpu_count()} cores"
    line = {
        "name": name,
        "unit": unit,
        "p50": round(statistics.median(ordered), 1),
        "p99": round(p99, 1),
        "n": len(ordered),
        "conditions": conditions,
    }
    print(json.dumps(line), flush=True)


async def main(legs: int, seconds: float) -> None:
    only = os.environ.get("ONLY", "")
    if not ("webrtc.".startswith(only) or only.startswith("webrtc.")):
        return
    await bench_bare_udp(legs, seconds)
    await bench_transport(legs, seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--far", choices=("udp", "webrtc"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.far:
        uvloop.run(far_side(options.far, options.legs))
    else:
        uvloop.run(main(options.legs, options.seconds))
