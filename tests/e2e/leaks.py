"""Many calls, a third of which end at random moments, and what is left of them afterwards: nothing."""

import asyncio
import math
import random
import re
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.e2e.agents import Manner, crew, serving
from tests.e2e.kept import open_rows, records
from tests.e2e.office import STANDING, Office
from tests.e2e.raw_sip import SDP, RawSip
from tests.e2e.server import Server
from tests.e2e.sipp import sipp
from tests.e2e.waiting import wait_until
from tests.ports import free_port

AGENTS = ("agent1", "agent3", "agent4", "supervisor1")
CLOSED_S = 30.0
# Connections to the store, by the server and as the store counts them: far fewer than the calls of any test here.
STORE_POOL = 16
LEAVER = "leaver"
STAYER = "stayer"


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the server's processes hold: open files by kind or path, RSS in MiB, CPU in seconds since their start."""

    fds: dict[str, Counter[str]]
    rss: dict[str, float]
    cpu: dict[str, float]

    @classmethod
    def of(cls, server: Server) -> "Footprint":
        """Main process, media worker, the records' process and Valkey now."""
        family = {
            "server": psutil.Process(server.pid),
            "media": server.child("media.worker"),
            "records": server.child("records_worker"),
            "valkey": server.child("valkey-server"),
        }
        return cls(
            {name: _files(process.pid) for name, process in family.items()},
            {name: process.memory_info().rss / 2**20 for name, process in family.items()},
            {name: sum(process.cpu_times()[:2]) for name, process in family.items()},
        )


def _files(pid: int) -> Counter[str]:
    """What the process has open, by kind or path."""
    found: Counter[str] = Counter()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found[re.sub(r":\[\d+\]$", "", str(link.readlink()))] += 1
    return found


async def many_calls(server: Server, folder: Path, calls: int, rate: int, seed: int) -> None:
    """`calls` calls while four agents are ready; two thirds stay until an agent has spoken with them."""
    stayers, ringing, in_menu = calls * 2 // 3, calls // 12, calls // 12
    leavers = calls - stayers - ringing - in_menu
    dice = random.Random(seed)
    manner = Manner(
        think_s=lambda: dice.uniform(0, 0.25),
        talk_s=lambda number: None if number == LEAVER else dice.uniform(0.05, 0.35),
        rejects=lambda: dice.random() < 0.02,
    )
    async with AsyncExitStack() as stack:
        agents = await stack.enter_async_context(crew(server, folder, *AGENTS))
        for agent in agents.values():
            await stack.enter_async_context(serving(agent, manner))
        runs = [
            await stack.enter_async_context(
                sipp(
                    server,
                    folder,
                    *("-key", "caller", caller, "-m", str(count), "-r", str(max(1, rate * count // calls))),
                    *("-l", "300"),
                    scenario=scenario,
                    entry=entry,
                    limit_s=300,
                )
            )
            for caller, count, scenario, entry in (
                (STAYER, stayers, "until_bye", "4100"),
                (LEAVER, leavers, "leave", "4100"),
                (LEAVER, in_menu, "leave", "4000"),
            )
        ]
        cancelled = asyncio.create_task(_cancel(server, ringing, ringing * rate / calls), name="cancel")
        for run in runs:
            (await run).ok()
        await cancelled


async def _cancel(server: Server, count: int, rate: float) -> None:
    """Calls that are taken back in the moment in which they come in."""
    for _ in range(count):
        await asyncio.to_thread(_cancel_one, server)
        await asyncio.sleep(1 / max(rate, 1))


def _cancel_one(server: Server) -> None:
    with RawSip(server, LEAVER) as raw:
        branch = f"z9hG4bK{raw.tag}"
        raw.send(raw.request("INVITE", "4100", branch=branch, body=SDP.format(port=free_port(socket.SOCK_DGRAM))))
        raw.send(raw.request("CANCEL", "4100", branch=branch))
        answer = raw.final("INVITE")
        if answer.status == 487:
            raw.send(raw.request("ACK", "4100", to=answer.to, branch=branch))
            return
        # The answer was quicker than the CANCEL.
        assert answer.status == 200, answer.text
        raw.send(raw.request("ACK", "4100", to=answer.to))
        assert raw.exchange(raw.request("BYE", "4100", 2, to=answer.to)).status == 200


def assert_mixed(server: Server, calls: int) -> Counter[str]:
    """Every kind of end was among the last `calls`, else they show nothing. Returns how many ended how."""
    newest = sorted(records(server), key=lambda row: int(row["opened_at"]))[-calls:]
    outcomes = Counter(str(row["outcome"]) for row in newest)
    assert outcomes["handled"] >= calls * 2 // 3
    assert outcomes["abandoned"] > 0
    assert outcomes["left_in_ivr"] > 0
    return outcomes


def _pooled(file: str) -> float:
    """How many more of these a pool may open."""
    if "jackfield.db" in file:
        return math.inf
    return STORE_POOL if file == "socket" else 0


async def assert_files_closed(server: Server, start: Footprint) -> None:
    """No more files open than before, soon. The pools of the database and of the store open more when they want to."""
    more: dict[str, dict[str, int]] = {}

    async def closed() -> bool:
        more.clear()
        for name, files in Footprint.of(server).fds.items():
            added = {file: count for file, count in (files - start.fds[name]).items() if count > _pooled(file)}
            more.update({name: added} if added else {})
        return not more

    try:
        await wait_until(closed, CLOSED_S, "as many files are open as before", every_s=0.25)
    except AssertionError:
        raise AssertionError(f"more files are open than before, after {CLOSED_S} s: {more}") from None


def assert_memory_flat(start: Footprint, end: Footprint, *, server_mib: float, media_mib: float) -> None:
    """Hardly more memory than before."""
    for name, limit in (("server", server_mib), ("media", media_mib)):
        grown = end.rss[name] - start.rss[name]
        assert grown < limit, f"{name} grew by {grown:.1f} MiB: memory is not flat"


async def assert_nothing_left(server: Server, office: Office, before: dict[str, int], sip_s: float) -> None:
    """`before` is what was open at the start. SIP's own transactions end within `sip_s` seconds (0: not waited for)."""
    more: dict[str, int] = {}

    async def closed() -> bool:
        after = await office.quiet()
        more.clear()
        more.update({kind: after[kind] - before[kind] for kind in STANDING if kind != "sip_transactions"})
        return max(more.values()) <= 0  # what the server's start began may have ended

    try:
        await wait_until(closed, CLOSED_S, "as much is open as before")
    except AssertionError:
        raise AssertionError(f"more is open than before, after {CLOSED_S} s: {more}") from None
    assert await open_rows(server) == {"work": 0, "reservations": 0}
    unfinished: list[object] = []

    async def recorded() -> bool:
        unfinished[:] = [row for row in records(server) if row["state"] != "closed"]
        return not unfinished

    try:
        await wait_until(recorded, CLOSED_S, "every record is closed")
    except AssertionError:
        raise AssertionError(f"records open after {CLOSED_S} s: {unfinished[:5]}") from None
    if sip_s:

        async def forgotten() -> bool:
            return (await office.open_things())["sip_transactions"] == 0

        await wait_until(forgotten, sip_s, "SIP forgot the transactions", every_s=0.5)


async def assert_calls_leave_nothing(
    server: Server,
    office: Office,
    folder: Path,
    *,
    warm_up: int,
    calls: int,
    rate: int,
    sip_s: float,
    server_mib: float,
) -> None:
    """So many calls, after a warm-up, at `rate` a second; `server_mib` is what the server may grow by."""
    before = await office.quiet()
    await many_calls(server, folder, warm_up, rate, seed=1)
    await office.quiet()
    start, began = Footprint.of(server), time.monotonic()
    await many_calls(server, folder, calls, rate, seed=2)
    took_s = time.monotonic() - began
    await assert_nothing_left(server, office, before, sip_s=sip_s)
    end = Footprint.of(server)
    outcomes = assert_mixed(server, calls)
    print(report(calls, start, end, took_s), dict(outcomes))
    assert_memory_flat(start, end, server_mib=server_mib, media_mib=4)
    await assert_files_closed(server, start)


def report(calls: int, start: Footprint, end: Footprint, took_s: float, of: str = "calls") -> str:
    """CPU of each and growth, a line for people."""
    files = {name: end.fds[name].total() - start.fds[name].total() for name in start.fds}
    parts = [
        f"{name} {(end.cpu[name] - start.cpu[name]) / calls * 1e3:.2f} ms CPU each,"
        f" RSS {start.rss[name]:.1f} -> {end.rss[name]:.1f} MiB, {files[name]:+d} files"
        for name in start.cpu
    ]
    return f"{calls} {of} in {took_s:.0f} s: " + "; ".join(parts)
