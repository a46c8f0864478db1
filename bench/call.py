"""A whole call through the running server: what it costs, and how soon an agent's phone rings.

    python -m bench.call [--runs 6] [--seconds 3] [--rates 20,60,130] [--rings 300] [--sizes 10,100,1000]

The server runs as `make run` starts it, with agents on SIP phones, signed in over the agents' WebSocket.

- call.cpu.*.N: CPU of one call, by process, at N calls a second with four agents for each. SIPp calls, presses a digit
  in the menu, an agent's phone answers, both are joined, SIPp hangs up, the agent closes wrap-up. A sample is the mean
  of one run of calls, all agents ready. call.floor_refused.*: the same for calls to a number that nobody has;
  call.floor_idle: what the server uses in a second when nobody calls.
- call.arrival_to_ring.* and call.freed_agent_to_ring.*: bench.rings, on a server of its own for each number of agents.

Needs SIPp for the CPU part.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from bench.callcenter import LIMIT_S, Office, Page, call_center, times
from bench.figures import cpu_ms, line
from bench.phones import HOST, Phones
from bench.rings import NOBODY, measure_rings
from telemetry import logs
from tests.e2e.server import Server
from tests.ports import free_port

SCENARIOS = Path(__file__).parent / "scenarios"
REFUSED_PER_S = 40
# For each call in a second: it rings, is talked for TALK_MS, and wrapped up.
AGENTS_PER_CALL = 4
TALK_MS = 1000
SETTLE_S = 0.3
IDLE_S = 0.4


class Clocks:
    """CPU of the server's processes."""

    def __init__(self, server: Server) -> None:
        children = {"media": "media.worker", "store": "valkey-server", "records": "server.persistence.records_worker"}
        self._pids = {"server": server.pid} | {part: server.child(name).pid for part, name in children.items()}

    def read(self) -> dict[str, float]:
        """Milliseconds used so far."""
        return {part: cpu_ms(pid) for part, pid in self._pids.items()}

    def since(self, before: Mapping[str, float], share: float) -> dict[str, float]:
        """Milliseconds used since `before`, divided by `share`, and their sum as total."""
        used = {part: (after - before[part]) / share for part, after in self.read().items()}
        return {"total": sum(used.values())} | used


async def run_sipp(server: Server, folder: Path, scenario: str, entry: str, *arguments: str) -> None:
    """SIPp to its end. Raises RuntimeError when a call did not go as the scenario says."""
    command = ["sipp", server.sip, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", entry, "-i", HOST, "-p"]
    command += [str(free_port_of_both()), "-nostdin", "-timeout", f"{LIMIT_S:.0f}s", "-timeout_error", *arguments]
    devnull = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=devnull, stdout=devnull, stderr=devnull, env={**os.environ, "TERM": "xterm"}
    )
    if await process.wait() != 0:
        raise RuntimeError(f"SIPp ended with {process.returncode} in scenario {scenario}")


def free_port_of_both() -> int:
    """A port that is free for TCP and UDP."""
    return free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)


async def measure_cpu(server: Server, pages: Sequence[Page], folder: Path, runs: int, calls: int, rate: int) -> None:
    """The CPU lines of so many calls a second."""
    clocks = Clocks(server)
    spent: list[dict[str, float]] = []
    refused: list[dict[str, float]] = []
    idle: list[float] = []
    async with Office(pages) as office:
        for run in range(runs + 1):
            before = clocks.read()
            arguments = ("-m", str(calls), "-r", str(rate), "-d", str(TALK_MS))
            await run_sipp(server, folder, "menu", "4000", *arguments)
            await times(office.closed, calls)
            await asyncio.sleep(SETTLE_S)
            spent.append(clocks.since(before, calls))
            before = clocks.read()
            half = max(1, calls // 2)
            await run_sipp(server, folder, "refused", NOBODY, "-m", str(half), "-r", str(REFUSED_PER_S))
            refused.append(clocks.since(before, half))
            before = clocks.read()
            await asyncio.sleep(IDLE_S)
            idle.append(clocks.since(before, IDLE_S)["total"])
            if run == 0:  # The first run warms up.
                spent, refused, idle = [], [], []
    story = f"menu, digit by INFO, queue, SIP phone, joined {TALK_MS} ms, wrap-up; {len(pages)} agents, "
    story += f"{rate} calls/s, neither side sends RTP; a sample is the mean of {calls} calls"
    for part in spent[0]:
        print(line(f"call.cpu.{part}.{rate}", "ms CPU/call", [each[part] for each in spent], story), flush=True)
    for part in ("total", "server"):
        samples = [each[part] for each in refused]
        print(
            line(f"call.floor_refused.{part}.{rate}", "ms CPU/call", samples, f"404; {half} calls a sample"), flush=True
        )
    print(line(f"call.floor_idle.{rate}", "ms CPU/s", idle, f"{len(pages)} agents ready, no call"), flush=True)


async def measure(arguments: argparse.Namespace) -> None:
    """What a call costs, and then the rings: on a server of its own for each rate and each size."""
    for rate in (int(rate) for rate in arguments.rates.split(",") if rate and arguments.runs):
        with tempfile.TemporaryDirectory(prefix="jf-bench-") as name:
            async with Phones() as phones, call_center(Path(name), phones, AGENTS_PER_CALL * rate) as (server, pages):
                calls = round(rate * arguments.seconds)
                await measure_cpu(server, pages, Path(name), arguments.runs, calls, rate)
    for agents in (int(size) for size in arguments.sizes.split(",") if size):
        with tempfile.TemporaryDirectory(prefix="jf-bench-") as name:
            async with Phones() as phones, call_center(Path(name), phones, agents) as (server, pages):
                await measure_rings(server, phones, pages, arguments.rings)


def main() -> None:
    """Reads the counts and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3, help="in which the calls of a run come")
    parser.add_argument("--rates", default="20,60,130", help="calls a second")
    parser.add_argument("--rings", type=int, default=300)
    parser.add_argument("--sizes", default="10,100,1000", help="agents of the rings")
    arguments = parser.parse_args()
    if shutil.which("sipp") is None:
        print("bench.call needs SIPp (Debian: apt-get install sip-tester); nothing was measured", file=sys.stderr)
        return
    logs.configure("error")
    uvloop.run(measure(arguments))


if __name__ == "__main__":
    main()
