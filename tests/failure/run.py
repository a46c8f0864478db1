"""One run: everything starts, letters are posted and handled while the schedule breaks things, and then the check.

`python -m tests.failure.run --items 2000 --kills 8 --seed 1` prints what happened; `run` is what the tests call.
"""

import argparse
import asyncio
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from tests.e2e.waiting import wait_until
from tests.failure.checks import Breach, check
from tests.failure.customers import PATIENCE_S, Customers
from tests.failure.faults import KILLS, Fault, Kind, schedule
from tests.failure.history import Diary, merged, read
from tests.failure.layout import CAPACITY, Layout
from tests.failure.stage import SLOW_S, Stage, can_cut, errors_of

log = structlog.get_logger(__name__)

SIGN_IN_S = 60.0
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """`gap_s`: mean time between two faults. `unfenced`: nodes whose store checks no epoch, which must be found out."""

    items: int
    kills: int
    seed: int
    gap_s: float = 6.0
    nodes: int = 3
    crews: int = 2
    agents: int = 10
    unfenced: bool = False
    settle_s: float = 90.0
    faults: tuple[Fault, ...] = ()

    def schedule(self) -> list[Fault]:
        """From the seed, unless it was given."""
        without = frozenset() if can_cut() else frozenset({Kind.CUT_CLIENTS})
        return list(self.faults) or schedule(self.seed, self.kills, self.gap_s, without)


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    breaches: list[Breach] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    posted: int = 0
    lines: int = 0
    took_s: float = 0.0
    ends: int = 0
    errors: dict[str, dict[str, int]] = field(default_factory=dict)

    def __str__(self) -> str:
        kills = sum(count for kind, count in self.faults.items() if Kind(kind) in KILLS)
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        return (
            f"{self.posted} items, {kills} kills among {self.faults.total()} faults in {self.took_s:.0f} s ({faults});"
            f" nodes ended by themselves {self.ends} times; {self.lines} lines of history;"
            f" breaches: {dict(Counter(breach.kind for breach in self.breaches))}"
        )


async def run(folder: Path, plan: Plan) -> Outcome:
    """Everything starts, breaks, settles and ends; raises AssertionError when it does not settle at all."""
    began = time.monotonic()
    crews = tuple(tuple(f"crew{crew}-{n}" for n in range(plan.agents // plan.crews)) for crew in range(plan.crews))
    faults = plan.schedule()
    lasts_s = sum(fault.after_s + fault.length_s for fault in faults)
    outcome = Outcome()
    with Diary(folder / "stage.history") as diary:
        stage = Stage(folder, diary)
        try:
            bases = await stage.start([f"n{n}" for n in range(plan.nodes)], crews, unfenced=plan.unfenced)
            layout = Layout(
                str(folder),
                bases,
                crews,
                await asyncio.to_thread(stage.make_key),
                plan.seed,
                plan.items,
                plan.items / lasts_s,
            )
            stage.start_clients(layout)
            await wait_until(partial(_all_here, layout), SIGN_IN_S, "every agent is there", LOOK_S)
            stage.start_customers()
            for fault in faults:
                await asyncio.sleep(fault.after_s)
                log.info("fault", kind=fault.kind, length_s=round(fault.length_s, 2))
                await _do(stage, fault, diary)
                outcome.faults[fault.kind] += 1
            await _settle(stage, layout, diary, plan.settle_s)
            outcome.errors = {name: errors_of(node) for name, node in stage.nodes.items()}
        finally:
            await stage.close()
        _write_records(folder, diary)
    history = merged(folder.glob("*.history"))
    outcome.breaches = check(history, CAPACITY)
    outcome.posted = len({entry.who for entry in history if entry.what == "posted"})
    outcome.lines = len(history)
    outcome.ends = sum(entry.what == "ended" for entry in history)
    outcome.took_s = time.monotonic() - began
    return outcome


async def _do(stage: Stage, fault: Fault, diary: Diary) -> None:
    dice = random.Random(fault.dice)
    owner = await stage.owner()
    follower = dice.choice([name for name in stage.nodes if name != owner])
    anyone = dice.choice(list(stage.nodes))
    crew = dice.choice([name for name in stage.clients if name != "customers"])
    way, length_s = stage.nodes[anyone].way, fault.length_s
    diary.write("stage", "fault", text=f"{fault.kind} {length_s:.2f}", node=owner or "")
    actions: dict[Kind, Callable[[], Awaitable[None]]] = {
        Kind.KILL_OWNER: lambda: stage.kill_node(owner or follower, length_s),
        Kind.KILL_FOLLOWER: lambda: stage.kill_node(follower, length_s),
        Kind.KILL_REDIS: lambda: stage.kill_redis(length_s),
        Kind.KILL_AGENTS: lambda: stage.kill_client(crew, length_s),
        Kind.KILL_CUSTOMERS: lambda: stage.kill_client("customers", length_s),
        Kind.KILL_ALL: lambda: stage.kill_all(length_s),
        Kind.PAUSE_OWNER: lambda: stage.pause_node(owner or follower, length_s),
        Kind.PAUSE_FOLLOWER: lambda: stage.pause_node(follower, length_s),
        Kind.PAUSE_REDIS: lambda: stage.pause_redis(length_s),
        Kind.CUT_STORE: way.cut,
        Kind.SILENCE_STORE: lambda: way.silence(length_s),
        Kind.SLOW_STORE: lambda: way.slow(length_s, SLOW_S),
        Kind.CUT_CLIENTS: lambda: stage.cut_clients(anyone),
    }
    await actions[fault.kind]()


async def _settle(stage: Stage, layout: Layout, diary: Diary, within_s: float) -> None:
    """All is posted and closed, or the time is over; then each agent is sent a letter of their own."""
    log.info("settling")
    await _within(within_s, stage.settled())
    await _within(within_s, _posted(stage))
    await _within(within_s, _closed(layout))
    agents = [agent for crew in layout.crews for agent in crew]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as http:
        letters = Customers(layout, diary, http)
        await _within(within_s, asyncio.gather(*(letters.post_to(agent) for agent in agents)))
    await _within(within_s / 3, _closed(layout))
    for agent in agents:
        if _served(layout.path, f"for-{agent}", diary_of=layout.path / "stage.history") == agent:
            diary.write(agent, "reached")


async def _within(seconds: float, what: Awaitable[object]) -> None:
    """What does not come to pass is for the checks to see."""
    try:
        await asyncio.wait_for(what, seconds)
    except TimeoutError:
        log.warning("not_settled", within_s=seconds)


async def _posted(stage: Stage) -> None:
    while stage.clients["customers"].status is None:
        await asyncio.sleep(LOOK_S)


async def _closed(layout: Layout) -> None:
    while not _all_closed(layout.path):
        await asyncio.sleep(LOOK_S)


async def _all_here(layout: Layout) -> bool:
    files = [file for file in layout.path.glob("agents-*.history") if file.exists()]
    here = {entry.who for file in files for entry in read(file) if entry.what == "snapshot"}
    return len(here) == sum(len(crew) for crew in layout.crews)


def _all_closed(folder: Path) -> bool:
    posted = {entry.interaction for file in folder.glob("*.history") for entry in read(file) if entry.what == "posted"}
    closed = {row[0] for row in _rows(folder, "SELECT id FROM interactions WHERE state = 'closed'")}
    return posted <= closed


def _served(folder: Path, key: str, diary_of: Path) -> str:
    """Who has closed the item of this key."""
    ids = [entry.interaction for entry in read(diary_of) if entry.what == "posted" and entry.who == key]
    rows = _rows(folder, "SELECT agent_id FROM interactions WHERE state = 'closed' AND id = ?", *ids[:1]) if ids else []
    return str(rows[0][0]) if rows else ""


def _write_records(folder: Path, diary: Diary) -> None:
    query = "SELECT id, state, outcome, disposition FROM interactions"
    for interaction, state, outcome, disposition in _rows(folder, query):
        diary.write(
            "records",
            "record",
            interaction=interaction,
            text=state,
            command=outcome or "",
            disposition=disposition or "",
        )
    for interaction, reservation, agent, offered_at in _rows(
        folder, "SELECT interaction_id, reservation_id, agent_id, offered_at FROM offers"
    ):
        diary.write(agent, "record_offer", interaction=interaction, reservation=reservation, offered_us=offered_at)


def _rows(folder: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder}/shared.db?mode=ro", uri=True, timeout=10)) as database:
        return list(database.execute(query, values))


def new_folder() -> Path:
    """In memory, where the machine has such: what is killed here are processes, and disks that others use are slow."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="failure-", dir=memory if memory.is_dir() else None))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gap-s", type=float, default=6.0)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--unfenced", action="store_true", help="nodes that check no epoch: breaches are expected")
    parser.add_argument("--folder", type=Path, help="where the histories go (a new folder below the temporary ones)")
    given = parser.parse_args()
    folder = given.folder or new_folder()
    plan = Plan(
        items=given.items,
        kills=given.kills,
        seed=given.seed,
        gap_s=given.gap_s,
        nodes=given.nodes,
        agents=given.agents,
        unfenced=given.unfenced,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever ends this ends all that it started
    outcome = asyncio.run(run(folder, plan))
    print(outcome)
    print(f"histories: {folder}; errors in logs: {outcome.errors}")
    for breach in outcome.breaches[:40]:
        print(breach)
    sys.exit(bool(outcome.breaches))


if __name__ == "__main__":
    main()
