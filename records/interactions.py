"""Questions about interactions: one record, its story, a customer's earlier ones, lists with filters."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from records.customers import Identity, identities_of
from records.database import Database
from records.drafts import Step
from records.merging import group
from records.messages import Message, messages_of
from records.notes import Note, notes_of
from records.projection_tables import interactions, offers, steps
from records.tables import interaction_customers, interaction_data, mentions, notes, ratings, recordings

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRecord:
    """One interaction's facts; times in microseconds since the epoch, durations in microseconds.

    `ended_at`: the customer's attempt was over; `closed_at`: nothing of it was open any more (wrap-up done).
    `wait_us` runs from queued to joined (or to the abandon), `talk_us` and `wrap_up_us` are summed over all agents.
    `rating` is the customer's own, 1-5; `recording` is the state of the call's recording, None without one.
    """

    id: str
    channel: str
    medium: str
    entry: str
    customer_id: str | None
    queue: str | None
    agent_id: str | None
    opened_at: int
    answered_at: int | None
    queued_at: int | None
    offered_at: int | None
    connected_at: int | None
    ended_at: int | None
    closed_at: int | None
    wait_us: int | None
    talk_us: int | None
    wrap_up_us: int | None
    outcome: str | None
    disposition: str | None
    state: str
    rating: int | None = None
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class InteractionView:
    """All that is known of one interaction, as of one moment; `messages` are a chat's."""

    record: InteractionRecord
    story: tuple[Step, ...]
    notes: tuple[Note, ...]
    data: Mapping[str, str]
    identities: tuple[Identity, ...]
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """Where a page of a list (newest first) begins: strictly before this interaction."""

    opened_at: int
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which interactions; None does not filter. `seen_by`: offered to that agent at some time.

    `since`: opened then or later, in microseconds since the epoch; `recorded`: those with a recording (or without one).

    `of_queues` and `of_agents` go together: in one of the queues, taken by one of the agents, or not in a queue yet.
    """

    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    state: str | None = None
    seen_by: str | None = None
    since: int | None = None
    recorded: bool | None = None
    of_queues: frozenset[str] | None = None
    of_agents: frozenset[str] = frozenset()


class Interactions:
    """Reads what the projector and people wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, interaction_id: str) -> InteractionRecord | None:
        """The record, None when there is none (yet)."""
        async with self._database.read() as connection:
            return await _record(connection, interaction_id)

    async def customer_over(self, interaction_id: str) -> bool | None:
        """Whether the interaction was ended for its customer's side, None when there is no record (yet).

        An agent may have ended their work before: that alone closes no record.
        """
        query = select(interactions.c.customer_over).where(interactions.c.id == interaction_id)
        async with self._database.read() as connection:
            over: bool | None = (await connection.execute(query)).scalar_one_or_none()
            return over

    async def story(self, interaction_id: str) -> tuple[Step, ...]:
        """The steps in order; empty when there are none (yet)."""
        async with self._database.read() as connection:
            return await _story(connection, interaction_id)

    async def view(self, interaction_id: str) -> InteractionView | None:
        """Record, story, notes, collected data and the customer's identities, read in one transaction."""
        async with self._database.read() as connection:
            record = await _record(connection, interaction_id)
            if record is None:
                return None
            return InteractionView(
                record=record,
                story=await _story(connection, interaction_id),
                notes=await notes_of(connection, interaction_id),
                data=await _data(connection, interaction_id),
                identities=await identities_of(connection, record.customer_id) if record.customer_id else (),
                messages=await messages_of(connection, interaction_id),
            )

    async def offered_to(self, interaction_id: str, agent_id: str) -> bool:
        """Whether this agent ever had an offer of it, or is named in a note about it: what an agent may see."""
        offered = select(offers.c.reservation_id).where(
            offers.c.interaction_id == interaction_id, offers.c.agent_id == agent_id
        )
        named = (
            select(mentions.c.id)
            .join(notes, notes.c.id == mentions.c.note_id)
            .where(notes.c.interaction_id == interaction_id, mentions.c.agent_id == agent_id)
        )
        async with self._database.read() as connection:
            for query in (offered, named):
                if (await connection.execute(query.limit(1))).first() is not None:
                    return True
            return False

    async def offered_customer(self, customer_id: str, agent_id: str) -> bool:
        """Whether this agent ever had an offer of an interaction of this customer, or of who is one with them."""
        theirs = interaction_customers.c.interaction_id == offers.c.interaction_id
        query = select(offers.c.reservation_id).join(interaction_customers, theirs)
        query = query.where(interaction_customers.c.customer_id.in_(group(customer_id)), offers.c.agent_id == agent_id)
        async with self._database.read() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def history(
        self, customer_id: str, limit: int = 20, before: Before | None = None
    ) -> tuple[InteractionRecord, ...]:
        """A customer's interactions, newest first."""
        return await self.list(Filter(customer_id=customer_id), limit, before)

    async def list(
        self, filter_: Filter, limit: int = 50, before: Before | None = None
    ) -> tuple[InteractionRecord, ...]:
        """Interactions newest first, at most `limit` (1-200). Page on with `Before` of the last one."""
        query = _records().where(*_conditions(filter_, before))
        query = query.order_by(interactions.c.opened_at.desc(), interactions.c.id.desc())
        async with self._database.read() as connection:
            found = await connection.execute(query.limit(max(1, min(limit, MAX_LIMIT))))
            return tuple(InteractionRecord(**row) for row in found.mappings())


def _records() -> Select[Any]:
    elsewhere = {
        "customer_id": interaction_customers.c.customer_id,
        "rating": ratings.c.score.label("rating"),
        "recording": recordings.c.state.label("recording"),
    }
    names = [field.name for field in fields(InteractionRecord)]
    columns = [elsewhere[name] if name in elsewhere else interactions.c[name] for name in names]
    joined = interactions
    for table in (interaction_customers, ratings, recordings):
        joined = joined.outerjoin(table, table.c.interaction_id == interactions.c.id)  # type: ignore[assignment]
    return select(*columns).select_from(joined)


def records_of_group(customers: Select[str]) -> Select[Any]:
    """The records of these customers' interactions; the columns are InteractionRecord's fields in their order."""
    return _records().where(_of_group(customers))


def _of_group(customers: Select[str]) -> ColumnElement[bool]:
    """By the ids: asked for customers beside the joined row, SQLite goes through all interactions, newest first."""
    theirs = select(interaction_customers.c.interaction_id).where(interaction_customers.c.customer_id.in_(customers))
    return interactions.c.id.in_(theirs)


def _conditions(filter_: Filter, before: Before | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (interactions.c.agent_id, filter_.agent_id),
        (interactions.c.queue, filter_.queue),
        (interactions.c.state, filter_.state),
    ):
        if value is not None:
            conditions.append(column == value)
    if filter_.customer_id is not None:
        conditions.append(_of_group(group(filter_.customer_id)))
    if filter_.seen_by is not None:
        seen = select(offers.c.interaction_id).where(offers.c.agent_id == filter_.seen_by)
        told = select(notes.c.interaction_id).join(mentions, mentions.c.note_id == notes.c.id)
        told = told.where(mentions.c.agent_id == filter_.seen_by)
        conditions.append(interactions.c.id.in_(seen) | interactions.c.id.in_(told))
    if filter_.since is not None:
        conditions.append(interactions.c.opened_at >= filter_.since)
    if filter_.recorded is not None:
        conditions.append(recordings.c.id.is_not(None) if filter_.recorded else recordings.c.id.is_(None))
    if filter_.of_queues is not None:
        there = interactions.c.queue.in_(filter_.of_queues) | interactions.c.agent_id.in_(filter_.of_agents)
        conditions.append(there | interactions.c.queue.is_(None))
    if before is not None:
        same_time = and_(interactions.c.opened_at == before.opened_at, interactions.c.id < before.id)
        conditions.append(or_(interactions.c.opened_at < before.opened_at, same_time))
    return conditions


async def _record(connection: AsyncConnection, interaction_id: str) -> InteractionRecord | None:
    row = (await connection.execute(_records().where(interactions.c.id == interaction_id))).mappings().first()
    return None if row is None else InteractionRecord(**row)


async def _story(connection: AsyncConnection, interaction_id: str) -> tuple[Step, ...]:
    query = select(*(steps.c[field.name] for field in fields(Step))).where(steps.c.interaction_id == interaction_id)
    found = await connection.execute(query.order_by(steps.c.sequence, steps.c.index))
    return tuple(Step(**row) for row in found.mappings())


async def _data(connection: AsyncConnection, interaction_id: str) -> dict[str, str]:
    query = select(interaction_data.c.name, interaction_data.c.value).where(
        interaction_data.c.interaction_id == interaction_id
    )
    found = await connection.execute(query.order_by(interaction_data.c.name))
    return {row.name: row.value for row in found}
