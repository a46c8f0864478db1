"""Merging is a pointer: the timeline is one, nothing moves, and taking it back restores exactly what was."""

import pytest
from sqlalchemy import select

from records.customers import Customers
from records.database import Database
from records.interactions import Filter, Interactions
from records.meetings import Meetings
from records.merging import Merge, MergeError, Merges
from records.projector import Projector
from records.tables import customers, identities, interaction_customers
from tests.records.turns import START, opened, turn


async def people(database: Database, count: int) -> list[str]:
    """So many customers, each with a number and an interaction."""
    made = Meetings(database)
    found = []
    for number in range(count):
        await Projector(database).apply([turn(number + 1, number, opened(f"i{number}"))])
        found.append((await made.meet(f"i{number}", "phone", f"+32255501{number:02}", True, START + number, 5))[0])
    return found


async def everything(database: Database) -> list[object]:
    """All that is kept of customers, merges aside."""
    async with database.read() as connection:
        tables = (identities, interaction_customers, customers)
        return [sorted(str(tuple(row)) for row in await connection.execute(select(table))) for table in tables]


async def timeline(database: Database, customer: str) -> list[str]:
    return [record.id for record in await Interactions(database).list(Filter(customer_id=customer))]


async def test_two_are_one_in_every_question(database: Database) -> None:
    one, two = await people(database, 2)
    merges, found = Merges(database), Customers(database)
    assert await merges.merge(one, two, "ada", 9) == Merge(two, one, 9, "ada")
    for each in (one, two):
        assert await timeline(database, each) == ["i1", "i0"]
        assert [identity.value for identity in await found.identities(each)] == ["+3225550100", "+3225550101"]
        assert await merges.root(each) == one
        assert await merges.members(each) == (Merge(two, one, 9, "ada"),)
    assert await found.find("+3225550101") == (one,)


async def test_what_comes_later_is_in_the_one_timeline_at_once(database: Database) -> None:
    one, two = await people(database, 2)
    await Merges(database).merge(one, two, "ada", 9)
    await Projector(database).apply([turn(9, 50, opened("i9"))])
    assert (await Meetings(database).meet("i9", "phone", "+3225550101", True, 99, 5))[0] == two
    assert await timeline(database, one) == ["i9", "i1", "i0"]


async def test_taking_it_back_restores_exactly_what_was(database: Database) -> None:
    one, two, three = await people(database, 3)
    before = await everything(database)
    merges = Merges(database)
    await merges.merge(two, three, "ada", 9)
    between = await everything(database)
    await merges.merge(one, two, "ada", 10)
    assert await timeline(database, three) == ["i2", "i1", "i0"]
    assert await merges.undo(two, "sam", 11) == Merge(two, one, 10, "ada")
    assert await everything(database) == between
    assert (await timeline(database, one), await timeline(database, two)) == (["i0"], ["i2", "i1"])
    await merges.undo(three, "sam", 12)
    assert await everything(database) == before
    assert await merges.members(two) == ()
    await merges.merge(three, two, "ada", 13)
    assert await timeline(database, two) == ["i2", "i1"], "and again, the other way round"


async def test_one_who_was_merged_stands_for_all_when_merged_again(database: Database) -> None:
    one, two, three = await people(database, 3)
    merges = Merges(database)
    await merges.merge(one, two, "ada", 9)
    assert await merges.merge(three, two, "ada", 10) == Merge(one, three, 10, "ada"), "the group goes as a whole"
    assert await timeline(database, two) == ["i2", "i1", "i0"]


async def test_what_cannot_be(database: Database) -> None:
    one, two = await people(database, 2)
    merges = Merges(database)
    for pair, code in (((one, one), "same_customer"), ((one, "nobody"), "unknown_customer")):
        with pytest.raises(MergeError, match=code):
            await merges.merge(*pair, "ada", 9)
    with pytest.raises(MergeError, match="not_merged"):
        await merges.undo(one, "ada", 9)
    await merges.merge(one, two, "ada", 9)
    with pytest.raises(MergeError, match="same_customer"):
        await merges.merge(two, one, "ada", 10)
    assert await merges.root("nobody") is None


async def test_an_agent_who_saw_one_of_them_sees_all(database: Database) -> None:
    one, two = await people(database, 2)
    await Projector(database).apply([])
    asked = Interactions(database)
    assert not await asked.offered_customer(one, "anna")
    await Merges(database).merge(one, two, "ada", 9)
    assert await asked.offered_customer(one, "anna") == await asked.offered_customer(two, "anna")
