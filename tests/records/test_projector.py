"""The projector on a real file: exactly once, however the entries are cut and repeated."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy import text as sql
from structlog.testing import capture_logs

from records import projector as projector_module
from records.database import Database
from records.projection_tables import interactions, offers, projector_positions, steps
from records.projector import BATCH, SMALLEST, Projector, projected_as
from router.rows import Turn
from tests.records.transfers import handed_on
from tests.records.turns import abandoned_call, handled_call, lost_node, opened, turn

TABLES = (interactions, offers, steps, projector_positions)


async def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    async with database.read() as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key))
        return [dict(row) for row in found.mappings()]


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    return {table.name: await rows(database, table) for table in TABLES}


async def test_projects_and_remembers_the_position(database: Database) -> None:
    projector = Projector(database)
    assert await projector.position() == 0
    assert await projector.apply(handled_call()) == 14
    assert await Projector(database).position() == 14
    assert len(await rows(database, steps)) == 16
    assert [row["state"] for row in await rows(database, interactions)] == ["closed"]
    assert [row["reservation_id"] for row in await rows(database, offers)] == ["r1", "r2", "r3"]


async def test_a_second_replay_changes_nothing(database: Database) -> None:
    await Projector(database).apply(handled_call())
    before = await everything(database)
    assert await Projector(database).apply(handled_call()) == 14
    assert await everything(database) == before


@pytest.mark.parametrize("size", [1, 2, 5, 13])
@pytest.mark.parametrize("turns", [handled_call, handed_on])
async def test_the_cut_into_batches_does_not_matter(
    database: Database, turns: Callable[[], list[Turn]], size: int
) -> None:
    """Each piece also repeats the one before, as after a crash between commit and acknowledgement."""
    whole = turns()
    projector = Projector(database)
    for start in range(0, len(whole), size):
        await projector.apply(whole[max(0, start - size) : start + size])
    in_pieces = await everything(database)
    async with database.write() as connection:
        for table in TABLES:
            await connection.execute(table.delete())
    await projector.apply(whole)
    assert await everything(database) == in_pieces


async def test_a_failure_leaves_neither_rows_nor_position(database: Database) -> None:
    class BrokenError(Exception):
        pass

    class Broken:
        sequence, now, cause, commands = 15, 0, "", ()

        @property
        def event(self) -> Any:
            raise BrokenError

    projector = Projector(database)
    with pytest.raises(BrokenError):
        await projector.apply([*handled_call(), Broken()])
    assert await projector.position() == 0
    assert await rows(database, steps) == []


async def test_more_than_a_batch(database: Database) -> None:
    entries = [turn(number, number, opened(f"i{number}")) for number in range(1, 2 * BATCH + 10)]
    assert await Projector(database).apply(entries) == 2 * BATCH + 9
    assert len(await rows(database, interactions)) == 2 * BATCH + 9


async def test_batches_are_small_while_they_take_long(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for the database that long; how many turns it was is seen by the transactions."""
    entries = [turn(number, number, opened(f"i{number}")) for number in range(1, 2 * BATCH + 10)]
    sizes: list[int] = []
    at_once = database.at_once

    async def counted(work: partial[int]) -> int:
        sizes.append(len(work.args[0]))
        return await at_once(work)

    monkeypatch.setattr(database, "at_once", counted)
    projector = Projector(database)
    monkeypatch.setattr(projector_module, "BATCH_S", -1)
    assert await projector.apply(entries) == 2 * BATCH + 9
    assert sizes[:6] == [BATCH, BATCH // 2, BATCH // 4, BATCH // 8, BATCH // 16, SMALLEST]
    monkeypatch.setattr(projector_module, "BATCH_S", 3600)
    sizes.clear()
    more = [turn(number, number, opened(f"i{number}")) for number in range(2 * BATCH + 10, 3 * BATCH)]
    assert await projector.apply(more) == 3 * BATCH - 1
    assert sizes[:3] == [SMALLEST, 2 * SMALLEST, 4 * SMALLEST], "they grow again"


async def test_lost_node_reaches_interactions_of_earlier_batches(database: Database) -> None:
    projector = Projector(database)
    await projector.apply(lost_node()[:4])
    await projector.apply(lost_node()[4:])
    states = {row["id"]: row["state"] for row in await rows(database, interactions)}
    assert states == {"waiting": "closed", "menu": "closed", "elsewhere": "open"}


async def test_shards_have_positions_of_their_own(database: Database) -> None:
    await Projector(database, "a").apply(handled_call())
    await Projector(database, "b").apply(abandoned_call())
    assert (await Projector(database, "a").position(), await Projector(database, "b").position()) == (14, 4)


async def test_a_database_tells_whose_records_it_has(database: Database) -> None:
    await Projector(database, projected_as("south")).apply(handled_call())
    assert await Projector(database, projected_as("south")).others() == []
    assert await Projector(database, projected_as("s0")).others() == ["south"]
    assert projected_as("s0") == "main"


async def test_a_gap_in_the_journal_is_logged(database: Database) -> None:
    projector = Projector(database)
    await projector.apply(handled_call()[:3])
    with capture_logs() as logs:
        await projector.apply(handled_call()[5:])
    assert [(log["event"], log["position"], log["next"]) for log in logs] == [("journal_gap", 3, 6)]


async def test_nothing_to_do(database: Database) -> None:
    assert await Projector(database).apply([]) == 0


async def test_two_at_once_project_once(database: Database) -> None:
    first, second = Projector(database), Projector(database)
    await asyncio.gather(first.apply(handled_call()), second.apply(handled_call()))
    assert len(await rows(database, steps)) == 16


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_a_batch_touches_is_found_without_a_look_at_all(database: Database) -> None:
    """Others wait for the file meanwhile, and there may be millions."""
    for statement, names in (
        (projector_module._OFFERS, ("reservations", "interactions")),
        (projector_module._INTERACTIONS, ("interactions", "nodes")),
    ):
        text, given = statement.prepared
        async with database.read() as connection:
            plan = await connection.execute(sql(f"EXPLAIN QUERY PLAN {text}"), {**given, **dict.fromkeys(names, "[]")})
            looks = [row[3] for row in plan]
        assert not [look for look in looks if look.startswith(("SCAN offers", "SCAN interactions"))], looks
