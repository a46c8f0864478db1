"""Half an hour at 60 % load: memory, descriptors and tasks stay as they are, the last minutes are as fast as the first.

    python -m pytest soak/test_steady.py                    # 40 minutes; writes build/soak-steady.json
    SOAK_MINUTES=5 python -m pytest soak/test_steady.py     # 14 minutes: all but the slopes of memory is judged
    SOAK_MINUTES=20 SOAK_LOAD=0.15 python -m pytest ...     # 27 minutes beside other work, of which it takes a seventh

`SOAK_LOAD` is the share of the machine's processors that server and generator together are to keep busy (soak.steady).
The first minutes of these thirty are compared with the last. Two minutes of warm-up come before (less before a run that
is shorter), and memory is judged from the tenth minute on. By then is full what has a bound: the records' connections
(15, with a page cache of 2 MB each), the 1,024 last turns, 300 demands of each queue, 32 seconds of SIP transactions,
5 minutes of a phone's nonces, and what the collector lets gather until it looks at everything (server/collector.py).
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from loadtests.result import WINDOW_S
from soak.steady import AtRest, Load, Site, Watch, cpu_s, ended, places, site, work_done
from tests.e2e.office import STANDING, Office

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
LOAD = float(os.environ.get("SOAK_LOAD", "0.6"))
REPORT = Path(os.environ.get("SOAK_REPORT", "build/soak-steady.json"))
WARM_UP_S = 120.0 if MINUTES >= 30 else max(60.0, 4 * MINUTES)
# Memory is judged from then on, and by no less than CALM_S.
FULL_S = 600.0
CALM_S = 480.0
# What a customer costs is measured first with so many times the agents of the ordinary day. Within these bounds there
# are as many as that asks for: fewer are no load, and for more the generator's one process would be the limit.
MEASURED_AT, MEASURED_S, IDLE_S = 8.0, 45.0, 10.0
LEAST, MOST = 1.0, 40.0
# Of each process in an hour, and in any case: what twenty minutes can show, since pages that a busier moment took stay
# taken. Valkey has one or two segments of the journal, as it comes.
MIB = {"server": (8.0, 2.0), "media": (4.0, 2.0), "records": (8.0, 2.0), "valkey": (8.0, 8.0)}
# When everybody has gone, beyond what was there before they came. Each connection of the records has a thread, and
# there are some for what would hold up the loop.
FILES, THREADS = 4, 22
SLOWER = 1.3
# Each from the moment that was meant: an offer from the server's own decision, the answer to an INVITE from when the
# customer was drawn to come.
KINDS = ("offer", "SIP INVITE to 200")
# These wait for SQL, whose tables are empty at the beginning and have 70,000 customers at the end: told, not judged.
TOLD = (*KINDS, "chat open", "WS finish_wrap_up", "lateness")
# Of fewer the slowest hundredth is chance.
SAMPLES = 1000
# What is open on average of five minutes: customers come by chance, so that there are a few more or less.
MORE_OPEN = 1.1
GIVE_UP = 0.1
# What no customer may meet, but that one of ten thousand does shows nothing of memory or speed: the report has them.
ERRORS = 1e-4
# Where both ends of the run are this fast, the ratio is that of noise.
FAST_MS = 5.0
# With more of the processors busy for others it is they who are measured: then nothing is said of how fast it was.
ELSEWHERE = 0.1
# Nor where the machine itself became slower or faster by more, as its canary says (soak.canary): the slowest hundredth
# grows faster than that, since what is slower is also busier.
UNSTEADY = 1.15

pytestmark = pytest.mark.timeout(MINUTES * 60 + WARM_UP_S + 1800)

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """A line of progress, also where pytest keeps what is printed."""

    def told(text: str) -> None:
        with capsys.disabled():
            print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    return told


async def measured(folder: Path, say: Say) -> float:
    """How many times the ordinary day keeps this machine busy for the share that is asked.

    Measured twice, since a customer costs less where more come at a time.
    """
    processors = len(os.sched_getaffinity(0))
    times = MEASURED_AT
    for step in ("first", "second"):
        idle, used = await _used(folder / step, times)
        wanted = (LOAD * processors - idle) / (used - idle) * times
        say(f"idle {idle:.2f}, {times:.1f} days {used:.2f} of {processors} processors; {LOAD:.0%} is {wanted:.1f} days")
        times = min(MOST, max(LEAST, wanted))
    return times


async def _used(folder: Path, times: float) -> tuple[float, float]:
    """How many processors server and generator have, without customers and with so many times the ordinary day."""
    with site(folder, Load(times, MEASURED_S + 60)) as tried:
        idle_s = cpu_s(tried.server)
        await asyncio.sleep(IDLE_S)
        idle = (cpu_s(tried.server) - idle_s) / IDLE_S
        load = await tried.loaded()
        try:
            await asyncio.sleep(15)
            began, since = time.monotonic(), cpu_s(tried.server, load)
            await asyncio.sleep(MEASURED_S)
            return idle, (cpu_s(tried.server, load) - since) / (time.monotonic() - began)
        finally:
            await ended(load)


async def test_nothing_grows_and_nothing_slows_down(tmp_path: Path, say: Say) -> None:
    times = await measured(tmp_path / "measure", say)
    watch = Watch()
    with site(tmp_path / "steady", Load(times, WARM_UP_S + 60 * MINUTES)) as steady:
        before = await AtRest.of(steady.server)
        load = await steady.loaded()
        say(f"{times:.1f} ordinary days; {WARM_UP_S:.0f} s of warm-up, then {MINUTES:g} minutes")
        try:
            busy = await _watched(steady, load, watch, say)
        finally:
            await ended(load)
        run = json.loads(steady.result.read_text())
        first, last = ends_of(watch, run)
        used = watch.used() / len(os.sched_getaffinity(0))
        _report(watch, run, {"times": times, "used": used, "busy": busy, "first": first, "last": last}, say)
        after = await AtRest.of(steady.server)
        assert steady.server.interrupt() == 0
    assert run["finished"]
    assert sum(run["errors"].values()) <= ERRORS * sum(work["offered"] for work in run["work"].values()), run["errors"]
    # Else it was another load than the one that is meant.
    assert all(work["abandon_rate"] <= GIVE_UP for work in run["work"].values()), run["work"]
    assert all(0.5 <= share <= 0.7 for share in busy.values()), busy
    assert_closed(before, after)
    assert_as_many(watch)
    assert_flat(watch, say)
    if unfair := why_not_fair(first, last):
        pytest.skip(f"all else has passed; how fast it was is not judged: {unfair}")
    assert_as_fast(first, last, say)


async def _watched(steady: Site, load: asyncio.subprocess.Process, watch: Watch, say: Say) -> dict[str, float]:
    """Until the generator has ended; the share of the agents' places that was busy after the warm-up, by queue."""
    loop = asyncio.get_running_loop()
    began, last = loop.time(), WARM_UP_S + 60 * MINUTES
    done: list[dict[str, float]] = []
    async with Office(steady.server) as office:
        while load.returncode is None:
            at = loop.time() - began
            # What comes at the beginning is no growth, and what leaves at the end is none.
            if WARM_UP_S <= at < last - 10:
                await watch.take(at, steady.server, office, load)
                done = [*done[:1], await work_done(office)]
                say(f"{at / 60:5.1f} min: {watch.line()}") if int(at / 60) > int((at - 10) / 60) else None
            await asyncio.wait({waiting := asyncio.ensure_future(load.wait())}, timeout=10.0)
            waiting.cancel()
    since, until = watch.span()
    return {
        queue: (done[-1][queue] - done[0][queue]) / (until - since) / count
        for queue, count in places(steady.scenario).items()
    }


def ends_of(watch: Watch, run: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """How it was in the first five minutes after the warm-up and in the last five (in quarters of a shorter run)."""
    length = min(WINDOW_S, run["seconds"] / 4)
    count = int(run["seconds"] // length)
    begins = [run["seconds"] - length * (count - number) for number in range(count)]
    first = next(number for number, begin in enumerate(begins) if begin >= WARM_UP_S)
    ends = []
    for index in (first, count - 1):
        begin = begins[index]
        found = {
            f"{kind} {rank}": round(run["windows"][kind][index][rank], 1)
            for kind in TOLD
            for rank in ("n", "p50", "p99", "p99_low")
        }
        spent = {
            name.replace("CPU s of", "CPU of"): round(watch.spent(name, begin, begin + length), 4)
            for name in watch.found
            if name.startswith("CPU")
        }
        machine = {"others": watch.others(begin, begin + length), "canary": watch.canary_ms(begin, begin + length)}
        ends.append(found | spent | {name: round(amount, 3) for name, amount in machine.items()})
    return ends[0], ends[1]


def _report(watch: Watch, run: dict[str, Any], figures: dict[str, Any], say: Say) -> None:
    since = FULL_S if watch.span()[1] >= FULL_S + CALM_S else 0.0
    growth = {name: round(watch.growth(name, since), 2) for name in watch.found if not name.startswith("CPU")}
    kept = {"minutes": MINUTES, "warm_up_s": WARM_UP_S, "load": LOAD, "processors": psutil.cpu_count()} | figures
    kept |= {"growth": growth, "work": run["work"], "errors": run["errors"]}
    kept |= {"windows": {kind: run["windows"][kind] for kind in TOLD}, "samples": watch.found}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(kept, indent=1))
    for name in ("used", "busy", "first", "last", "growth", "work"):
        say(f"{name}: {kept[name]}")
    say(f"figures: {REPORT}")


def assert_closed(before: AtRest, after: AtRest) -> None:
    """When all have gone no more is open than before they came."""
    more = {kind: after.things[kind] - before.things[kind] for kind in STANDING if kind != "sip_transactions"}
    assert max(more.values()) <= 0, more
    for name, files in after.files.items():
        assert (files - before.files[name]).total() <= FILES, (name, files - before.files[name])
    assert after.threads - before.threads <= THREADS, (before.threads, after.threads)


def assert_as_many(watch: Watch) -> None:
    """As many files, tasks and threads are open in the last minutes as in the first."""
    since, until = watch.span()
    length = min(WINDOW_S, (until - since) / 4)
    for name in watch.found:
        if name.startswith("files") or name in ("tasks", "threads"):
            first, last = watch.mean(name, since, since + length), watch.mean(name, until - length, until)
            more = THREADS if name == "threads" else FILES
            assert last <= MORE_OPEN * first + more, (name, first, last)


def why_not_fair(first: dict[str, float], last: dict[str, float]) -> str | None:
    """Why the ends of this run say nothing of the server's own speed."""
    if max(first["others"], last["others"]) > ELSEWHERE * len(os.sched_getaffinity(0)):
        return f"others had {first['others']:.2f} and {last['others']:.2f} processors"
    if not 1 / UNSTEADY <= last["canary"] / first["canary"] <= UNSTEADY:
        return f"the machine's canary took {first['canary']} and {last['canary']} ms"
    return None


def assert_as_fast(first: dict[str, float], last: dict[str, float], say: Say) -> None:
    """The slowest hundredth of each kind, and what the server's processors do for it."""
    for kind in KINDS:
        if min(first[f"{kind} n"], last[f"{kind} n"]) < SAMPLES:
            say(f"{kind}: not judged, {first[f'{kind} n']:.0f} and {last[f'{kind} n']:.0f} came")
            continue
        assert last[f"{kind} p99"] <= max(FAST_MS, SLOWER * first[f"{kind} p99"]), (kind, first, last)
    assert last["CPU of server"] <= SLOWER * first["CPU of server"], (first, last)


def assert_flat(watch: Watch, say: Say) -> None:
    """Hardly more memory at the end than at the beginning."""
    since, until = max(watch.settled(), FULL_S), watch.span()[1]
    if until - since < CALM_S:
        say(f"memory is not judged: {max(0.0, until - since):.0f} s came after ten minutes and two journal files")
        return
    for name, (hourly, anyhow) in MIB.items():
        grown = watch.growth(f"MiB of {name}", since)
        assert grown <= max(anyhow, hourly * (until - since) / 3600), (name, grown, watch.line())
