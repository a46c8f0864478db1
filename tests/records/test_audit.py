"""The audit log: paging, teams, and that a changed row shows."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, update

from records.audit import Audit, Intervention
from records.database import Database
from records.tables import audit_entries


def intervention(number: int, *teams: str, **changes: Any) -> Intervention:
    values: dict[str, Any] = {
        "at": number,
        "by": "sam",
        "role": "supervisor",
        "action": "set_presence",
        "subject": "agent:anna",
        "before": {"presence": "ready"},
        "after": {"presence": "not_ready", "reason": None, "n": number},
        "teams": teams,
    }
    return Intervention(**{**values, **changes})


async def test_pages_newest_first_and_by_team(database: Database) -> None:
    audit = Audit(database)
    for number in range(1, 6):
        await audit.add(intervention(number, "first" if number % 2 else "second", "both"))
    assert [entry.id for entry in await audit.page(2)] == [5, 4]
    assert [entry.id for entry in await audit.page(9, before=4)] == [3, 2, 1]
    assert [entry.id for entry in await audit.page(9, teams=["first"])] == [5, 3, 1]
    assert [entry.id for entry in await audit.page(9, teams=["first", "both"])] == [5, 4, 3, 2, 1]
    assert await audit.page(9, teams=[]) == ()
    newest = (await audit.page(1))[0]
    assert (newest.by, newest.before, newest.after["n"]) == ("sam", {"presence": "ready"}, 5)


async def test_many_at_once_make_one_chain(database: Database) -> None:
    audit = Audit(database)
    ids = await asyncio.gather(*(audit.add(intervention(number)) for number in range(20)))
    assert sorted(ids) == list(range(1, 21))
    assert await audit.first_broken() is None


@pytest.mark.parametrize("change", [{"by": "eve"}, {"after": {"presence": "ready"}}, {"comment": "it was like that"}])
async def test_a_changed_row_shows(database: Database, change: dict[str, Any]) -> None:
    audit = Audit(database)
    for number in range(4):
        await audit.add(intervention(number))
    async with database.write() as connection:
        await connection.execute(update(audit_entries).where(audit_entries.c.id == 2).values(**change))
    assert await audit.first_broken() == 2


async def test_a_row_that_was_taken_out_shows(database: Database) -> None:
    audit = Audit(database)
    for number in range(4):
        await audit.add(intervention(number))
    async with database.write() as connection:
        await connection.execute(delete(audit_entries).where(audit_entries.c.id == 2))
    assert await audit.first_broken() == 2
