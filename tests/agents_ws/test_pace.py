"""The pace: in order, one in each turn of the loop, at once in calm times."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from agents_ws.pace import Pace
from tests.waiting import until

MANY = 50


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.number = 0
        self._handle = asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self.number += 1
        self._handle = asyncio.get_running_loop().call_soon(self._count)

    def stop(self) -> None:
        self._handle.cancel()


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    made = Turns()
    yield made
    made.stop()


async def test_in_calm_times_nothing_waits() -> None:
    pace, done = Pace(), list[str]()
    pace.then(lambda: done.append("at once"))
    assert done == ["at once"]
    await until(lambda: not pace.busy)
    with pytest.raises(StopIteration):  # it returns without a turn of the loop
        pace.turn().send(None)
    assert pace.busy


async def test_many_have_one_turn_each_in_the_order_of_asking(turns: Turns) -> None:
    pace, done = Pace(), list[tuple[int, int]]()

    async def wait(number: int) -> None:
        await pace.turn()
        done.append((number, turns.number))

    async with asyncio.TaskGroup() as group:
        for number in range(0, MANY, 2):
            group.create_task(wait(number))
            await asyncio.sleep(0)
            pace.then(lambda number=number: done.append((number + 1, turns.number)))  # type: ignore[misc]
    await until(lambda: len(done) == MANY)
    assert len(pace) == 0
    acted = [turn for number, turn in done if number % 2]
    assert len(acted) == len(set(acted))
    assert max(turn for _, turn in done) - done[0][1] >= MANY // 2
    assert [number for number, _ in done if number % 2 == 0] == list(range(0, MANY, 2))


async def test_who_no_longer_waits_and_what_fails_keep_nobody_from_their_turn() -> None:
    pace, done = Pace(), list[str]()

    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    with capture_logs() as logs:
        pace.then(lambda: done.append("first"))
        pace.then(fail)
        gone = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        assert len(pace) == 1
        gone.cancel()
        pace.then(lambda: done.append("last"))
        await until(lambda: done == ["first", "last"])
    assert [entry["event"] for entry in logs] == ["paced_part_failed"]
    assert gone.cancelled()
