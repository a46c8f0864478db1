"""Who comes, and what they had before: in one transaction."""

from pathlib import Path

import pytest

from records.customers import Customers
from records.database import Database, sqlite_url
from records.meetings import Meetings, _earlier
from records.merging import Merges
from records.notes import Notes
from records.projector import Projector
from tests.records.turns import START, opened, turn

NUMBER = "+3225550100"


async def test_a_new_customer_has_nothing_before_and_is_known_from_then_on(database: Database) -> None:
    meetings = Meetings(database)
    await Projector(database).apply([turn(1, 0, opened("i1")), turn(2, 1, opened("i2"))])
    customer, earlier = await meetings.meet("i1", "phone", NUMBER, False, START, 5)
    assert earlier == ()
    again, earlier = await meetings.meet("i2", "phone", NUMBER, False, START, 5)
    assert again == customer == await Customers(database).identify("phone", NUMBER, verified=False, now=START)
    assert [(each.record.id, each.record.customer_id, each.note) for each in earlier] == [("i1", customer, None)]


async def test_what_was_before_is_newest_first_with_the_last_note_of_each(database: Database) -> None:
    meetings, notes = Meetings(database), Notes(database)
    for number in range(5):
        await Projector(database).apply([turn(number + 1, number, opened(f"i{number}"))])
        customer, _ = await meetings.meet(f"i{number}", "phone", NUMBER, False, START + number, 5)
    for text in ("first", "last"):
        await notes.add("i2", "anna", text, START)
    earlier = await meetings.earlier(customer, "i4", 3)
    assert [(each.record.id, each.note) for each in earlier] == [("i3", None), ("i2", "last"), ("i1", None)]


async def test_who_was_merged_has_the_same_past(database: Database) -> None:
    meetings = Meetings(database)
    await Projector(database).apply([turn(1, 0, opened("i1")), turn(2, 1, opened("i2")), turn(3, 2, opened("i3"))])
    one, _ = await meetings.meet("i1", "phone", NUMBER, False, START, 5)
    two, _ = await meetings.meet("i2", "phone", "+3225550101", False, START, 5)
    await Merges(database).merge(one, two, "ada", 9)
    _, earlier = await meetings.meet("i3", "phone", "+3225550101", True, START, 5)
    assert [each.record.id for each in earlier] == ["i2", "i1"]
    assert not any(identity.unverified for identity in await Customers(database).own_identities(two))


@pytest.mark.parametrize("page", [5, 200])
async def test_the_past_is_found_without_going_through_everybodys(tmp_path: Path, page: int) -> None:
    """As many as there are, SQLite looks at those of the customer alone."""
    database = await Database.open(sqlite_url(tmp_path / "records.db"))
    asked: list[str] = []

    def keep(text: str) -> None:
        asked.append(text)

    async with database.read() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.set_trace_callback(keep)
        await connection.run_sync(_earlier, "c1", "i1", page)
        await driver.set_trace_callback(None)
        (statement,) = [text for text in asked if "FROM interactions" in text]
        steps = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
        plan = [row["detail"] for row in steps.mappings()]
    await database.close()
    assert any(step.startswith("SEARCH interactions ") for step in plan), plan
    assert not any(step.startswith("SCAN interactions") for step in plan), plan
