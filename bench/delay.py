"""Mouth to ear: how much later one client hears what the other says, directly and through the running server.

    python -m bench.delay [--calls 4] [--bursts 10]

A scripted caller, which is Jackfield's own, says bursts of noise and records what it says and what comes back; the far
end is a SIP phone that returns each packet as it comes. The round trip of a burst is found by cross-correlation, to
one sample (125 us), and half of it is one way. The same two clients are connected directly (the floor) and through the
server, where the phone is an agent's. It ends where sound arrives at the ear: how long a phone buffers before it plays
is the phone's own, and the same in both. delay.added is each burst through the server less the median of the floor.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import uvloop

from bench.callcenter import STRAIGHT, Page, call_center
from bench.figures import line
from bench.phones import HOST, Phones
from telemetry import logs
from tests.audio import RATE_HZ, delay, level, noise, read_wav, write_wav
from tests.e2e.server import Server
from tools.call.caller import Caller

BURST_S = 0.1
BURST_LENGTH_S = 0.2
LIMIT_S = 0.3
HEARD = 0.01


def burst_name(number: int) -> str:
    """The file of a burst; no two sound alike."""
    return f"burst{number}.wav"


def write_bursts(count: int, folder: Path) -> None:
    """One file for each burst: noise, then silence."""
    for number in range(count):
        sound = np.zeros(round(BURST_LENGTH_S * RATE_HZ), np.int16)
        burst = noise(BURST_S, seed=number)
        sound[: burst.size] = burst
        write_wav(folder / burst_name(number), sound)


def one_way_ms(recording: Path, number: int) -> float:
    """Half the round trip of a burst. A recorder hears its leg's far end on the left, and what is sent on the right."""
    both, rate = read_wav(recording)
    came_back, said = both[:, 0], both[:, 1]
    if level(came_back) < HEARD:
        raise RuntimeError(f"burst {number} did not come back")
    burst = noise(BURST_S, seed=number)
    return (delay(burst, came_back, rate) - delay(burst, said, rate)) * 1000 / 2


async def talk(target: str, folder: Path, page: Page | None, count: int) -> list[float]:
    """One call: says the bursts once both are joined; returns milliseconds one way."""
    recordings = [folder / f"heard{number}.wav" for number in range(count)]
    async with Caller("bench", folder) as caller:
        await caller.dial(target)
        if page is not None:
            await page.connected()
        for number, recording in enumerate(recordings):
            await caller.record(recording)
            await caller.say(burst_name(number))
            await asyncio.sleep(LIMIT_S)
        caller.hang_up()
    return [one_way_ms(recording, number) for number, recording in enumerate(recordings)]


async def through(server: Server, page: Page, folder: Path, count: int) -> list[float]:
    """One call through the server; the agent closes wrap-up."""
    found = await talk(f"sip:{STRAIGHT}@{server.sip}", folder, page, count)
    await page.wrapped_up()
    return found


def report(direct: Sequence[float], routed: Sequence[float], calls: int) -> None:
    """The three lines."""
    what = f"{calls} calls, PCMU, 20 ms packets, scripted caller and echoing phone on loopback"
    added = [each - statistics.median(direct) for each in routed]
    print(line("delay.floor_direct", "ms", direct, f"no server: {what}"), flush=True)
    print(line("delay.through_server", "ms", routed, f"queue, agent on a SIP phone: {what}"), flush=True)
    print(line("delay.added", "ms", added, "through_server less the median of floor_direct"), flush=True)


async def measure(calls: int, bursts: int) -> None:
    """Direct and routed calls take turns, so that both meet the same machine."""
    direct: list[float] = []
    routed: list[float] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jf-bench-")))
        write_bursts(bursts, folder)
        phones = await stack.enter_async_context(Phones())
        server, pages = await stack.enter_async_context(call_center(folder, phones, 1))
        for _ in range(calls):
            direct += await talk(f"sip:echo@{HOST}:{phones.port}", folder, None, bursts)
            routed += await through(server, pages[0], folder, bursts)
    report(direct, routed, calls)


def main() -> None:
    """Reads the counts and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4, help="of each kind")
    parser.add_argument("--bursts", type=int, default=10, help="of a call")
    arguments = parser.parse_args()
    logs.configure("error")
    uvloop.run(measure(arguments.calls, arguments.bursts))


if __name__ == "__main__":
    main()
