"""A whole call through the running server: what it costs, and how soon an agent's phone rings.

    python -m bench.call [--agents 30] [--runs 6] [--calls 20] [--rings 40]

The server runs as `make run` starts it, with agents on SIP phones, signed in over the agents' WebSocket.

- call.cpu.*: CPU of one call, by process. SIPp calls, presses a digit in the menu, an agent's phone answers, both are
  joined, SIPp hangs up, the agent closes wrap-up. A sample is the mean of one run of calls, all agents ready.
  call.floor_refused.*: the same for calls to a number that nobody has; call.floor_idle: what the server uses in a
  second when nobody calls.
- call.arrival_to_ring: from a caller's INVITE to the INVITE at the phone of a free agent, through a flow that is
  nothing but a queue. call.freed_agent_to_ring: from the end of an agent's wrap-up, as their page says it, to the
  next waiting caller's INVITE at their phone. One at a time. call.floor_refused_answer: from an INVITE to its 404.

Needs SIPp for the CPU part.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from agents_ws import messages as m
from bench.callcenter import STRAIGHT, Page, call_center
from bench.figures import cpu_ms, line
from bench.phones import HOST, Phones, Ring
from sip import events as sip
from sip.clock import monotonic_us, random_ids
from sip.sdp import Origin, build_offer
from sip.settings import Settings
from sip.ua import Ua
from telemetry import logs
from tests.e2e.server import Server, free_port

SCENARIOS = Path(__file__).parent / "scenarios"
NOBODY = "5999"
CALLS_PER_S = 10
REFUSED_PER_S = 40
TALK_MS = 1000
SETTLE_S = 0.3
IDLE_S = 0.4
LIMIT_S = 20.0
WAITING = 3
# The server closes the connection of a page that sends faster than people work.
PACE_S = 0.2


class Callers:
    """Callers without sound on one user agent; `dial` gives a call's name, `began` when its INVITE was made."""

    def __init__(self, sip_port: int) -> None:
        self._target = f"{HOST}:{sip_port}"
        self._ua = Ua(Settings(now=monotonic_us, ids=random_ids(), host=HOST, port=0, user_agent="bench"), self._event)
        self._count = 0
        self._answers: dict[str, asyncio.Future[int]] = {}

    async def __aenter__(self) -> "Callers":
        await self._ua.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ua.aclose()

    def dial(self, entry: str) -> tuple[str, int]:
        """Sends an INVITE: the call's name, and the monotonic time in nanoseconds just before."""
        self._count += 1
        name = f"call{self._count}"
        self._answers[name] = asyncio.get_running_loop().create_future()
        # Port 9 (discard): these callers have nothing to say and do not listen.
        offer = build_offer(host=HOST, port=9, origin=Origin(self._count, 1, HOST))
        began = time.monotonic_ns()
        self._ua.dial(name, f"sip:{entry}@{self._target}", offer, from_user=name, from_display="")
        return name, began

    async def answered(self, call: str) -> int:
        """The final status."""
        async with asyncio.timeout(LIMIT_S):
            return await self._answers[call]

    def hang_up(self, call: str) -> None:
        """BYE."""
        self._ua.hangup(call)

    def _event(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallAnswered(call):
                self._answers[call].set_result(200)
            case sip.CallFailed(call, code):
                self._answers[call].set_result(code)
            case _:
                return


class Clocks:
    """CPU of the server's processes."""

    def __init__(self, server: Server) -> None:
        children = {"media": "media.worker", "store": "valkey-server", "records": "server.records_worker"}
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


class Office:
    """Agents who close each wrap-up at once; counts conversations that began and wrap-ups that were closed."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self.joined = asyncio.Semaphore(0)
        self.closed = asyncio.Semaphore(0)

    async def __aenter__(self) -> "Office":
        self._tasks = [asyncio.create_task(self._serve(page), name=f"office-{page.account}") for page in self._pages]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _serve(self, page: Page) -> None:
        joined = ""
        while True:
            match await page.inbox.get():
                case m.Assignment(reservation_id=reservation_id, state="connected") if reservation_id != joined:
                    joined = reservation_id  # The card may be sent again with more on it.
                    self.joined.release()
                case m.WrapUp(reservation_id=reservation_id):
                    await page.finish(reservation_id)
                    self.closed.release()


async def times(happened: asyncio.Semaphore, count: int = 1) -> None:
    """Waits until it has happened so often."""
    async with asyncio.timeout(LIMIT_S):
        for _ in range(count):
            await happened.acquire()


async def measure_cpu(server: Server, pages: Sequence[Page], folder: Path, runs: int, calls: int) -> None:
    """The CPU lines."""
    clocks = Clocks(server)
    spent: list[dict[str, float]] = []
    refused: list[dict[str, float]] = []
    idle: list[float] = []
    async with Office(pages) as office:
        for run in range(runs + 1):
            before = clocks.read()
            arguments = ("-m", str(calls), "-r", str(CALLS_PER_S), "-d", str(TALK_MS))
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
    story += f"{CALLS_PER_S} calls/s, neither side sends RTP; a sample is the mean of {calls} calls"
    for part in spent[0]:
        print(line(f"call.cpu.{part}", "ms CPU/call", [each[part] for each in spent], story), flush=True)
    for part in ("total", "server"):
        samples = [each[part] for each in refused]
        print(line(f"call.floor_refused.{part}", "ms CPU/call", samples, f"404; {half} calls a sample"), flush=True)
    print(line("call.floor_idle", "ms CPU/s", idle, f"{len(pages)} agents ready, no call"), flush=True)


async def arrivals(callers: Callers, phones: Phones, pages: Sequence[Page], count: int) -> list[float]:
    """Milliseconds from a caller's INVITE to the INVITE at a free agent's phone."""
    samples = []
    async with Office(pages) as office:
        for _ in range(count):
            call, began = callers.dial(STRAIGHT)
            ring = await next_ring(phones)
            samples.append((ring.at_ns - began) / 1e6)
            await callers.answered(call)
            await times(office.joined)
            callers.hang_up(call)
            await times(office.closed)
    return samples


async def next_ring(phones: Phones) -> Ring:
    """The next INVITE at any phone."""
    async with asyncio.timeout(LIMIT_S):
        return await phones.rings.get()


async def freed(callers: Callers, phones: Phones, page: Page, count: int) -> list[float]:
    """Milliseconds from the end of the only agent's wrap-up to the next caller's INVITE at their phone."""
    samples = []
    waiting = [callers.dial(STRAIGHT)[0] for _ in range(WAITING)]
    for call in waiting:
        await callers.answered(call)
    await next_ring(phones)
    for _ in range(count):
        await callers.answered(callers.dial(STRAIGHT)[0])
        current = await page.connected()
        await page.ask(m.HangUp(ref=page.ref(), reservation_id=current))
        wrap_up: m.WrapUp = await page.until(m.WrapUp)
        began = time.monotonic_ns()
        await page.finish(wrap_up.reservation_id)
        samples.append(((await next_ring(phones)).at_ns - began) / 1e6)
        await asyncio.sleep(PACE_S)
    return samples


async def refusals(callers: Callers, count: int) -> list[float]:
    """Milliseconds from an INVITE to its 404."""
    samples = []
    for _ in range(count):
        call, began = callers.dial(NOBODY)
        assert await callers.answered(call) == 404
        samples.append((time.monotonic_ns() - began) / 1e6)
    return samples


async def measure_rings(server: Server, phones: Phones, pages: Sequence[Page], rings: int) -> None:
    """The lines of how soon a phone rings."""
    alone = "one at a time, no menu, agents on SIP phones"
    async with Callers(server.sip_port) as callers:
        samples = await arrivals(callers, phones, pages, rings)
        print(line("call.arrival_to_ring", "ms", samples, f"{alone}, {len(pages)} agents free"), flush=True)
        for page in pages[1:]:
            await page.ask(m.SetPresence(ref=page.ref(), presence="not_ready", reason="meeting"))
        samples = await freed(callers, phones, pages[0], rings)
        print(line("call.freed_agent_to_ring", "ms", samples, f"{alone}, {WAITING} callers wait"), flush=True)
        samples = await refusals(callers, rings)
        print(line("call.floor_refused_answer", "ms", samples, "404, one at a time"), flush=True)


async def measure(agents: int, runs: int, calls: int, rings: int) -> None:
    """Everything, on one server."""
    with tempfile.TemporaryDirectory(prefix="jf-bench-") as name:
        folder = Path(name)
        async with Phones() as phones, call_center(folder, phones, agents) as (server, pages):
            if runs:
                await measure_cpu(server, pages, folder, runs, calls)
                phones.rings = asyncio.Queue()
            await measure_rings(server, phones, pages, rings)


def main() -> None:
    """Reads the counts and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--calls", type=int, default=20, help="of a run")
    parser.add_argument("--rings", type=int, default=40)
    arguments = parser.parse_args()
    if shutil.which("sipp") is None:
        print("bench.call needs SIPp (Debian: apt-get install sip-tester); nothing was measured", file=sys.stderr)
        return
    logs.configure("error")
    uvloop.run(measure(arguments.agents, arguments.runs, arguments.calls, arguments.rings))


if __name__ == "__main__":
    main()
