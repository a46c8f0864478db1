"""Rotation: segments begin at a start and at a length, go to files behind the records, and survive a death anywhere."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.persistence import rotation as module
from store.connection import StoreConnection
from store.errors import StoreLost
from store.memory import MemoryShardStore
from store.memory_shard import MemoryShard
from store.shard import RedisShardStore
from tests.server.keeping import Kept
from tests.waiting import until

T0 = 1_790_000_000_000_000


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_TURNS", 50)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(MemoryShardStore(MemoryShard(), lambda: T0), tmp_path / "journal")


async def stored(kept: Kept) -> list[int]:
    return [sequence for sequence, _ in await kept.store.read_raw(0, 10_000)]


async def test_the_journal_moves_from_the_store_into_files_and_replays(kept: Kept) -> None:
    rotation = await kept.start()
    for _ in range(8):
        await kept.turns(30)
        await rotation.turn_over()
        assert await kept.problem() is None
    files = kept.folder.files()
    assert len(files) >= 3
    assert await stored(kept) == list(range(files[-1].last + 1, kept.done + 1))
    assert list(await kept.store.heads()) == [files[-1].last]


async def test_each_start_begins_a_segment_that_replays_the_restart_too(kept: Kept) -> None:
    await kept.start()
    for _ in range(4):
        await kept.turns(20)
        rotation = await kept.start()
        await rotation.turn_over()
        assert await kept.problem() is None
    assert [file.last - file.after >= 20 for file in kept.folder.files()] == [True] * 4
    assert [one.head.restored_at is not None for one in await kept.segments()] == [True] * 5


async def test_a_start_without_a_turn_leaves_no_segment(kept: Kept) -> None:
    await kept.start()
    await kept.turns(5)
    for _ in range(3):
        rotation = await kept.start()
        await rotation.turn_over()
    assert [(file.after, file.last) for file in kept.folder.files()] == [(0, kept.done)]
    assert await kept.problem() is None


async def test_what_is_not_in_the_records_stays_in_the_store(kept: Kept) -> None:
    await kept.start()
    kept.position = 0
    await kept.turns(60)
    rotation = await kept.start()
    await rotation.turn_over()
    assert kept.folder.files() == []
    assert await stored(kept) == list(range(1, kept.done + 1))
    assert await kept.problem() is None
    kept.position = kept.done
    await rotation.turn_over()
    assert [file.last for file in kept.folder.files()] == [kept.done]
    assert await stored(kept) == []


async def test_no_snapshot_is_taken_while_matches_are_left_over(kept: Kept) -> None:
    rotation = await kept.start()
    await kept.turns(60)
    kept.unsettled.add(kept.done)
    assert not await rotation.turn_over()
    assert list(await kept.store.heads()) == [0]
    await kept.turns(1)
    kept.unsettled.discard(kept.done)
    assert await rotation.turn_over()
    assert await kept.problem() is None


async def test_a_store_that_is_emptied_in_the_middle_of_a_round_is_no_failure(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotation = await kept.start()
    await kept.turns(5)
    answers = iter(({0: b""}, {0: b""}, {}))

    async def heads() -> dict[int, bytes]:
        return next(answers)

    monkeypatch.setattr(kept.store, "heads", heads)
    assert await rotation.turn_over()


class Mortal:
    """A store, or a folder, that dies before or after its n-th change."""

    def __init__(self, inner: Any, dies_at: Iterator[bool]) -> None:
        self._inner = inner
        self._dies_at = dies_at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in ("keep_head", "drop_head", "trim_journal"):
            return method

        async def call(*args: Any) -> Any:
            if next(self._dies_at):
                raise StoreLost("killed before")
            done = await method(*args)
            if next(self._dies_at):
                raise StoreLost("killed after")
            return done

        return call


@pytest.mark.parametrize("moment", range(24))
async def test_killed_at_any_moment_nothing_is_missing_and_nothing_is_there_twice(kept: Kept, moment: int) -> None:
    calls = iter(range(1_000_000))
    rotation = await kept.start(Mortal(kept.store, (next(calls) == moment + 2 for _ in iter(int, 1))))
    died = False
    for _ in range(3):
        await kept.turns(60)
        try:
            await rotation.turn_over()
        except StoreLost:
            died = True
            assert await kept.problem() is None
            rotation = await kept.start()
    assert died == (next(calls) > moment + 2)
    await rotation.turn_over()
    assert await kept.problem() is None
    assert list(await kept.store.heads()) == [kept.folder.files()[-1].last]


async def test_a_segment_whose_turns_are_gone_does_not_hold_up_the_others(kept: Kept) -> None:
    rotation = await kept.start()
    await kept.turns(60)
    await kept.store.trim_journal(10)
    await kept.start()
    await kept.turns(20)
    rotation = await kept.start()
    await rotation.turn_over()
    (file,) = kept.folder.files()
    assert (file.after >= 60, file.last) == (True, kept.done)


async def test_it_runs_by_itself_and_goes_on_after_the_store_was_away(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_S", 0.01)
    dies = [False, False, True, False, True, False, False, False, False, True]
    rotation = await kept.start(Mortal(kept.store, (bool(dies) and dies.pop(0) for _ in iter(int, 1))))
    running = asyncio.create_task(rotation.run())
    try:
        await kept.turns(70)
        await until(lambda: not dies and len(kept.folder.files()) == 1, "goes on")
    finally:
        running.cancel()
    assert await kept.problem() is None


async def test_a_deposed_owner_stops(kept: Kept) -> None:
    rotation = await kept.start()
    await kept.turns(60)
    await kept.store.take("n1", 1000)
    await asyncio.wait_for(rotation.run(), 30)
    assert kept.folder.files() == []


DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from server.persistence import rotation
from store.connection import open_store
from store.shard import RedisShardStore
from tests.server.keeping import Kept

url, shard, folder, moment = sys.argv[1:]
rotation.SEGMENT_TURNS = 50

class Dying(RedisShardStore):
    async def trim_journal(self, upto):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().trim_journal(upto)
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    connection = await open_store(url)
    kept = Kept(RedisShardStore(connection, shard), Path(folder))
    rotation = await kept.start(Dying(connection, shard))
    await kept.turns(120)
    print(kept.done, file=sys.stderr, flush=True)
    await rotation.turn_over()

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_kill_9_between_writing_and_trimming_on_a_real_store(
    connection: StoreConnection, store_url: str, shard: str, tmp_path: Path, moment: str
) -> None:
    folder = tmp_path / "journal"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, store_url, shard, str(folder), moment, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL
    kept = Kept(RedisShardStore(connection, shard), folder)
    kept.done = int(told)
    assert len(kept.folder.files()) == 1, "it was written"
    assert await kept.problem() is None
    await kept.start()
    await kept.rotation.turn_over()
    assert await kept.problem() is None
    assert await stored(kept) == []
    assert list(await kept.store.heads()) == [kept.done]
