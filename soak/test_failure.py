"""20,000 items while nodes, Redis, agents and customers are killed, stopped and cut off; and the check has teeth."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import ROOT
from tests.failure.faults import KILLS, LEASE_S, Fault, Kind
from tests.failure.namespaces import why_not
from tests.failure.run import Plan, mixed, new_folder, run

ITEMS = int(os.environ.get("SOAK_ITEMS", "20000"))
KILL_COUNT = int(os.environ.get("SOAK_KILLS", "50"))
SEED = int(os.environ.get("SOAK_SEED", "7"))

# Owners that fall silent for longer than the lease, and wake up among their successors.
WITHOUT_FENCING = tuple(Fault(2.0, Kind.PAUSE_OWNER, 2.5 * LEASE_S, number) for number in range(5))

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = new_folder()
    yield made
    shutil.rmtree(made)


async def test_nothing_lost_doubled_stuck_or_out_of_order(folder: Path) -> None:
    outcome = await run(folder, Plan(mix=mixed(ITEMS), kills=KILL_COUNT, seed=SEED))
    print(outcome)
    assert outcome.breaches == []
    assert sum(outcome.faults[kind] for kind in KILLS) >= KILL_COUNT
    assert outcome.came.total() >= ITEMS


@pytest.mark.skipif(bool(why_not()), reason=f"no network namespaces: {why_not()}")
def test_the_same_in_networks_of_the_nodes_own_that_lose_packets_and_part(folder: Path) -> None:
    of = ["--items", str(ITEMS // 10), "--kills", str(max(1, KILL_COUNT // 5)), "--seed", str(SEED)]
    command = [sys.executable, "-m", "tests.failure.run", "--networks", *of, "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0


async def test_without_fencing_the_same_check_finds_breaches(folder: Path) -> None:
    plan = Plan(mix=mixed(300), kills=1, seed=SEED, unfenced=True, settle_s=20, faults=WITHOUT_FENCING)
    outcome = await run(folder, plan)
    print(outcome)
    assert {breach.kind for breach in outcome.breaches} & {"lost", "twice", "overfull", "forgotten"}
