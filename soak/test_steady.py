"""Half an hour at 60 % load: memory, descriptors and tasks stay as they are, the last minutes are as fast as the first.

`SOAK_MINUTES` makes it shorter (1 shows that it runs, nothing more) or longer; five minutes of warm-up come before it
(a fifth of a short run). What fills up meanwhile has a bound, after which it grows no more: the records' connections
(15, with a page cache of 2 MB each), the 1,024 last turns, 300 demands of each queue, 256 requests of each agent, 32
seconds of SIP transactions, and the collector's young generations. Callers, visitors and agents: those of loadtests/.
"""

import asyncio
import json
import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from loadtests.plan import SCENARIOS, load_plan
from loadtests.result import WINDOW_S
from loadtests.run import ROOT, locust
from loadtests.site import SUPERVISOR, write_site
from tests.e2e.leaks import Footprint
from tests.e2e.office import STANDING, Office
from tests.e2e.server import Server

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
WARM_UP_S = min(300.0, 60 * MINUTES / 5)
# Of 12 agents on phones (6.65 s a call) and 15 places in chats (9.65 s each), 60 % are busy.
PER_HOUR = {"4500": "3900", "3000": "3350"}
MIB_AN_HOUR = {"server": 8.0, "media": 4.0}
# When everybody has gone, beyond what was there before they came. Each connection of the records has a thread, and
# there are some for what would hold up the loop.
FILES, THREADS = 4, 22
SLOWER = 1.3
GIVE_UP = 0.1
# Where both ends of the run are this fast, the ratio is that of noise.
FAST_MS = 5.0
CALM_MINUTES = 10.0

pytestmark = pytest.mark.timeout(MINUTES * 60 + WARM_UP_S + 600)


@dataclass(slots=True)
class Watch:
    """What the server holds after the warm-up, sample after sample: (second, amount) by name."""

    found: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    async def take(self, second: float, server: Server, office: Office) -> None:
        """One sample."""
        feet = await asyncio.to_thread(Footprint.of, server)
        things = await office.open_things()
        amounts = {f"MiB of {name}": amount for name, amount in feet.rss.items()}
        amounts |= {f"files of {name}": float(files.total()) for name, files in feet.fds.items()}
        amounts |= {f"CPU s of {name}": spent for name, spent in feet.cpu.items()}
        amounts["tasks"] = float(things["tasks"])
        amounts["threads"] = float(psutil.Process(server.pid).num_threads())
        for name, amount in amounts.items():
            self.found.setdefault(name, []).append((second, amount))

    def growth(self, name: str) -> float:
        """By how much it grows from the first sample to the last, by least squares."""
        points = self.found[name]
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(amount for _, amount in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        whole = points[-1][0] - points[0][0]
        return whole * sum((at - mean_at) * (amount - mean) for at, amount in points) / spread

    def spent(self, name: str, since: float, until: float) -> float:
        """How much of a sum came in this time, per second of it."""
        inside = [point for point in self.found[name] if since <= point[0] <= until]
        (begin, first), (end, last) = inside[0], inside[-1]
        return (last - first) / (end - begin) if end > begin else 0.0

    def __str__(self) -> str:
        parts = (f"{name} {found[-1][1]:.0f} ({self.growth(name):+.1f})" for name, found in self.found.items())
        memory = [round(amount) for _, amount in self.found["MiB of server"][::6]]
        return "; ".join(parts) + f"; MiB of server, minute by minute: {memory}"


@dataclass(frozen=True, slots=True)
class AtRest:
    """What is open while nobody is there. The records' pool opens files when it wants to, so those are left out."""

    things: dict[str, int]
    files: dict[str, Counter[str]]
    threads: int

    @classmethod
    async def of(cls, server: Server) -> "AtRest":
        async with Office(server) as office:
            things = await office.quiet(120)
            feet = await asyncio.to_thread(Footprint.of, server)
        files = {
            name: Counter({file: count for file, count in found.items() if "jackfield.db" not in file})
            for name, found in feet.fds.items()
        }
        return cls(things, files, psutil.Process(server.pid).num_threads())


def scenario(folder: Path) -> Path:
    """The ordinary day, as long and as busy as this asks for."""
    text = (SCENARIOS / "ordinary_day.toml").read_text()
    hours, minutes = divmod(max(1, round(MINUTES + WARM_UP_S / 60)), 60)
    text = re.sub(r'^to = ".*"$', f'to = "{hours:02}:{minutes:02}"', text, flags=re.MULTILINE)
    for was, now in PER_HOUR.items():
        assert f"per_hour = {was} " in text
        text = text.replace(f"per_hour = {was} ", f"per_hour = {now} ")
    (folder / "steady.toml").write_text(text)
    (folder / "steady.load.toml").write_text("seed = 7\ncompare = false\nsupervisor_every_s = 5\n")
    return folder / "steady.toml"


async def test_nothing_grows_and_nothing_slows_down(tmp_path: Path) -> None:
    path, result, watch = scenario(tmp_path), tmp_path / "run.json", Watch()
    server = Server(tmp_path, write_site(load_plan(path), tmp_path), ["--log-level=warning"])
    server.supervisor = SUPERVISOR
    try:
        server.start(ready_s=120)
        before = await AtRest.of(server)
        load = await asyncio.create_subprocess_exec(*locust(server, str(path), result), cwd=ROOT)
        try:
            await _watch(server, load, watch)
        finally:
            if load.returncode is None:
                load.kill()
                await load.wait()
        after = await AtRest.of(server)
        assert server.interrupt() == 0
    finally:
        server.close()
    run = json.loads(result.read_text())
    began, ended = ends_of(watch, run)
    print(f"\n{MINUTES:g} minutes after {WARM_UP_S:g} s of warm-up, at the end (growth meanwhile): {watch}")
    print("first and last window:", began, ended, run["work"])
    print("at rest before and after:", before, after)
    assert run["finished"]
    assert not run["errors"]
    # Else it was another load than the one that is meant.
    assert all(work["abandon_rate"] <= GIVE_UP for work in run["work"].values()), run["work"]
    assert_closed(before, after)
    if MINUTES >= CALM_MINUTES:
        assert_flat(watch)
        assert ended["offer p99 ms"] <= max(FAST_MS, SLOWER * began["offer p99 ms"]), (began, ended)
        assert ended["CPU of the server"] <= SLOWER * began["CPU of the server"], (began, ended)


async def _watch(server: Server, load: asyncio.subprocess.Process, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Office(server) as office:
        while load.returncode is None:
            # What comes at the beginning is no growth, and what leaves at the end is none.
            if WARM_UP_S <= loop.time() - began < WARM_UP_S + MINUTES * 60:
                await watch.take(loop.time() - began, server, office)
            await asyncio.wait({waiting := asyncio.ensure_future(load.wait())}, timeout=min(10.0, MINUTES))
            waiting.cancel()


def ends_of(watch: Watch, run: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """How it was in the first five minutes after the warm-up and in the last five (in quarters of a shorter run)."""
    length = min(WINDOW_S, run["seconds"] / 4)
    first = math.ceil(WARM_UP_S / length)
    cpu = watch.found["CPU s of server"]
    ends = []
    for index, since in ((first, cpu[0][0]), (-1, cpu[-1][0] - length)):
        found = {f"{kind} p99 ms": round(run["windows"][kind][index]["p99"], 1) for kind in ("offer", "lateness")}
        ends.append(found | {"CPU of the server": round(watch.spent("CPU s of server", since, since + length), 4)})
    return ends[0], ends[1]


def assert_closed(before: AtRest, after: AtRest) -> None:
    """When all have gone no more is open than before they came."""
    more = {kind: after.things[kind] - before.things[kind] for kind in STANDING if kind != "sip_transactions"}
    assert max(more.values()) <= 0, more
    for name, files in after.files.items():
        assert (files - before.files[name]).total() <= FILES, (name, files - before.files[name])
    assert after.threads - before.threads <= THREADS, (before.threads, after.threads)


def assert_flat(watch: Watch) -> None:
    """Hardly more memory at the end than at the beginning."""
    for name, hourly in MIB_AN_HOUR.items():
        assert watch.growth(f"MiB of {name}") <= max(2.0, hourly * MINUTES / 60), str(watch)
