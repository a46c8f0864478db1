"""Look-ups in a thread: nobody who writes is waited for, and what is wrong with one is nobody else's trouble."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from records.database import Database, sqlite_url
from records.tables import customers


def keep(connection: Connection) -> None:
    connection.execute(insert(customers), {"id": "c1", "created_at": 1})


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(customers.c.id)).scalars())


async def test_what_is_committed_is_seen(database: Database) -> None:
    assert await database.look(names) == []
    await database.at_once(keep)
    assert await database.look(names) == ["c1"]


async def test_nobody_who_writes_is_waited_for(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    await database.look(names)
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(database.at_once(keep))
    assert await asyncio.wait_for(database.look(names), 30) == []
    assert not writing.done()
    other.close()
    await writing
    assert await database.look(names) == ["c1"]
    await database.close()


async def test_what_comes_meanwhile_goes_together(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    gate, threads = threading.Event(), set[int]()

    def first(_: Connection) -> None:
        assert gate.wait(30)

    def wrong(_: Connection) -> None:
        threads.add(threading.get_ident())
        raise ValueError("this one alone")

    looks = [asyncio.ensure_future(database.look(work)) for work in (first, names, wrong, names)]
    await asyncio.sleep(0)
    looks[1].cancel()
    gate.set()
    found = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(each) for each in found] == [type(None), asyncio.CancelledError, ValueError, list]
    assert threads != {threading.get_ident()}
    await database.close()


async def test_it_is_for_reading_alone(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    with pytest.raises(DBAPIError, match="readonly"):
        await database.look(keep)
    assert await database.look(names) == []
    await database.close()
