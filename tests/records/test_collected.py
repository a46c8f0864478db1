"""What menus collect: one transaction for many, and nobody's is lost or mixed up."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from records import collected
from records.collected import Collected
from records.database import Database
from records.tables import interaction_data


async def _kept(database: Database) -> dict[tuple[str, str], str]:
    async with database.read() as connection:
        rows = await connection.execute(select(interaction_data))
        return {(row.interaction_id, row.name): row.value for row in rows}


async def test_those_who_come_together_are_kept_in_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    keep_rows = collected.keep_rows

    def counted(connection: Connection, rows: list[dict[str, Any]]) -> None:
        written.append(len(rows))
        keep_rows(connection, rows)

    monkeypatch.setattr(collected, "keep_rows", counted)
    menus = Collected(database)
    firsts = [menus.put(f"i{n % 4}", {"digit": str(n), "path": "a > b"}, n) for n in range(8)]
    assert firsts == [True, *[False] * 7]
    await menus.write()
    assert written == [16]
    assert (await _kept(database))["i3", "digit"] == "7", "the later value of a name"
    assert menus.put("i9", {"digit": "1"}, 9)
    await menus.write()
    assert written == [16, 1]
    assert len(await _kept(database)) == 9


async def test_whoever_comes_while_a_lot_is_written_is_of_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    menus, keep_rows = Collected(database), collected.keep_rows
    loop = asyncio.get_running_loop()
    firsts: list[bool] = []
    came = asyncio.Event()

    def slow(connection: Connection, rows: list[dict[str, Any]]) -> None:
        loop.call_soon_threadsafe(come)
        keep_rows(connection, rows)

    def come() -> None:
        firsts.append(menus.put("i2", {"digit": "2"}, 1))
        came.set()

    monkeypatch.setattr(collected, "keep_rows", slow)
    menus.put("i1", {"digit": "1"}, 1)
    await menus.write()
    await came.wait()
    assert firsts == [True]
    await menus.write()
    assert await _kept(database) == {("i1", "digit"): "1", ("i2", "digit"): "2"}


async def test_a_lot_that_fails_is_told_of_and_the_next_one_is_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_connection: Connection, _rows: object) -> None:
        raise SQLAlchemyError("away")

    menus = Collected(database)
    with monkeypatch.context() as patched:
        patched.setattr(collected, "keep_rows", away)
        menus.put("i1", {"a": "b"}, 1)
        with pytest.raises(SQLAlchemyError):
            await menus.write()
    assert menus.put("i3", {"a": "c"}, 1)
    await menus.write()
    assert await _kept(database) == {("i3", "a"): "c"}
