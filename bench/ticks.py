"""Events at their times, told by another process: what this one is doing can put none of them off.

python -m bench.ticks RATE COUNT         (run by `told_of`)
"""

import asyncio
import os
import random
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

STAMP = struct.Struct("=qq")


def tick(rate: int, count: int) -> None:
    """A process of its own that tells of each event at its time: a loop's timers are a millisecond wide.

    Each event has its place anywhere in its slot of 1/rate seconds: none keeps step with a timer of the server's.
    Sixteen bytes each, native order: when it was meant to happen, and when this told of it (monotonic ns).
    """
    chance, slot_ns = random.Random(1), 1_000_000_000 // rate
    begin = time.monotonic_ns() + 50_000_000
    for index in range(count):
        meant = begin + index * slot_ns + chance.randrange(slot_ns)
        wait_s = (meant - time.monotonic_ns()) / 1e9
        if wait_s > 0:
            time.sleep(wait_s)
        os.write(1, STAMP.pack(meant, time.monotonic_ns()))


@dataclass(frozen=True, slots=True)
class Due:
    """When an event was meant to happen, and when the other process told of it (monotonic ns)."""

    meant: int
    told: int


class Ticks(asyncio.SubprocessProtocol):
    """Calls `act` where an event's stamp is read, as a server acts on what a socket brings; `over` when all came."""

    def __init__(self, names: Sequence[str], act: Callable[[str], None]) -> None:
        self.due: dict[str, Due] = {}
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._names = iter(names)
        self._act = act
        self._rest = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        data = self._rest + data
        whole = len(data) - len(data) % STAMP.size
        self._rest = data[whole:]
        for meant, told in STAMP.iter_unpack(data[:whole]):
            name = next(self._names)
            self.due[name] = Due(meant, told)
            self._act(name)

    def process_exited(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def told_of(names: Sequence[str], rate: int, act: Callable[[str], None]) -> dict[str, Due]:
    """Calls `act` for each name when its time is told; returns the times, met or not."""
    command = (sys.executable, "-m", "bench.ticks", str(rate), str(len(names)))
    loop = asyncio.get_running_loop()
    transport, ticks = await loop.subprocess_exec(
        lambda: Ticks(names, act), *command, stdin=None, stdout=asyncio.subprocess.PIPE, stderr=None
    )
    await ticks.over
    transport.close()
    if len(ticks.due) != len(names):
        raise RuntimeError(f"{len(ticks.due)} of {len(names)} events were told of")
    return ticks.due


async def at_intended_times(names: Sequence[str], rate: int, act: Callable[[str], None]) -> dict[str, int]:
    """As `told_of`; returns the time at which each was meant to happen (monotonic ns)."""
    return {name: due.meant for name, due in (await told_of(names, rate, act)).items()}


if __name__ == "__main__":
    tick(int(sys.argv[1]), int(sys.argv[2]))
