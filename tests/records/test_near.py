"""Transactions in a thread: what waits goes together, and what is wrong with one is nobody else's trouble."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from records.database import Database, sqlite_url
from records.tables import customers


def kept(name: str) -> Callable[[Connection], None]:
    """A work that keeps a customer."""

    def work(connection: Connection) -> None:
        connection.execute(insert(customers), {"id": name, "created_at": 1})

    return work


async def names(database: Database) -> set[str]:
    """Who is kept."""
    async with database.read() as connection:
        return set((await connection.execute(select(customers.c.id))).scalars())


async def test_what_waits_is_one_transaction(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    begun: list[int] = []
    gate = threading.Event()

    def first(_: Connection) -> None:
        assert gate.wait(30)

    def counted(connection: Connection) -> None:
        # The file that another connection sees has none of them until all are committed.
        with sqlite3.connect(tmp_path / "records.db") as other:
            begun.append(other.execute("SELECT count(*) FROM customers").fetchone()[0])
        kept(f"c{len(begun)}")(connection)

    works = [asyncio.ensure_future(database.at_once(work)) for work in (first, counted, counted, counted)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*works)
    assert begun == [0, 0, 0]
    assert await names(database) == {"c1", "c2", "c3"}
    await database.close()


async def test_what_is_wrong_with_one_is_nobody_elses_trouble(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    works = [database.at_once(kept(name)) for name in ("a", "b", "b", "c")]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(each, IntegrityError) for each in found] == [False, False, True, False]
    assert await names(database) == {"a", "b", "c"}
    await database.close()


async def test_who_has_gone_is_kept_all_the_same(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    gone, stayed = (asyncio.ensure_future(database.at_once(kept(name))) for name in ("gone", "stayed"))
    await asyncio.sleep(0)
    gone.cancel()
    await stayed
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await names(database) == {"gone", "stayed"}
    await database.close()


async def test_more_than_one_transaction_takes(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    await asyncio.gather(*(database.at_once(kept(f"c{number}")) for number in range(200)))
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(customers))).scalar_one() == 200
    await database.close()


async def test_statement_by_statement_has_its_turn_among_them(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    order: list[str] = []

    async def near(name: str) -> None:
        await database.at_once(kept(name))
        order.append(name)

    async def far(name: str) -> None:
        async with database.write() as connection:
            await connection.execute(insert(customers), {"id": name, "created_at": 1})
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(near(f"near {number}"))
            group.create_task(far(f"far {number}"))
    assert len(await names(database)) == 10
    assert [each for each in order if each.startswith("far")] == [f"far {number}" for number in range(5)]
    await database.close()
