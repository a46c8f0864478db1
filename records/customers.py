"""Customers, the identities by which they are known, and which interaction is whose."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.collected import Collected, data_rows, keep_rows
from records.database import Database, ignoring, replacing
from records.merging import group, root_of
from records.prepared import Prepared
from records.tables import customers, identities, interaction_customers


@dataclass(frozen=True, slots=True)
class Identity:
    """`kind` is phone, email, ...; `unverified` while nobody but the customer vouches for it."""

    kind: str
    value: str
    unverified: bool


class Customers:
    """Finds, makes and attaches customers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.collected = Collected(database)

    async def identify(self, kind: str, value: str, verified: bool, now: int) -> str:
        """The id of the customer with this identity, made when there is none; `value` in its normal form (E.164, ...).

        Two calls at once give one customer. An identity once verified stays so; this one being verified makes it so.
        """
        return (await self._database.at_once(lambda connection: identified(connection, kind, value, verified, now)))[0]

    async def attach(self, interaction_id: str, customer_id: str, data: Mapping[str, str], now: int) -> None:
        """Says whose the interaction is, and keeps what was collected in it (a later value of a name replaces).

        The interaction's record need not be there yet. Raises sqlalchemy.exc.IntegrityError for an unknown customer.
        """

        def work(connection: Connection) -> None:
            attached(connection, interaction_id, customer_id)
            keep_rows(connection, data_rows(interaction_id, data, now))

        await self._database.at_once(work)

    async def collect(self, interaction_id: str, data: Mapping[str, str], now: int) -> None:
        """Keeps what was collected in an interaction whose customer is not known."""
        rows = data_rows(interaction_id, data, now)
        await self._database.at_once(lambda connection: keep_rows(connection, rows))

    async def identities(self, customer_id: str) -> tuple[Identity, ...]:
        """By what the customer is known, and all who are one with them, oldest first."""
        async with self._database.read() as connection:
            return await identities_of(connection, customer_id)

    async def own_identities(self, customer_id: str) -> tuple[Identity, ...]:
        """Those of this customer alone, whoever they are one with."""
        query = select(identities.c.kind, identities.c.value, identities.c.unverified).order_by(identities.c.id)
        async with self._database.read() as connection:
            found = await connection.execute(query.where(identities.c.customer_id == customer_id))
            return tuple(Identity(kind, value, unverified) for kind, value, unverified in found)

    async def known(self, customer_id: str) -> bool:
        """Whether there is such a customer."""
        async with self._database.read() as connection:
            query = select(customers.c.id).where(customers.c.id == customer_id)
            return (await connection.execute(query)).first() is not None

    async def find(self, value: str, kind: str | None = None) -> tuple[str, ...]:
        """The ids of the customers with this identity, of any kind unless one is given, oldest identity first.

        One of them stands for those who were merged.
        """
        query = select(identities.c.customer_id).where(identities.c.value == value).order_by(identities.c.id)
        if kind is not None:
            query = query.where(identities.c.kind == kind)
        async with self._database.read() as connection:
            found = dict.fromkeys((await connection.execute(query)).scalars())
            return tuple(dict.fromkeys([await root_of(connection, each) or each for each in found]))


async def identities_of(connection: AsyncConnection, customer_id: str) -> tuple[Identity, ...]:
    """The same within a transaction of the caller's."""
    query = select(identities.c.kind, identities.c.value, identities.c.unverified)
    this = identities.c.customer_id.in_(group(customer_id))
    found = await connection.execute(query.where(this).order_by(identities.c.id))
    return tuple(Identity(kind, value, unverified) for kind, value, unverified in found)


_OF = (identities.c.kind == bindparam("of_kind")) & (identities.c.value == bindparam("of_value"))
_CUSTOMER_OF = Prepared(lambda _: select(identities.c.customer_id).where(_OF))
_VERIFIED = Prepared(lambda _: update(identities).where(_OF & identities.c.unverified).values(unverified=False))
_NEW_CUSTOMER = Prepared(lambda _: insert(customers), ("id", "created_at"))
_NEW_IDENTITY = Prepared(
    lambda dialect: ignoring(dialect, identities), ("customer_id", "kind", "value", "unverified", "created_at")
)
_ATTACHED = Prepared(lambda dialect: replacing(dialect, interaction_customers))


def identified(connection: Connection, kind: str, value: str, verified: bool, now: int) -> tuple[str, bool]:
    """`Customers.identify` within a transaction of the caller's; and whether the customer is new."""
    customer_id = customer_of(connection, kind, value)
    if customer_id is None:
        return _create(connection, kind, value, verified, now)
    if verified:
        _VERIFIED.run(connection, {"of_kind": kind, "of_value": value})
    return customer_id, False


def customer_of(connection: Connection, kind: str, value: str) -> str | None:
    """The id of the customer with this identity, None when there is none."""
    found = _CUSTOMER_OF.rows(connection, {"of_kind": kind, "of_value": value})
    return found[0][0] if found else None


def attached(connection: Connection, interaction_id: str, customer_id: str) -> None:
    """Says whose the interaction is."""
    _ATTACHED.run(connection, {"interaction_id": interaction_id, "customer_id": customer_id})


def _create(connection: Connection, kind: str, value: str, verified: bool, now: int) -> tuple[str, bool]:
    customer_id = uuid.uuid4().hex
    _NEW_CUSTOMER.run(connection, {"id": customer_id, "created_at": now})
    row = {"customer_id": customer_id, "kind": kind, "value": value, "unverified": not verified, "created_at": now}
    if _NEW_IDENTITY.run(connection, row):
        return customer_id, True
    # Another server made the same identity meanwhile (PostgreSQL); theirs stands.
    connection.execute(customers.delete().where(customers.c.id == customer_id))
    return _CUSTOMER_OF.rows(connection, {"of_kind": kind, "of_value": value})[0][0], False
