"""Customers who may be the same person as one: a number, address or id that both gave, or a name that is nearly alike.

A clue is exact (a value that both have, wherever they gave it: as an identity, in a menu, a form, a left message or an
attribute) or a near name. Nothing is concluded from it: a person merges, or does not.
"""

import asyncio
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database
from records.merging import group, root_of
from records.tables import chats, customer_attributes, follow_ups, identities, interaction_customers, interaction_data

# Data and attributes by which a person is known, whatever menu or form asked for them.
TELLING = ("phone", "mobile", "number", "email", "mail", "contact", "customer_number", "member_number", "id_number")
NAMES_LOOKED_AT = 1000
LIKENESS = 0.86
SHORTEST = 6  # shorter values are too often alike by chance (an order's two digits, say)


@dataclass(frozen=True, slots=True)
class Clue:
    """Why somebody may be the same: `kind` is `value` or `name`, `value` what both have, or the other one's name."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Match:
    """A customer (who stands for their group) who may be the same person, with the clues, the strongest first."""

    customer_id: str
    clues: tuple[Clue, ...]


class Matches:
    """Looks for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, customer_id: str, limit: int = 5) -> tuple[Match, ...]:
        """Who may be the same as this customer, most clues first; nobody of the same group."""
        async with self._database.read() as connection:
            own = frozenset((await connection.execute(group(customer_id))).scalars())
            values = {value for value in await _values(connection, own) if len(value) >= SHORTEST}
            found = await _with_values(connection, own, values)
            names, others = await _names(connection, own), await _other_names(connection, own)
            near = await asyncio.to_thread(_near, names, others)
            clues: dict[str, dict[Clue, None]] = {}
            for customer, clue in (*found, *near):
                root = await root_of(connection, customer) or customer
                clues.setdefault(root, {})[clue] = None
        matches = [Match(customer, tuple(given)) for customer, given in clues.items()]
        return tuple(sorted(matches, key=lambda one: (-_strength(one), one.customer_id))[:limit])


def _strength(match: Match) -> int:
    return sum(10 if clue.kind == "value" else 1 for clue in match.clues)


def _said() -> Select[Any]:
    """(customer, value) of everything by which somebody may be known, from wherever it came."""
    of = interaction_customers
    parts = (
        select(identities.c.customer_id, identities.c.value),
        select(customer_attributes.c.customer_id, customer_attributes.c.value).where(
            customer_attributes.c.name.in_(TELLING)
        ),
        select(of.c.customer_id, interaction_data.c.value)
        .join(interaction_data, interaction_data.c.interaction_id == of.c.interaction_id)
        .where(interaction_data.c.name.in_(TELLING)),
        select(of.c.customer_id, follow_ups.c.number).join(
            follow_ups, follow_ups.c.interaction_id == of.c.interaction_id
        ),
    )
    said = union_all(*parts).subquery("said")
    return select(said.c.customer_id, said.c.value)


async def _values(connection: AsyncConnection, own: frozenset[str]) -> frozenset[str]:
    said = _said()
    rows = await connection.execute(said.where(said.selected_columns.customer_id.in_(own)))
    return frozenset(spelling for _, value in rows for spelling in (value, value.strip(), value.strip().lower()))


async def _with_values(
    connection: AsyncConnection, own: frozenset[str], values: Iterable[str]
) -> list[tuple[str, Clue]]:
    said = _said()
    columns = said.selected_columns
    rows = await connection.execute(
        said.where(columns.value.in_(sorted(values)), columns.customer_id.not_in(own)).distinct()
    )
    return [(customer, Clue("value", value)) for customer, value in rows]


async def _names(connection: AsyncConnection, own: frozenset[str]) -> frozenset[str]:
    query = _named().where(interaction_customers.c.customer_id.in_(own)).limit(20)
    return frozenset(name for _, name in await connection.execute(query))


async def _other_names(connection: AsyncConnection, own: frozenset[str]) -> Mapping[str, str]:
    query = _named().where(interaction_customers.c.customer_id.not_in(own)).limit(NAMES_LOOKED_AT)
    return {f"{customer}\0{name}": name for customer, name in await connection.execute(query)}


def _named() -> Select[Any]:
    query = select(interaction_customers.c.customer_id, chats.c.name)
    query = query.join(chats, chats.c.interaction_id == interaction_customers.c.interaction_id)
    return query.where(chats.c.name != "").order_by(chats.c.opened_at.desc())


def _near(names: Iterable[str], others: Mapping[str, str]) -> list[tuple[str, Clue]]:
    wanted = [plain for name in names if (plain := _plain(name))]
    found = []
    for key, name in others.items():
        if any(_alike(plain, _plain(name)) for plain in wanted):
            found.append((key.partition("\0")[0], Clue("name", name)))
    return found


def _plain(name: str) -> str:
    """Case, blanks and the order of the parts do not tell people apart."""
    return " ".join(sorted(name.casefold().split()))


def _alike(one: str, other: str) -> bool:
    if one == other:
        return len(one) >= 2
    if min(len(one), len(other)) < SHORTEST:
        return False  # in a short name each letter counts
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= LIKENESS and matcher.ratio() >= LIKENESS
