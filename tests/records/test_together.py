"""Pieces of work of many in one transaction: each has its own result, and its own mistake."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from records import together as module
from records.database import Database
from records.tables import customers
from records.together import Together
from tests.waiting import until


class Counted:
    """A database that counts transactions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.lots = 0

    async def at_once(self, work: Any) -> Any:
        self.lots += 1
        return await self.database.at_once(work)

    async def made(self) -> list[str]:
        async with self.database.read() as connection:
            return sorted((await connection.execute(select(customers.c.id))).scalars())


@pytest.fixture
def counted(database: Database) -> Counted:
    return Counted(database)


def _make(name: str) -> Any:
    def work(connection: Connection) -> str:
        connection.execute(insert(customers).values(id=name, created_at=1))
        return name

    return work


async def test_those_who_come_together_share_a_transaction_and_each_has_its_own_result(counted: Counted) -> None:
    together = Together(counted)
    assert await asyncio.gather(*(together.do(_make(f"c{n}")) for n in range(4))) == ["c0", "c1", "c2", "c3"]
    assert counted.lots == 1
    assert await together.do(_make("c4")) == "c4", "and the next lot is another one"
    assert (counted.lots, len(await counted.made())) == (2, 5)


async def test_who_is_in_a_hurry_waits_for_nobody(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_S", 3_600)
    together = Together(counted)
    together.hurry()  # nobody has come yet
    first, second = (asyncio.create_task(together.do(_make(name))) for name in ("c1", "c2"))
    await asyncio.sleep(0)
    assert not first.done()
    together.hurry()
    assert [await asyncio.wait_for(one, 30) for one in (first, second)] == ["c1", "c2"]
    later = asyncio.create_task(together.do(_make("c3")))
    await asyncio.sleep(0)
    assert not later.done(), "the hurry was the others'"
    together.hurry()
    await asyncio.wait_for(later, 30)


async def test_what_is_wrong_with_one_is_told_to_that_one_alone(counted: Counted) -> None:
    together = Together(counted)
    await together.do(_make("c1"))
    pieces = [together.do(_make(name)) for name in ("c2", "c1", "c3")]
    kept, refused, too = await asyncio.gather(*pieces, return_exceptions=True)
    assert (kept, too) == ("c2", "c3")
    assert isinstance(refused, IntegrityError)
    assert await counted.made() == ["c1", "c2", "c3"]


async def test_nobody_waits_for_ever_for_one_who_was_cancelled(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 3_600)
    together = Together(counted)
    first, second = (asyncio.create_task(together.do(_make(name))) for name in ("c1", "c2"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first, second}, timeout=30)
    assert (first.cancelled(), second.cancelled()) == (True, True)
    again = asyncio.create_task(together.do(_make("c3")))
    await until(lambda: len(together._gathered) == 1)
    together.hurry()
    assert await asyncio.wait_for(again, 30) == "c3"
