"""What every call and chat begins with: who it is, and what was before; one transaction, one way to the database."""

from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import Connection, bindparam, select

from records.customers import attached, identified
from records.database import Database
from records.interactions import InteractionRecord, records_of_group
from records.merging import group
from records.projection_tables import interactions
from records.tables import notes

_FIELDS: Final = tuple(field.name for field in fields(InteractionRecord))
# Made once: to build these takes longer than to run them.
_EARLIER = (
    records_of_group(group(bindparam("customer")))
    .where(interactions.c.id != bindparam("own"))
    .order_by(interactions.c.opened_at.desc(), interactions.c.id.desc())
    .limit(bindparam("most"))
)
_NOTES = (
    select(notes.c.interaction_id, notes.c.text)
    .where(notes.c.interaction_id.in_(bindparam("interactions", expanding=True)))
    .order_by(notes.c.id)
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier interaction of the same customer, with the last note that an agent left."""

    record: InteractionRecord
    note: str | None


class Meetings:
    """Customers as they come."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def meet(
        self, interaction_id: str, kind: str, value: str, verified: bool, now: int, most: int
    ) -> tuple[str, tuple[Earlier, ...]]:
        """`Customers.identify` and `attach`; with the customer's id what they had before, newest first."""

        def work(connection: Connection) -> tuple[str, tuple[Earlier, ...]]:
            customer_id, new = identified(connection, kind, value, verified, now)
            attached(connection, interaction_id, customer_id)
            return customer_id, () if new else _earlier(connection, customer_id, interaction_id, most)

        return await self._database.at_once(work)

    async def earlier(self, customer_id: str, interaction_id: str, most: int) -> tuple[Earlier, ...]:
        """What this customer, or who is one with them, had beside this interaction, newest first."""
        async with self._database.read() as connection:
            return await connection.run_sync(_earlier, customer_id, interaction_id, most)


def _earlier(connection: Connection, customer_id: str, own: str, most: int) -> tuple[Earlier, ...]:
    found = connection.execute(_EARLIER, {"customer": customer_id, "own": own, "most": most})
    records = [InteractionRecord(**dict(zip(_FIELDS, row, strict=True))) for row in found]
    if not records:
        return ()
    said = {
        row.interaction_id: row.text
        for row in connection.execute(_NOTES, {"interactions": [each.id for each in records]})
    }
    return tuple(Earlier(record, said.get(record.id)) for record in records)
