"""Half an hour at 60 % load: memory, descriptors and tasks stay as they are, the last minutes are as fast as the first.

`SOAK_MINUTES` makes it shorter (1 shows that it runs, nothing more) or longer. Callers, visitors and agents are those
of loadtests/; what the server holds is read now and then, and judged by how it grows over the run after a warm-up.
"""

import asyncio
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from loadtests.plan import SCENARIOS, load_plan
from loadtests.run import ROOT, locust
from loadtests.site import SUPERVISOR, write_site
from tests.e2e.leaks import Footprint
from tests.e2e.office import Office
from tests.e2e.server import Server

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
# A fifth of the run warms it up: caches fill, pools grow, the collector's generations settle.
WARM_UP = 0.2
# Of 12 agents on phones (6.65 s a call) and 15 places in chats (9.65 s each), 60 % are busy.
PER_HOUR = {"4500": "3900", "3000": "3350"}
MIB_AN_HOUR = {"server": 8.0, "media": 4.0}
FILES, TASKS = 4, 4
SLOWER = 1.3
# Where both ends of the run are this fast, the ratio is that of noise.
FAST_MS = 5.0
CALM_MINUTES = 10.0

pytestmark = pytest.mark.timeout(MINUTES * 60 + 600)


@dataclass(slots=True)
class Watch:
    """What the server holds, sample after sample: (second, amount) by name."""

    found: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    async def take(self, second: float, server: Server, office: Office) -> None:
        """One sample."""
        feet = await asyncio.to_thread(Footprint.of, server)
        things = await office.open_things()
        amounts = {f"MiB of {name}": amount for name, amount in feet.rss.items()}
        amounts |= {f"files of {name}": float(files.total()) for name, files in feet.fds.items()}
        amounts["tasks"] = float(things["tasks"])
        amounts["threads"] = float(psutil.Process(server.pid).num_threads())
        for name, amount in amounts.items():
            self.found.setdefault(name, []).append((second, amount))

    def growth(self, name: str) -> float:
        """By how much it grows in the whole run, by least squares over what came after the warm-up."""
        all_of_it = self.found[name]
        last = all_of_it[-1][0]
        points = [(at, amount) for at, amount in all_of_it if at >= WARM_UP * last]
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(amount for _, amount in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        return last * sum((at - mean_at) * (amount - mean) for at, amount in points) / spread

    def __str__(self) -> str:
        return "; ".join(f"{name} {found[-1][1]:.0f} ({self.growth(name):+.1f})" for name, found in self.found.items())


def scenario(folder: Path) -> Path:
    """The ordinary day, as long and as busy as this asks for."""
    text = (SCENARIOS / "ordinary_day.toml").read_text()
    hours, minutes = divmod(max(1, round(MINUTES)), 60)
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
        load = await asyncio.create_subprocess_exec(*locust(server, str(path), result), cwd=ROOT)
        try:
            await _watch(server, load, watch)
        finally:
            if load.returncode is None:
                load.kill()
                await load.wait()
        assert server.interrupt() == 0
    finally:
        server.close()
    run = json.loads(result.read_text())
    windows = {kind: (found[0], found[-1]) for kind, found in run["windows"].items() if len(found) > 1}
    print(f"\n{MINUTES:g} minutes, at the end (growth over the run): {watch}")
    print({kind: [round(each["p99"], 1) for each in both] for kind, both in windows.items()}, run["work"])
    assert run["finished"]
    assert not run["errors"]
    _judge(watch)
    if MINUTES >= CALM_MINUTES:
        offers, last = windows["offer"]
        assert last["p99"] <= max(FAST_MS, SLOWER * offers["p99"]), windows["offer"]


async def _watch(server: Server, load: asyncio.subprocess.Process, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    began, ends = loop.time(), loop.time() + MINUTES * 60
    async with Office(server) as office:
        while load.returncode is None:
            if loop.time() < ends:  # what leaves at the end is not growth
                await watch.take(loop.time() - began, server, office)
            await asyncio.wait({waiting := asyncio.ensure_future(load.wait())}, timeout=MINUTES)
            waiting.cancel()


def _judge(watch: Watch) -> None:
    if MINUTES < CALM_MINUTES:
        return
    for name, hourly in MIB_AN_HOUR.items():
        assert watch.growth(f"MiB of {name}") <= max(2.0, hourly * MINUTES / 60), str(watch)
        assert watch.growth(f"files of {name}") <= FILES, str(watch)
    assert watch.growth("tasks") <= TASKS, str(watch)
    assert watch.growth("threads") <= 1, str(watch)
