"""A short run: the owner falls silent and wakes, nodes, Redis and agents are killed. soak/ has the long one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failure.faults import LEASE_S, Fault, Kind
from tests.failure.layout import Mix
from tests.failure.run import Plan, new_folder, run

pytestmark = [pytest.mark.e2e]

FAULTS = (
    Fault(1.0, Kind.PAUSE_OWNER, 2 * LEASE_S, 1),
    Fault(1.5, Kind.KILL_OWNER, 0.0, 2),
    Fault(1.0, Kind.KILL_AGENTS, 0.1, 3),
    Fault(1.0, Kind.KILL_REDIS, 0.2, 4),
    Fault(1.0, Kind.CUT_STORE, 0.0, 5),
)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = new_folder()
    yield made
    shutil.rmtree(made)


async def test_no_history_shows_a_breach(folder: Path) -> None:
    outcome = await run(folder, Plan(mix=Mix(100, 30, 20), kills=3, seed=1, nodes=2, agents=6, faults=FAULTS))
    print(outcome)
    assert outcome.breaches == []
    assert outcome.came == {"letter": 100, "chat": 30, "call": 20, "for": 6}
    assert outcome.ends >= 1, "a paused owner that wakes up has to end"
