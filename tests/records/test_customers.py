"""Customers and their identities."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from records.customers import Customers, Identity
from records.database import Database
from records.interactions import Interactions
from records.projector import Projector
from records.tables import customers, interaction_data
from tests.records.turns import START, opened, turn


async def test_the_same_identity_is_the_same_customer(database: Database) -> None:
    found = Customers(database)
    first = await found.identify("phone", "+3225550100", verified=True, now=1)
    assert await found.identify("phone", "+3225550100", verified=True, now=2) == first
    assert await found.identify("email", "+3225550100", verified=True, now=3) != first


async def test_verified_stays_verified(database: Database) -> None:
    found = Customers(database)
    customer = await found.identify("phone", "1", verified=False, now=1)
    assert await found.identities(customer) == (Identity("phone", "1", unverified=True),)
    await found.identify("phone", "1", verified=True, now=2)
    await found.identify("phone", "1", verified=False, now=3)
    assert await found.identities(customer) == (Identity("phone", "1", unverified=False),)


async def test_a_race_makes_one_customer(database_url: str) -> None:
    """Two servers on one database, twenty calls from one number at once."""
    databases = [await Database.open(database_url), await Database.open(database_url)]
    calls = [Customers(databases[n % 2]).identify("phone", "1", verified=False, now=n) for n in range(20)]
    assert len(set(await asyncio.gather(*calls))) == 1
    async with databases[0].read() as connection:
        assert (await connection.execute(select(func.count()).select_from(customers))).scalar() == 1
    for database in databases:
        await database.close()


async def test_attach_may_come_before_the_record(database: Database) -> None:
    found = Customers(database)
    customer = await found.identify("phone", "1", verified=False, now=1)
    await found.attach("i1", customer, {"order": "A-17"}, START)
    await Projector(database).apply([turn(1, 0, opened())])
    record = await Interactions(database).record("i1")
    assert record is not None
    assert record.customer_id == customer


async def test_attach_again_replaces(database: Database) -> None:
    found = Customers(database)
    first = await found.identify("phone", "1", verified=False, now=1)
    second = await found.identify("phone", "2", verified=False, now=1)
    await found.attach("i1", first, {"order": "A-17", "wish": "refund"}, 1)
    await found.attach("i1", second, {"order": "A-18"}, 2)
    await Projector(database).apply([turn(1, 0, opened())])
    view = await Interactions(database).view("i1")
    assert view is not None
    assert (view.record.customer_id, view.data) == (second, {"order": "A-18", "wish": "refund"})


async def test_attach_to_nobody_keeps_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await Customers(database).attach("i1", "nobody", {"order": "A-17"}, 1)
    async with database.read() as connection:
        assert (await connection.execute(select(interaction_data))).all() == []


async def test_collect_needs_no_customer(database: Database) -> None:
    await Customers(database).collect("i1", {"order": "A-17"}, 1)
    await Projector(database).apply([turn(1, 0, opened())])
    view = await Interactions(database).view("i1")
    assert view is not None
    assert (view.record.customer_id, view.data, view.identities) == (None, {"order": "A-17"}, ())
