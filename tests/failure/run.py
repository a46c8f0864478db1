"""One run: everything starts, customers come and are served while the schedule breaks things, and then the check.

`python -m tests.failure.run --items 2000 --kills 8 --seed 1` prints what happened; `run` is what the tests call.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from tests.e2e.waiting import wait_until
from tests.failure.acts import act
from tests.failure.breach import Breach
from tests.failure.checks import check
from tests.failure.ending import settle, write_records
from tests.failure.faults import KILLS, OF_NETWORKS, Fault, Kind, rolling, schedule
from tests.failure.history import Diary, merged, read
from tests.failure.layout import CAPACITY, TOTAL, Layout, Mix
from tests.failure.namespaces import Namespaces, why_not, within
from tests.failure.places import Loopback
from tests.failure.processes import errors_of
from tests.failure.stage import Stage, can_cut

log = structlog.get_logger(__name__)

SIGN_IN_S = 60.0
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """`gap_s`: mean time between two faults. `unfenced`: nodes whose store checks no epoch, which must be found out.

    `networks`: each node has a network of its own (tests.failure.namespaces).
    """

    mix: Mix
    kills: int
    seed: int
    gap_s: float = 6.0
    nodes: int = 3
    crews: int = 2
    agents: int = 10
    unfenced: bool = False
    networks: bool = False
    settle_s: float = 90.0
    faults: tuple[Fault, ...] = ()

    def schedule(self) -> list[Fault]:
        """From the seed, unless it was given."""
        without = frozenset() if can_cut() else frozenset({Kind.CUT_CLIENTS})
        without |= frozenset() if self.networks else OF_NETWORKS
        return list(self.faults) or schedule(self.seed, self.kills, self.gap_s, without)


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    breaches: list[Breach] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    came: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    took_s: float = 0.0
    ends: int = 0
    errors: dict[str, dict[str, int]] = field(default_factory=dict)

    def __str__(self) -> str:
        kills = sum(count for kind, count in self.faults.items() if Kind(kind) in KILLS)
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        came = ", ".join(f"{kind} {count}" for kind, count in sorted(self.came.items()))
        return (
            f"{self.came.total()} items ({came}), {kills} kills among {self.faults.total()} faults"
            f" in {self.took_s:.0f} s ({faults});"
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
    names = [f"n{n}" for n in range(plan.nodes)]
    with Diary(folder / "stage.history") as diary:
        places = await Namespaces().make(names) if plan.networks else Loopback()
        stage = Stage(folder, diary, places)
        try:
            layout = await stage.start(names, crews, plan.mix, plan.seed, lasts_s, unfenced=plan.unfenced)
            stage.start_clients(layout)
            await wait_until(partial(_all_here, layout), SIGN_IN_S, "every agent is there", LOOK_S)
            stage.start_customers()
            for fault in faults:
                await asyncio.sleep(fault.after_s)
                log.info("fault", kind=fault.kind, length_s=round(fault.length_s, 2))
                await act(stage, fault, diary)
                outcome.faults[fault.kind] += 1
            await settle(stage, layout, diary, plan.settle_s)
            outcome.errors = {name: errors_of(node) for name, node in stage.nodes.items()}
        finally:
            await stage.close()
            places.close()
        write_records(folder, diary)
    history = merged(folder.glob("*.history"))
    outcome.breaches = check(history, {**CAPACITY, "total": TOTAL})
    for what in ("posted", "answered"):
        outcome.came.update(who.partition("-")[0] for who in {entry.who for entry in history if entry.what == what})
    outcome.lines = len(history)
    outcome.ends = sum(entry.what == "ended" for entry in history)
    outcome.took_s = time.monotonic() - began
    return outcome


async def _all_here(layout: Layout) -> bool:
    files = [file for file in layout.path.glob("agents-*.history") if file.exists()]
    here = {entry.who for file in files for entry in read(file) if entry.what == "snapshot"}
    return len(here) == sum(len(crew) for crew in layout.crews)


def mixed(items: int) -> Mix:
    """A quarter are chats, an eighth calls, the rest letters."""
    chats, calls = items // 4, items // 8
    return Mix(items - chats - calls, chats, calls)


def new_folder() -> Path:
    """In memory, where the machine has such: what is killed here are processes, and disks that others use are slow."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="failure-", dir=memory if memory.is_dir() else None))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--mix", type=int, nargs=3, metavar=("LETTERS", "CHATS", "CALLS"), help="in place of items")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--rolling", type=int, default=0, metavar="DRAINS", help="nodes are drained, nothing is broken")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gap-s", type=float, default=6.0)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--unfenced", action="store_true", help="nodes that check no epoch: breaches are expected")
    parser.add_argument("--folder", type=Path, help="where the histories go (a new folder below the temporary ones)")
    parser.add_argument("--networks", action="store_true", help="each node in a network namespace of its own")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.networks and not given.within:
        _apart()
    folder = given.folder or new_folder()
    plan = Plan(
        mix=mixed(given.items) if given.mix is None else Mix(*given.mix),
        kills=given.kills,
        seed=given.seed,
        gap_s=given.gap_s,
        nodes=given.nodes,
        agents=given.agents,
        unfenced=given.unfenced,
        networks=given.within,
        faults=rolling(given.rolling, given.gap_s),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever ends this ends all that it started
    outcome = asyncio.run(run(folder, plan))
    print(outcome)
    print(f"histories: {folder}; errors in logs: {outcome.errors}")
    for breach in outcome.breaches[:40]:
        print(breach)
    sys.exit(bool(outcome.breaches))


def _apart() -> None:
    """The same command in a namespace, where the machine permits it; returns where it does not, and says why."""
    if reason := why_not():
        print(f"no networks of the nodes' own here ({reason}): the ways to the store lose what they can, on loopback")
        return
    command = within([sys.executable, "-m", "tests.failure.run", *sys.argv[1:], "--within"])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
