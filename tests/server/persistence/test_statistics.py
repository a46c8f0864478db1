"""The keeper: live figures, any period, and a restart that changes no number."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from config.site import ServiceLevel, Site
from http_api.statistics_api import Period, Step, TooManyRowsError
from records.database import Database
from records.statistics import StatisticsStore, decode_checkpoint
from router.commands import CloseWork
from router.counters import Counters
from router.events import CustomerLeft, TimePassed, WorkQueued
from router.rows import Changes, Entry, ShardImage, Turn
from router.slots import AGENT, MEDIUM, QUEUE, SLOT_US, Slots
from router.vocabulary import Medium, Outcome
from server.persistence.statistics import SETTLED_IN, StatisticsKeeper
from tests.databases import migrated
from tests.properties.walk import Walk
from tests.records.turns import SECOND, START, abandoned_call, handled_call
from tests.server.sites import ORDERS, small_site

HOUR = 3600 * SECOND
EMPTY = ShardImage((), (), (), None, 0, 0)
SUBJECTS = (QUEUE, AGENT, MEDIUM)
# Three hours behind that of the sites here.
WEST = "Etc/GMT+3"


@dataclass
class Shelf:
    """A journal in memory."""

    entries: list[Turn] = field(default_factory=list)
    reads: int = 0

    async def read_journal(self, after: int, limit: int) -> Sequence[Entry]:
        self.reads += 1
        return [entry for entry in self.entries if entry.sequence > after][:limit]

    async def trim_journal(self, upto: int) -> int:
        return 0


@dataclass
class Office:
    """A keeper over a database, with a clock and a site that a test turns."""

    database: Database
    now: int = START
    site: Site = field(default_factory=small_site)

    def keeper(self) -> StatisticsKeeper:
        return StatisticsKeeper(StatisticsStore(self.database), lambda: self.site, lambda: self.now)

    async def begun(self) -> StatisticsKeeper:
        made = self.keeper()
        await made.begin(Shelf(), EMPTY)
        return made


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def feed(keeper: StatisticsKeeper, turns: Sequence[Turn], first: int = 1) -> None:
    for number, each in enumerate(turns, first):
        keeper.observe(structs.replace(each, sequence=number))


async def test_today_s_service_level(office: Office) -> None:
    keeper = await office.begun()
    office.now = START + 200 * SECOND
    feed(keeper, [*handled_call(), *abandoned_call()])
    level = keeper.level("orders")
    assert level is not None
    assert (level.answered, level.within, level.abandoned, level.level) == (1, 0, 1, 0.0)
    assert (level.threshold_us, level.target) == (10 * SECOND, 0.8)
    assert keeper.take_changed() >= {("queues", "orders")}
    assert keeper.level("gone") is None


async def test_a_target_that_is_changed_counts_from_then_on(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, handled_call())
    target = replace(ORDERS, service_level=ServiceLevel(60 * SECOND, 0.5))
    office.site = replace(office.site, queues={"orders": target})
    feed(keeper, handled_call(), 100)
    level = keeper.level("orders")
    assert level is not None
    assert (level.answered, level.within, level.level) == (2, 1, 0.5)


async def test_the_day_begins_at_the_site_s_midnight(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, abandoned_call())
    assert keeper.today((QUEUE, "orders")).abandoned == 1
    office.now = START + 24 * HOUR
    assert keeper.today((QUEUE, "orders")) == Counters()


async def test_the_last_minutes(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, abandoned_call())
    for minutes, still in ((15, 14), (30, 29), (60, 59)):
        office.now = START + still * 60 * SECOND
        assert keeper.lately((QUEUE, "orders"), minutes).abandoned == 1
        office.now = START + (minutes + 6) * 60 * SECOND
        assert keeper.lately((QUEUE, "orders"), minutes).abandoned == 0


async def test_the_last_quarters_of_an_hour(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, abandoned_call())
    quarter = 15 * 60 * SECOND
    first = START // quarter * quarter
    for later in range(4):
        office.now = first + (later + 1) * quarter - SECOND
        rows = keeper.in_quarters((QUEUE, "orders"), 3)
        assert [since for since, _, _ in rows] == [first + (later - 2 + n) * quarter for n in range(3)]
        assert all(until - since == quarter for since, until, _ in rows)
        assert [counters.abandoned for _, _, counters in rows] == [int(n + later == 2) for n in range(3)]


def left(number: int, at: int) -> list[Turn]:
    work = f"w{number}"
    return [
        Turn(0, at, "", WorkQueued(work, "i", Medium.VOICE, "orders"), (), Changes()),
        Turn(0, at + SECOND, "", CustomerLeft(work), (CloseWork(work, "i", Outcome.ABANDONED),), Changes()),
    ]


async def test_periods_from_sql_and_memory_together(office: Office) -> None:
    """Three days, one abandon in each, two on the last."""
    keeper = await office.begun()
    sequence = 1
    for number in range(4):
        office.now = START + (number * 24 - (number == 3) * 24 + number) * HOUR
        feed(keeper, left(number, office.now), sequence)
        sequence += 2
        keeper.save_soon()
        await keeper._checkpoint()
    restarted = office.keeper()
    await restarted.begin(Shelf(), structs.replace(EMPTY, applied=sequence - 1))
    zone_day = date(2023, 11, 17)  # Shanghai's, of the last ones
    for each in (keeper, restarted):
        (day,) = await each.table(QUEUE, Period.DAY, zone_day, Step.NONE)
        assert (day.name, day.counters.abandoned) == ("orders", 2)
        (week,) = await each.table(QUEUE, Period.WEEK, None, Step.NONE)
        assert week.counters.abandoned == 4
        by_day = await each.table(QUEUE, Period.MONTH, zone_day, Step.DAY)
        assert [row.counters.abandoned for row in by_day] == [1, 1, 2]
        assert all(row.until - row.since == 24 * HOUR for row in by_day)
        by_hour = await each.table(QUEUE, Period.TODAY, None, Step.HOUR)
        assert [row.counters.arrived for row in by_hour] == [1, 1]
        (lately,) = await each.table(QUEUE, Period.QUARTER, None, Step.NONE)
        assert (lately.counters.abandoned, lately.until - lately.since) == (1, 15 * 60 * SECOND + SLOT_US)
        assert await each.table(QUEUE, Period.DAY, date(2023, 11, 1), Step.NONE) == []
    with pytest.raises(TooManyRowsError):
        await keeper.table(QUEUE, Period.MONTH, None, Step.QUARTER)


async def test_of_a_long_day_hours_are_kept_by_slots_and_the_rest_as_its_sum(office: Office) -> None:
    office.now = midnight = office.keeper()._midnight(START)
    keeper, sequence = await office.begun(), 1
    for number in range(30):
        office.now = midnight + number * 20 * 60 * SECOND + SECOND
        feed(keeper, left(number, office.now), sequence)
        sequence += 2
        await keeper._checkpoint()
        await keeper._checkpoint()
    restarted = office.keeper()
    await restarted.begin(Shelf(), structs.replace(EMPTY, applied=sequence - 1))
    for each in (keeper, restarted):
        assert each.today((QUEUE, "orders")).abandoned == each.today((MEDIUM, "voice")).abandoned == 30
        assert each.lately((QUEUE, "orders"), 240).abandoned == 13
        assert len(each._statistics.slots._past) <= 13
        assert (each._statistics.slots.first() or 0) == midnight
        hours = await each.table(QUEUE, Period.TODAY, None, Step.HOUR)
        assert [row.counters.abandoned for row in hours] == [3] * 10
    office.now = midnight + 25 * HOUR
    await keeper._checkpoint()
    assert keeper.today((QUEUE, "orders")) == Counters()
    # Further west the day began later: its sum comes from SQL.
    office.now = midnight + 10 * HOUR
    await restarted._checkpoint()
    office.site = replace(office.site, time_zone=WEST)
    await restarted._checkpoint()
    assert restarted._midnight(office.now) == midnight + 3 * HOUR
    assert restarted.today((QUEUE, "orders")).abandoned == 21


async def test_what_was_counted_before_a_long_break_is_not_overwritten(office: Office) -> None:
    """The journal has turns that no checkpoint has, of a slot that is older than what memory keeps."""
    keeper = await office.begun()
    feed(keeper, left(1, START))
    await keeper._checkpoint()
    office.now = START + 9 * HOUR
    turns = [structs.replace(each, sequence=3 + at) for at, each in enumerate(left(2, START + 5 * SECOND))]
    after = office.keeper()
    await after.begin(Shelf(turns), structs.replace(EMPTY, applied=4))
    assert (await after._store.sums(QUEUE, 0, 2**60))["orders"].abandoned == 2


def walked(seed: int) -> tuple[list[Turn], ShardImage]:
    """Turns of a random walk, and the rows that a store would have after them."""
    walk = Walk(seed, agents=6, queues=4, skills=3)
    for _ in range(700):
        walk.step()
    turns = [
        Turn(number, START + now, "walk", event or TimePassed(), tuple(commands), Changes())
        for number, (event, now, commands) in enumerate(walk.trace, 1)
    ]
    return turns, structs.replace(walk.world.store.image("v", 0), applied=len(turns))


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_at_any_moment_the_numbers_are_those_of_one_that_ran_through(office: Office, seed: int) -> None:
    """A kill loses what is in memory: the next keeper has the last checkpoint, and the journal to where it stands."""
    turns, image = walked(seed)
    random, through = Random(seed), Office(await Database.open("sqlite+aiosqlite://"))
    whole, keeper = await through.begun(), await office.begun()
    for each in turns:
        office.now = through.now = each.now
        whole.observe(each)
        keeper.observe(each)
        if random.random() < 0.02:
            await keeper._checkpoint()
    reader = office.keeper()
    shelf = Shelf(turns)
    await reader.begin(shelf, image)
    assert shelf.reads < 5
    for kind in SUBJECTS:
        for name in whole._statistics.subjects(kind):
            assert reader.today((kind, name)) == whole.today((kind, name)), (kind, name)
    await through.database.close()


async def test_a_journal_that_was_begun_anew_or_cut(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, handled_call())
    await keeper._checkpoint()
    anew = office.keeper()
    await anew.begin(Shelf(), structs.replace(EMPTY, applied=3))
    assert anew.today((QUEUE, "orders")).answered == 1
    feed(anew, abandoned_call(), 4)
    assert anew.today((QUEUE, "orders")).abandoned == 1
    cut = office.keeper()
    await cut.begin(Shelf(), structs.replace(EMPTY, applied=500))
    assert cut.today((QUEUE, "orders")).answered == 1


async def test_a_database_that_is_away_loses_nothing(office: Office, tmp_path: Path) -> None:
    keeper = await office.begun()
    feed(keeper, abandoned_call())
    good, bad = keeper._store, await migrated(tmp_path / "bad.sqlite")
    async with bad.write() as connection:
        await connection.exec_driver_sql("DROP TABLE statistics_slots")
    keeper._store = StatisticsStore(bad)
    task = asyncio.create_task(keeper.run())
    keeper.save_soon()
    async with asyncio.timeout(30):
        while keeper._wake.is_set() or not keeper._statistics.slots._dirty:
            await asyncio.sleep(0.005)
    keeper._store = good
    keeper.close()
    await asyncio.wait_for(task, 30)
    assert (await good.sums(QUEUE, 0, 2**60))["orders"].abandoned == 1
    await bad.close()


async def test_a_checkpoint_is_written_elsewhere_or_here(office: Office) -> None:
    """Here is the way out when the other process is gone, and then with all that was counted meanwhile."""
    told: list[bytes] = []
    keeper = StatisticsKeeper(StatisticsStore(office.database), lambda: office.site, lambda: office.now, elsewhere=None)
    await keeper.begin(Shelf(), EMPTY)
    store = StatisticsStore(office.database)

    async def writes(checkpoint: bytes) -> bool:
        told.append(checkpoint)
        await store.save(*decode_checkpoint(checkpoint))
        return True

    async def fails(checkpoint: bytes) -> bool:
        feed(keeper, left(2, START + 10 * SECOND), 3)
        return False

    keeper._elsewhere = writes
    feed(keeper, left(1, START))
    await keeper._checkpoint()
    assert len(told) == 1
    state, slots = await store.load(0)
    assert (state.position, _abandoned(slots)) == (2, 1)
    keeper._elsewhere = fails
    keeper.save_soon()
    await keeper._checkpoint()
    state, slots = await store.load(0)
    assert (state.position, _abandoned(slots)) == (4, 2)


def _abandoned(slots: Slots) -> int:
    return sum(each.abandoned for each in slots[QUEUE, "orders"].values())


async def test_time_of_a_quiet_agent_reaches_the_database_within_some_checkpoints(office: Office) -> None:
    keeper = await office.begun()
    feed(keeper, handled_call())
    office.now = START + 3 * HOUR
    feed(keeper, left(1, office.now), 100)
    for _ in range(SETTLED_IN + 1):
        await keeper._checkpoint()
    _, slots = await StatisticsStore(office.database).load(0)
    assert sum(each.idle_us for each in slots[AGENT, "anna"].values()) > 2 * HOUR


async def test_a_node_that_does_not_own_the_shard_writes_nothing_and_keeps_what_an_owner_would(
    office: Office,
) -> None:
    keeper = await office.begun()
    keeper.owning = lambda: False
    feed(keeper, handled_call())
    office.now = START + 48 * HOUR
    feed(keeper, left(1, office.now), 100)
    for _ in range(SETTLED_IN + 1):
        await keeper._checkpoint()
    assert (keeper._statistics.slots.first() or 0) >= keeper._midnight(office.now)
    assert (await StatisticsStore(office.database).load(0))[1] == {}
    keeper.owning = lambda: True
    await keeper._checkpoint()
    assert _abandoned((await StatisticsStore(office.database).load(0))[1]) == 1


async def test_an_owner_that_was_deposed_does_not_overwrite_its_successor_s_numbers(office: Office) -> None:
    deposed, successor = await office.begun(), await office.begun()
    feed(deposed, left(1, START))
    feed(successor, [*left(1, START), *left(2, START)])
    await successor._checkpoint()
    await deposed._checkpoint()
    state, slots = await StatisticsStore(office.database).load(0)
    assert (state.position, _abandoned(slots)) == (4, 2)
    feed(deposed, [*left(2, START), *left(3, START)], 3)
    await deposed._checkpoint()
    state, slots = await StatisticsStore(office.database).load(0)
    assert (state.position, _abandoned(slots)) == (6, 3), "what was not written is not forgotten"
