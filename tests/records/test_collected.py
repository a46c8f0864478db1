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
    await asyncio.gather(*(menus.keep(f"i{n % 4}", {"digit": str(n), "path": "a > b"}, n) for n in range(8)))
    assert written == [16]
    assert (await _kept(database))["i3", "digit"] == "7", "the later value of a name"
    await menus.keep("i9", {"digit": "1"}, 9)
    assert written == [16, 1]
    assert len(await _kept(database)) == 9


async def test_who_is_cancelled_meanwhile_harms_nobody(database: Database) -> None:
    menus = Collected(database)
    gone = asyncio.create_task(menus.keep("i1", {"digit": "1"}, 1))
    stays = asyncio.create_task(menus.keep("i2", {"digit": "2"}, 1))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert await _kept(database) == {("i1", "digit"): "1", ("i2", "digit"): "2"}


async def test_a_failure_is_told_to_all_of_the_lot_and_the_next_lot_is_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_connection: Connection, _rows: object) -> None:
        raise SQLAlchemyError("away")

    menus = Collected(database)
    with monkeypatch.context() as patched:
        patched.setattr(collected, "keep_rows", away)
        ended = await asyncio.gather(*(menus.keep(f"i{n}", {"a": "b"}, 1) for n in (1, 2)), return_exceptions=True)
    assert [type(one) for one in ended] == [SQLAlchemyError, SQLAlchemyError]
    await menus.keep("i3", {"a": "c"}, 1)
    assert await _kept(database) == {("i3", "a"): "c"}
