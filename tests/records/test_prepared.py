"""Statements that SQLite's own driver runs: the same rows and the same errors as by SQLAlchemy, on every database."""

import sqlite3
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database, replacing
from records.prepared import Prepared, among
from records.tables import customers, identities, interaction_data

BOTH = ("id", "created_at")
OLDER = Prepared(
    lambda _: (
        select(customers.c.id, customers.c.created_at)
        .where(customers.c.created_at < bindparam("before"))
        .order_by(customers.c.id)
        .limit(bindparam("most"))
    )
)
NEW = Prepared(lambda _: insert(customers), BOTH)
KEEP = Prepared(lambda dialect: replacing(dialect, interaction_data))


def made(number: int) -> dict[str, object]:
    return {"id": f"c{number}", "created_at": number}


async def older(database: Database) -> list[tuple[str, int]]:
    found = await database.at_once(lambda connection: OLDER.rows(connection, {"before": 4, "most": 2}))
    return [tuple(row) for row in found]


async def test_what_was_written_is_read(database: Database) -> None:
    await database.at_once(lambda connection: NEW.many(connection, [made(3), made(1), made(2), made(4)]))
    assert await older(database) == [("c1", 1), ("c2", 2)]


async def test_values_of_the_statements_own_are_given_with_it(database: Database) -> None:
    """SQLAlchemy makes parameters of them."""
    newer = Prepared(lambda _: update(customers).where(customers.c.created_at > 2).values(created_at=9))
    await database.at_once(lambda connection: NEW.many(connection, [made(1), made(3)]))
    assert await database.at_once(lambda connection: newer.run(connection, {})) == 1
    assert await older(database) == [("c1", 1)]


async def test_a_value_that_is_missing_is_a_mistake_of_the_callers(database: Database) -> None:
    with pytest.raises((sqlite3.ProgrammingError, StatementError)):
        await database.at_once(lambda connection: OLDER.rows(connection, {"before": 4}))


async def test_it_is_known_how_many_rows_were_changed(database: Database) -> None:
    assert await database.at_once(lambda connection: NEW.run(connection, made(1))) == 1


async def test_the_last_of_two_values_stands(database: Database) -> None:
    row = {"interaction_id": "i1", "name": "order", "value": "first", "at": 1}
    await database.at_once(lambda connection: KEEP.many(connection, [row, {**row, "value": "second"}]))
    async with database.read() as connection:
        assert (await connection.execute(select(interaction_data.c.value))).scalars().all() == ["second"]


def twice(connection: Connection) -> None:
    NEW.run(connection, made(1))
    NEW.run(connection, made(1))


def together(connection: Connection) -> None:
    NEW.many(connection, [made(1), made(1)])


@pytest.mark.parametrize("work", [twice, together])
async def test_what_the_tables_do_not_allow_is_told_as_ever_and_nothing_is_kept(
    database: Database, work: Callable[[Connection], None]
) -> None:
    with pytest.raises(IntegrityError):
        await database.at_once(work)
    assert await older(database) == []


async def test_a_connection_of_the_loop_runs_them_too(database: Database) -> None:
    async def all_of_it(connection: AsyncConnection) -> list[tuple[str, int]]:
        await connection.run_sync(NEW.run, made(1))
        return [tuple(row) for row in await connection.run_sync(OLDER.rows, {"before": 4, "most": 2})]

    async with database.write() as connection:
        assert await all_of_it(connection) == [("c1", 1)]


async def test_a_list_is_one_value_however_long_it_is(database: Database) -> None:
    these = Prepared(
        lambda dialect: select(customers.c.id).where(among(dialect, customers.c.id, "these")).order_by(customers.c.id),
        lists=("these",),
    )
    await database.at_once(lambda connection: NEW.many(connection, [made(number) for number in range(1, 5)]))
    for asked, found in ((["c4", "c1", 'c"9'], ["c1", "c4"]), (["c2"], ["c2"]), ([], [])):
        rows = await database.at_once(partial(these.rows, values={"these": asked}))
        assert [row[0] for row in rows] == found
    async with database.write() as connection:
        assert [row[0] for row in await connection.run_sync(these.rows, {"these": ["c3"]})] == ["c3"]


def test_a_column_that_would_have_to_be_converted_is_refused() -> None:
    """A truth value comes out of SQLite as a number."""
    statement = Prepared(lambda _: select(identities.c.id, identities.c.unverified))
    with pytest.raises(TypeError, match="unverified"):
        assert statement.prepared
