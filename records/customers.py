"""Customers, the identities by which they are known, and which interaction is whose."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database, insert_ignoring, insert_replacing
from records.merging import group, root_of
from records.tables import customers, identities, interaction_customers, interaction_data


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

    async def identify(self, kind: str, value: str, verified: bool, now: int) -> str:
        """The id of the customer with this identity, made when there is none; `value` in its normal form (E.164, ...).

        Two calls at once give one customer. An identity once verified stays so; this one being verified makes it so.
        """
        async with self._database.write() as connection:
            return await _identify(connection, kind, value, verified, now)

    async def recognise(self, interaction_id: str, kind: str, value: str, verified: bool, now: int) -> str:
        """`identify` and `attach` in one transaction: what every call and chat begins with."""
        async with self._database.write() as connection:
            customer_id = await _identify(connection, kind, value, verified, now)
            row = {"interaction_id": interaction_id, "customer_id": customer_id}
            await connection.execute(insert_replacing(connection, interaction_customers), row)
            return customer_id

    async def attach(self, interaction_id: str, customer_id: str, data: Mapping[str, str], now: int) -> None:
        """Says whose the interaction is, and keeps what was collected in it (a later value of a name replaces).

        The interaction's record need not be there yet. Raises sqlalchemy.exc.IntegrityError for an unknown customer.
        """
        async with self._database.write() as connection:
            await connection.execute(
                insert_replacing(connection, interaction_customers),
                {"interaction_id": interaction_id, "customer_id": customer_id},
            )
            await _keep(connection, interaction_id, data, now)

    async def collect(self, interaction_id: str, data: Mapping[str, str], now: int) -> None:
        """Keeps what was collected in an interaction whose customer is not known."""
        async with self._database.write() as connection:
            await _keep(connection, interaction_id, data, now)

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


async def _identify(connection: AsyncConnection, kind: str, value: str, verified: bool, now: int) -> str:
    found = (await connection.execute(_customer_of(kind, value))).scalar()
    if found is None:
        return await _create(connection, kind, value, verified, now)
    if verified:
        await _verify(connection, kind, value)
    return found


def _customer_of(kind: str, value: str) -> Select[str]:
    return select(identities.c.customer_id).where(identities.c.kind == kind, identities.c.value == value)


async def _create(connection: AsyncConnection, kind: str, value: str, verified: bool, now: int) -> str:
    customer_id = uuid.uuid4().hex
    await connection.execute(insert(customers).values(id=customer_id, created_at=now))
    row = {"customer_id": customer_id, "kind": kind, "value": value, "unverified": not verified, "created_at": now}
    made = await connection.execute(insert_ignoring(connection, identities).values(**row))
    if made.rowcount:
        return customer_id
    # Another server made the same identity meanwhile (PostgreSQL); theirs stands.
    await connection.execute(customers.delete().where(customers.c.id == customer_id))
    return (await connection.execute(_customer_of(kind, value))).scalar_one()


async def _verify(connection: AsyncConnection, kind: str, value: str) -> None:
    this = (identities.c.kind == kind) & (identities.c.value == value) & identities.c.unverified
    await connection.execute(update(identities).where(this).values(unverified=False))


async def _keep(connection: AsyncConnection, interaction_id: str, data: Mapping[str, str], now: int) -> None:
    rows = [{"interaction_id": interaction_id, "name": name, "value": value, "at": now} for name, value in data.items()]
    if rows:
        await connection.execute(insert_replacing(connection, interaction_data), rows)
