"""Feeding the records: in order, from memory or from the journal, and nothing is lost while SQL or store is away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from records.database import Database
from records.interactions import Interactions
from records.projector import Projector
from router.events import InteractionClosed, InteractionNoted, InteractionOpened
from router.rows import Entry, Turn
from router.vocabulary import Medium
from server.persistence import projection as module
from server.persistence.projection import Projection
from store.errors import StoreLost
from tests.records.turns import handled_call, turn
from tests.waiting import until


class Journal:
    """The store's journal; `errors` are raised first."""

    def __init__(self, entries: Sequence[Turn] = ()) -> None:
        self.entries: list[Entry] = list(entries)
        self.errors: list[Exception] = []
        self.reads = 0

    async def read_journal(self, after: int, limit: int) -> Sequence[Entry]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        return [entry for entry in self.entries if entry.sequence > after][:limit]


class Away(Projector):
    """The real projector, behind a database that is away for a while. `gate` makes it slow."""

    failures = 0
    gate: asyncio.Event | None = None
    error: Exception = OperationalError("INSERT", {}, Exception("disk is full"))

    async def apply(self, entries: Iterable[Entry]) -> int:
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise self.error
        return await super().apply(entries)


class Rig:
    def __init__(self, database: Database, entries: Sequence[Turn] = ()) -> None:
        self.database = database
        self.projector = Away(database)
        self.journal = Journal(entries)
        self.applied: list[int] = []
        self.projection = Projection(self.projector, self.journal, self.applied.append)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.projection.run())
        try:
            yield
        finally:
            self.projection.close()
            await asyncio.wait_for(task, 30)

    def commit(self, *turns: Turn) -> None:
        """What the pump does: in the journal first, then told."""
        for one in turns:
            self.journal.entries.append(one)
            self.projection.fresh(one)

    async def done(self) -> None:
        await asyncio.wait_for(self.projection.drained(), 30)

    async def story(self, interaction_id: str = "i1") -> list[str]:
        return [step.kind for step in await Interactions(self.database).story(interaction_id)]


@pytest.fixture
def rig(database: Database, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    return Rig(database)


def notes(first: int, last: int) -> list[Turn]:
    return [turn(number, number, InteractionNoted("i1", f"n{number}")) for number in range(first, last + 1)]


OPENED = turn(1, 0, InteractionOpened("i1", "line", Medium.VOICE, "400", "n1"))


async def test_committed_turns_become_records(rig: Rig) -> None:
    async with rig.running():
        rig.commit(*handled_call())
        await rig.done()
        record = await Interactions(rig.database).record("i1")
        assert record is not None
        assert (record.outcome, record.state, record.agent_id) == ("handled", "closed", "cai")
        assert rig.applied[-1] == rig.projection.position == 14
    assert rig.journal.reads == 0, "from memory"


async def test_nothing_told_is_drained_at_once(rig: Rig) -> None:
    await rig.done()


async def test_turns_told_before_it_runs_are_not_forgotten(rig: Rig) -> None:
    rig.commit(OPENED)
    waiting = asyncio.create_task(rig.done())
    await asyncio.sleep(0)
    assert not waiting.done()
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        await asyncio.sleep(0.01)
        assert not waiting.done(), "not before SQL has it"
        rig.projector.gate.set()
        await waiting
        assert rig.projection.position == 1


async def test_a_slow_database_gets_what_came_meanwhile_in_one_go(rig: Rig) -> None:
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        rig.commit(OPENED)
        await asyncio.sleep(0)
        rig.commit(*notes(2, 9))
        rig.projector.gate.set()
        await rig.done()
        assert rig.projection.position == 9
        assert await rig.story() == ["opened", *(f"n{n}" for n in range(2, 10))]


@pytest.mark.parametrize("error", [None, ConnectionRefusedError("postgresql is away")])
async def test_sql_that_is_away_for_a_while_loses_and_doubles_nothing(rig: Rig, error: Exception | None) -> None:
    if error is not None:
        rig.projector.error = error
    rig.projector.failures = 3
    async with rig.running():
        rig.commit(OPENED)
        await until(lambda: rig.projector.failures < 3)
        rig.commit(*notes(2, 4))
        await rig.done()
    assert await rig.story() == ["opened", "n2", "n3", "n4"]


async def test_too_many_for_memory_come_from_the_journal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRESH", 5)
    monkeypatch.setattr(module, "READ_LIMIT", 4)
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        rig.commit(OPENED)
        await asyncio.sleep(0)
        rig.commit(*notes(2, 30))
        assert len(rig.projection._fresh) <= 5, "memory is bounded"
        rig.projector.gate.set()
        await rig.done()
        assert rig.journal.reads > 3
        rig.commit(*notes(31, 32))
        await rig.done()
    assert await rig.story() == ["opened", *(f"n{n}" for n in range(2, 33))]


async def test_an_overflow_while_sql_fails_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRESH", 5)
    rig.projector.failures = 2
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        rig.commit(OPENED, *notes(2, 3))
        await asyncio.sleep(0)
        rig.commit(*notes(4, 20))
        rig.projector.gate.set()
        await rig.done()
    assert await rig.story() == ["opened", *(f"n{n}" for n in range(2, 21))]


async def test_a_store_that_is_away_is_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRESH", 1)
    rig.journal.errors = [StoreLost("gone"), StoreLost("gone")]
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        rig.commit(OPENED)
        await asyncio.sleep(0)
        rig.commit(*notes(2, 6))
        rig.projector.gate.set()
        await rig.done()
    assert await rig.story() == ["opened", *(f"n{n}" for n in range(2, 7))]


async def test_a_journal_that_lost_what_was_told_does_not_spin(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRESH", 1)
    rig.projector.gate = asyncio.Event()
    async with rig.running():
        rig.commit(OPENED)
        await asyncio.sleep(0)
        rig.commit(*notes(2, 6))
        rig.journal.entries.clear()
        rig.projector.gate.set()
        await rig.done()
        assert rig.journal.reads == module.LOOKS
        rig.commit(turn(7, 7, InteractionClosed("i1", "failed")))
        await rig.done()
    assert (await rig.story())[-1] == "closed"


async def test_a_store_that_is_behind_is_no_error_when_its_turns_are_put_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was emptied: its owner knows the turns and writes them again, after they were told."""
    monkeypatch.setattr(module, "LOOKS", 1_000_000)
    with capture_logs() as logs:
        async with rig.running():
            rig.projection.told(4)
            await until(lambda: rig.journal.reads > 1)
            rig.journal.entries += [OPENED, *notes(2, 4)]
            await rig.done()
    assert await rig.story() == ["opened", "n2", "n3", "n4"]
    assert [each["event"] for each in logs] == []


async def test_a_store_that_stays_behind_is_told_once(rig: Rig) -> None:
    with capture_logs() as logs:
        async with rig.running():
            rig.projection.told(4)
            await rig.done()
    assert [(each["event"], each["position"], each["told"]) for each in logs] == [("journal_shorter_than_told", 0, 4)]


async def test_a_store_that_is_behind_does_not_hold_up_the_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKS", 1_000_000)
    async with rig.running():
        rig.projection.told(4)
        await until(lambda: rig.journal.reads > 0)
        rig.projection.close()
        await rig.done()


async def test_catching_up_reads_what_the_records_lack(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_LIMIT", 5)
    rig = Rig(database, handled_call())
    await rig.projection.catch_up(14)
    assert (rig.projection.position, rig.applied) == (14, [14])
    assert await rig.story()
    again = Rig(database, handled_call())
    await again.projection.catch_up(14)
    assert (again.projection.position, again.journal.reads) == (14, 0)


async def test_a_journal_shorter_than_the_state_does_not_stop_the_start(database: Database) -> None:
    rig = Rig(database, [OPENED])
    await asyncio.wait_for(rig.projection.catch_up(9), 30)
    assert rig.projection.position == 1


async def test_what_sql_does_not_take_at_the_end_is_left_to_the_journal(rig: Rig, database: Database) -> None:
    rig.projector.failures = 1_000_000
    async with rig.running():
        rig.commit(OPENED, *notes(2, 3))
        await until(lambda: rig.projector.failures < 1_000_000)
    assert await rig.story() == []
    next_start = Rig(database)
    next_start.journal.entries = rig.journal.entries
    await next_start.projection.catch_up(3)
    assert await next_start.story() == ["opened", "n2", "n3"]


async def test_what_is_told_while_an_empty_journal_is_read_is_read_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = handled_call()
    read = rig.journal.read_journal

    async def late(after: int, limit: int) -> Sequence[Entry]:
        found = await read(after, limit)
        if not rig.journal.entries:
            rig.journal.entries += turns
            rig.projection.told(turns[-1].sequence)
        return found

    monkeypatch.setattr(rig.journal, "read_journal", late)
    async with rig.running():
        rig.projection.told(1)
        await until(lambda: rig.projection.position == turns[-1].sequence)
