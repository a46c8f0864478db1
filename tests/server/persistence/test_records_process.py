"""The records' process, for real: what is committed reaches SQL, whatever happens to the process."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from records.database import Database, sqlite_url
from records.interactions import Interactions
from records.projection import Projection
from records.statistics import StatisticsStore, encode_checkpoint
from router.rows import Turn
from router.statistics_state import State
from server.persistence import records_process as module
from server.persistence.records_process import RecordsProcess
from server.persistence.records_worker import Setup
from store.connection import StoreConnection
from store.lease import InboxEntry, Lease
from store.shard import RedisShardStore
from tests.records.turns import handled_call
from tests.waiting import until


class Rig:
    """A journal in the store, a database, and the process between them."""

    def __init__(self, folder: Path, store_url: str, connection: StoreConnection, shard: str, database: Database):
        setup = Setup(store_url, sqlite_url(folder / "records.sqlite"), shard, str(folder / "journal"), "info")

        self.process = RecordsProcess(setup)
        self.interactions = Interactions(database)
        self._store = RedisShardStore(connection, shard)
        self._lease: Lease | None = None

    async def commit(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        """What the pump does."""
        self._lease = self._lease or await self._store.take("n1", 60_000)
        await self._store.commit(self._lease, turns)
        for one in turns:
            self.process.fresh(one)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.process.run())
        try:
            yield
        finally:
            self.process.close()
            await asyncio.wait_for(task, 30)

    async def pid(self) -> int:
        await until(lambda: self.process.position >= 0 and self.process.pid is not None)
        assert self.process.pid is not None
        return self.process.pid

    async def story(self) -> list[str]:
        return [step.kind for step in await self.interactions.story("i1")]


def story_of(turns: Sequence[Turn]) -> list[str]:
    folded = Projection()
    for one in turns:
        folded.apply(one)
    return [step.kind for step in folded.steps]


@pytest.fixture
def rig(tmp_path: Path, store_url: str, connection: StoreConnection, shard: str, database: Database) -> Rig:
    return Rig(tmp_path, store_url, connection, shard, database)


async def test_committed_turns_become_records(rig: Rig) -> None:
    turns = handled_call()
    async with rig.running():
        await rig.commit(turns)
        await asyncio.wait_for(rig.process.drained(), 30)
        record = await rig.interactions.record("i1")
        assert record is not None
        assert record.outcome == "handled"
        assert rig.process.position == turns[-1].sequence


async def test_what_the_journal_had_before_is_caught_up(rig: Rig) -> None:
    turns = handled_call()
    await rig.commit(turns)
    async with rig.running():
        await asyncio.wait_for(rig.process.catch_up(turns[-1].sequence), 30)
        assert rig.process.position == turns[-1].sequence
        assert "wrapped_up" in await rig.story()


async def test_a_killed_process_is_replaced_and_goes_on_where_it_was(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTART_S", 0.01)
    turns = handled_call()
    async with rig.running():
        await rig.commit(turns[:4])
        await asyncio.wait_for(rig.process.drained(), 30)
        first = await rig.pid()
        os.kill(first, signal.SIGSTOP)  # so that it is sure to have done nothing of what follows
        await rig.commit(turns[4:])
        waiting = asyncio.create_task(rig.process.drained())
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(waiting, 30)
        assert await rig.pid() != first
    assert await rig.story() == story_of(turns), "nothing lost, nothing twice"
    assert rig.process.position == turns[-1].sequence


async def test_closing_waits_for_what_was_told(rig: Rig) -> None:
    turns = handled_call()
    async with rig.running():
        await rig.pid()
        await rig.commit(turns)
    assert "wrapped_up" in await rig.story()


async def test_cancelling_leaves_no_process(rig: Rig) -> None:
    task = asyncio.create_task(rig.process.run())
    pid = await rig.pid()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_statistics_are_written_by_the_process_or_somebody_is_told_that_they_are_not(
    rig: Rig, database: Database
) -> None:
    def checkpoint(position: int) -> bytes:
        return encode_checkpoint(State(position=position), [])

    assert not await rig.process.save(checkpoint(1))
    async with rig.running():
        pid = await rig.pid()
        await asyncio.wait_for(rig.process.drained(), 30)
        assert await asyncio.wait_for(rig.process.save(checkpoint(2)), 30)
        assert (await StatisticsStore(database).load(0))[0].position == 2
        os.kill(pid, signal.SIGSTOP)
        saving = asyncio.create_task(rig.process.save(checkpoint(3)))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        assert not await asyncio.wait_for(saving, 30)
    assert not await rig.process.save(checkpoint(4))
