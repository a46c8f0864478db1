"""One server under the same load for long: how much load that is, what is watched meanwhile, and what is asked of it.

How many customers come is worked out from what the machine measured: a minute at a known rate says what a customer
costs in CPU, of the server's processes and of the generator together; so many come then that the machine is busy for
the share that is asked. There are as many agents as are busy for 60 % of their time with them.
"""

import asyncio
import math
import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from loadtests.plan import SCENARIOS, load_plan
from loadtests.run import ROOT, locust
from loadtests.site import SUPERVISOR, to_toml, write_site
from soak.canary import Canary
from tests.e2e.leaks import Footprint
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.ports import RTP_BLOCKS

# Of an agent's time, and of the places that they have for chats.
BUSY = 0.6
# Who does which work on the ordinary day.
CREWS = {"calls": "phones", "chats": "writers"}
READY_S = 60.0
# A chat that goes on when the load ends has nobody any more: two minutes until its agent's page counts as lost and it
# waits again, two until its visitor has left.
QUIET_S = 330.0
ALL = "CPU s of machine"
CANARY = "ms of canary"


@dataclass(frozen=True, slots=True)
class Load:
    """The ordinary day with so many times the agents, and customers for 60 % of them, for so many seconds."""

    times: float
    seconds: float

    def written(self, folder: Path) -> Path:
        """The scenario's path. A whole number of minutes, one at least."""
        day = tomllib.loads((SCENARIOS / "ordinary_day.toml").read_text())
        hours, minutes = divmod(max(1, round(self.seconds / 60)), 60)
        day["run"]["to"] = f"{hours:02}:{minutes:02}"
        for work, group in CREWS.items():
            crew, kind = day["groups"][group], day["work"][work]
            crew["count"] = math.ceil(crew["count"] * self.times)
            ring_s = (crew["ring"]["low_s"] + crew["ring"]["high_s"]) / 2
            held_s = ring_s + kind["talk"]["mean_s"] + kind["wrap_up"]["mean_s"]
            kind["arrivals"] = {"per_hour": round(BUSY * _places(crew) / held_s * 3600)}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "steady.toml").write_text(to_toml(day))
        (folder / "steady.load.toml").write_text("seed = 7\ncompare = false\nsupervisor_every_s = 5\n")
        return folder / "steady.toml"


def _places(crew: Mapping[str, Any]) -> int:
    places: int = crew["count"] * crew["capacity"]["total"]
    return places


@dataclass(slots=True)
class Site:
    """A server with the site of a load."""

    server: Server
    scenario: Path
    result: Path

    async def loaded(self) -> asyncio.subprocess.Process:
        """The generator, once customers come."""
        command = locust(self.server, str(self.scenario), self.result)
        load = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
        async with Office(self.server) as office, asyncio.timeout(READY_S + 600):
            while not any(name.startswith("jackfield_queued_total") for name in await office.metrics()):
                assert load.returncode is None, "the generator ended before anybody came"
                await asyncio.sleep(0.5)
        return load


@contextmanager
def site(folder: Path, load: Load) -> Iterator[Site]:
    """Runs from here on, with nobody there yet."""
    scenario = load.written(folder)
    plan = load_plan(scenario)
    server = Server(folder, write_site(plan, folder), ["--log-level=warning"])
    server.supervisor = SUPERVISOR
    # Two for each call, and for two seconds after it: a run's own thousand would not do.
    server.rtp_first, server.rtp_last = RTP_BLOCKS.start, RTP_BLOCKS.stop - 1
    try:
        server.start(ready_s=READY_S + len(plan.scenario.policy.agents))
        yield Site(server, scenario, folder / "run.json")
    finally:
        server.close()


def cpu_s(server: Server, load: asyncio.subprocess.Process | None = None) -> float:
    """What the server's processes and the generator, if there is one, have used so far."""
    generator = 0.0 if load is None else float(sum(psutil.Process(load.pid).cpu_times()[:2]))
    return sum(Footprint.of(server).cpu.values()) + generator


async def ended(load: asyncio.subprocess.Process) -> None:
    """Whatever it was doing."""
    if load.returncode is None:
        load.kill()
        await load.wait()


@dataclass(slots=True)
class Watch:
    """What the server holds after the warm-up, sample after sample: (second, amount) by name."""

    found: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    canary: Canary = field(default_factory=Canary)

    async def take(self, second: float, server: Server, office: Office, load: asyncio.subprocess.Process) -> None:
        """One sample."""
        feet = await asyncio.to_thread(Footprint.of, server)
        things = await office.open_things()
        amounts = {f"MiB of {name}": amount for name, amount in feet.rss.items()}
        amounts |= {f"files of {name}": float(files.total()) for name, files in feet.fds.items()}
        amounts |= {f"CPU s of {name}": spent for name, spent in feet.cpu.items()}
        amounts["CPU s of generator"] = sum(psutil.Process(load.pid).cpu_times()[:2])
        amounts[ALL] = _busy_s()
        amounts[CANARY] = await asyncio.to_thread(self.canary.sing)
        amounts["segments"] = float(len(list((server.data_dir / "journal").glob("*.journal"))))
        amounts["tasks"] = float(things["tasks"])
        amounts["threads"] = float(psutil.Process(server.pid).num_threads())
        for name, amount in amounts.items():
            self.found.setdefault(name, []).append((second, amount))

    def growth(self, name: str, since: float = 0.0) -> float:
        """By how much it grows from the first sample (from that second on) to the last, by least squares."""
        points = [point for point in self.found[name] if point[0] >= since]
        if len(points) < 2:
            return 0.0
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(amount for _, amount in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        whole = points[-1][0] - points[0][0]
        return whole * sum((at - mean_at) * (amount - mean) for at, amount in points) / spread

    def mean(self, name: str, since: float, until: float) -> float:
        """The mean amount of this time."""
        return statistics.fmean(amount for at, amount in self.found[name] if since <= at <= until)

    def canary_ms(self, since: float, until: float) -> float:
        """What the same piece of work took the machine in this time, by the median."""
        return statistics.median(amount for at, amount in self.found[CANARY] if since <= at <= until)

    def spent(self, name: str, since: float, until: float) -> float:
        """How much of a sum came in this time, per second of it."""
        inside = [point for point in self.found[name] if since <= point[0] <= until]
        (begin, first), (end, last) = inside[0], inside[-1]
        return (last - first) / (end - begin) if end > begin else 0.0

    def others(self, since: float, until: float) -> float:
        """How many processors were busy with something else in this time."""
        own = sum(self.spent(name, since, until) for name in self._own())
        return max(0.0, self.spent(ALL, since, until) - own)

    def used(self) -> float:
        """How many processors server and generator had, from the first sample to the last."""
        since, until = self.span()
        return sum(self.spent(name, since, until) for name in self._own())

    def _own(self) -> list[str]:
        return [name for name in self.found if name.startswith("CPU s of ") and name != ALL]

    def settled(self) -> float:
        """From which second on two segments of the journal have been written; infinity when there are not two.

        For each the server has all its turns in memory for a moment, 20,000 of them, and keeps the room for the next.
        """
        return next((at for at, count in self.found["segments"] if count >= 2), math.inf)

    def span(self) -> tuple[float, float]:
        """The seconds of the first sample and of the last."""
        points = self.found["tasks"]
        return points[0][0], points[-1][0]

    def line(self) -> str:
        """The newest sample, for people."""
        newest = {name: found[-1][1] for name, found in self.found.items() if not name.startswith("CPU")}
        return "; ".join(f"{name} {amount:.0f} ({self.growth(name):+.1f})" for name, amount in newest.items())


def _busy_s() -> float:
    """What all processors of the machine have worked since it began, whoever had them."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


@dataclass(frozen=True, slots=True)
class AtRest:
    """What is open while nobody is there. The records' pool opens files when it wants to, so those are left out."""

    things: dict[str, int]
    files: dict[str, Counter[str]]
    threads: int

    @classmethod
    async def of(cls, server: Server) -> "AtRest":
        """As soon as it is quiet."""
        async with Office(server) as office:
            things = await office.quiet(QUIET_S)
            feet = await asyncio.to_thread(Footprint.of, server)
        files = {
            name: Counter({file: count for file, count in found.items() if "jackfield.db" not in file})
            for name, found in feet.fds.items()
        }
        return cls(things, files, psutil.Process(server.pid).num_threads())


async def work_done(office: Office) -> dict[str, float]:
    """Seconds that agents have spent on each queue's work, from the offer to the end of the wrap-up."""
    table = await office.get("statistics?by=queue&period=today&step=none")
    parts = ("ring_us", "talk_us", "hold_us", "wrap_up_us")
    return {row["name"]: sum(row[part] for part in parts) / 1e6 for row in table["rows"]}


def places(scenario: Path) -> dict[str, int]:
    """How many customers of each queue can be served at one time."""
    day = tomllib.loads(scenario.read_text())
    return {work: _places(day["groups"][group]) for work, group in CREWS.items()}
