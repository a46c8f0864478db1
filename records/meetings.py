"""What every call and chat begins with: who it is, and what was before; each is one way to the database."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Final

from sqlalchemy import Connection, String, bindparam, select

from records.customers import attached, customer_of, identified
from records.database import Database
from records.interactions import InteractionRecord, records_of_group
from records.merging import group
from records.prepared import Prepared
from records.projection_tables import interactions
from records.tables import notes
from records.together import Together

_FIELDS: Final = tuple(field.name for field in fields(InteractionRecord))
_EARLIER = Prepared(
    lambda _: (
        records_of_group(group(bindparam("customer")))
        .where(interactions.c.id != bindparam("own"))
        .order_by(interactions.c.opened_at.desc(), interactions.c.id.desc())
        .limit(bindparam("most"))
    )
)


@cache
def _notes_of(count: int) -> Prepared:
    """The notes of so many interactions, `i0`, `i1` and so on, the last one last."""
    these = [bindparam(f"i{number}", type_=String) for number in range(count)]
    query = select(notes.c.interaction_id, notes.c.text).where(notes.c.interaction_id.in_(these)).order_by(notes.c.id)
    return Prepared(lambda _: query)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier interaction of the same customer, with the last note that an agent left."""

    record: InteractionRecord
    note: str | None


class Meetings:
    """Customers as they come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(database)

    async def meet(
        self, interaction_id: str, kind: str, value: str, verified: bool, now: int, most: int
    ) -> tuple[str, tuple[Earlier, ...]]:
        """`Customers.identify` and `attach`; with the customer's id what they had before, newest first."""

        def work(connection: Connection) -> tuple[str, tuple[Earlier, ...]]:
            customer_id, new = identified(connection, kind, value, verified, now)
            attached(connection, interaction_id, customer_id)
            return customer_id, () if new else _earlier(connection, customer_id, interaction_id, most)

        return await self._database.at_once(work)

    async def before(self, interaction_id: str, kind: str, value: str, most: int) -> tuple[Earlier, ...]:
        """What whoever is known by this had before, newest first; waits for nobody who writes."""

        def work(connection: Connection) -> tuple[Earlier, ...]:
            customer_id = customer_of(connection, kind, value)
            return _earlier(connection, customer_id, interaction_id, most) if customer_id is not None else ()

        return await self._database.look(work)

    async def attach_soon(self, interaction_id: str, kind: str, value: str, verified: bool, now: int) -> None:
        """`Customers.identify` and `attach`, with others who come at about the same time; at once in a `hurry`."""

        def work(connection: Connection) -> None:
            attached(connection, interaction_id, identified(connection, kind, value, verified, now)[0])

        await self._together.do(work)

    def hurry(self) -> None:
        """Somebody waits for those who are attached soon."""
        self._together.hurry()

    async def earlier(self, customer_id: str, interaction_id: str, most: int) -> tuple[Earlier, ...]:
        """What this customer, or who is one with them, had beside this interaction, newest first."""
        return await self._database.look(lambda connection: _earlier(connection, customer_id, interaction_id, most))


def _earlier(connection: Connection, customer_id: str, own: str, most: int) -> tuple[Earlier, ...]:
    found = _EARLIER.rows(connection, {"customer": customer_id, "own": own, "most": most})
    if not found:
        return ()
    records = [InteractionRecord(**dict(zip(_FIELDS, row, strict=True))) for row in found]
    # Where there are fewer, the last one stands for the rest: one statement does for all.
    these = {f"i{number}": records[min(number, len(records) - 1)].id for number in range(most)}
    said = dict(tuple(row) for row in _notes_of(most).rows(connection, these))
    return tuple(Earlier(record, said.get(record.id)) for record in records)
