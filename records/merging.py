"""Customers who turned out to be one person: merged by a pointer, so that taking it back restores exactly what was.

Nothing moves when customers are merged: each keeps identities, interactions and attributes of its own, and what comes
in later by an identity goes to whoever has that identity. A question about one is a question about all (`group`).
"""

from dataclasses import dataclass

from sqlalchemy import CTE, BindParameter, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database
from records.tables import customer_merges, customers


class MergeError(Exception):
    """It cannot be done. `code`: `unknown_customer`, `same_customer`, `not_merged`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Merge:
    """`customer_id` was merged into `into_id`; `at` in microseconds since the epoch, `by` the account."""

    customer_id: str
    into_id: str
    at: int
    by: str


def group(customer_id: str | BindParameter[str]) -> Select[str]:
    """The ids of all customers who are one with this one, itself included; none for an unknown one."""
    below = _above(customer_id)
    root = select(below.c.id).where(below.c.merged_into.is_(None))
    found = select(customers.c.id).where(customers.c.id.in_(root)).cte("found", recursive=True)
    found = found.union(select(customers.c.id).join(found, customers.c.merged_into == found.c.id))
    return select(found.c.id)


async def root_of(connection: AsyncConnection, customer_id: str) -> str | None:
    """The customer who stands for all of the group, None for an unknown one."""
    above = _above(customer_id)
    query = select(above.c.id).where(above.c.merged_into.is_(None))
    return (await connection.execute(query)).scalar()


class Merges:
    """Merges customers and takes it back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def root(self, customer_id: str) -> str | None:
        """The customer who stands for the whole group, None for an unknown one."""
        async with self._database.read() as connection:
            return await root_of(connection, customer_id)

    async def members(self, customer_id: str) -> tuple[Merge, ...]:
        """How the group came to be: each of its merges that stands, oldest first."""
        columns = (customer_merges.c[name] for name in Merge.__slots__)
        standing = customer_merges.c.undone_at.is_(None) & customer_merges.c.customer_id.in_(group(customer_id))
        async with self._database.read() as connection:
            found = await connection.execute(select(*columns).where(standing).order_by(customer_merges.c.id))
            return tuple(Merge(*row) for row in found)

    async def merge(self, into_id: str, customer_id: str, by: str, now: int) -> Merge:
        """The second one's group becomes part of the first one's, under its root. Raises MergeError."""
        async with self._database.write() as connection:
            into, root = await root_of(connection, into_id), await root_of(connection, customer_id)
            if into is None or root is None:
                raise MergeError("unknown_customer")
            if into == root:
                raise MergeError("same_customer")
            await connection.execute(update(customers).where(customers.c.id == root).values(merged_into=into))
            row = {"customer_id": root, "into_id": into, "at": now, "by": by}
            await connection.execute(customer_merges.insert().values(**row))
            return Merge(root, into, now, by)

    async def undo(self, customer_id: str, by: str, now: int) -> Merge:
        """The customer stands for itself again, with whoever was merged into it. Raises MergeError."""
        standing = (customer_merges.c.customer_id == customer_id) & customer_merges.c.undone_at.is_(None)
        async with self._database.write() as connection:
            query = select(*(customer_merges.c[name] for name in Merge.__slots__)).where(standing)
            found = (await connection.execute(query)).first()
            if found is None:
                raise MergeError("not_merged")
            await connection.execute(update(customers).where(customers.c.id == customer_id).values(merged_into=None))
            await connection.execute(update(customer_merges).where(standing).values(undone_at=now, undone_by=by))
            return Merge(*found)


def _above(customer_id: str | BindParameter[str]) -> CTE:
    """The customer, whom it was merged into, and so on."""
    columns = (customers.c.id, customers.c.merged_into)
    above = select(*columns).where(customers.c.id == customer_id).cte("above", recursive=True)
    return above.union(select(*columns).join(above, customers.c.id == above.c.merged_into))
