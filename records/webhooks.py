"""What webhooks are told: deliveries made from the committed journal, and the log of their attempts.

The outbox is a projection of the journal with a position of its own, so each fact gives its deliveries exactly once.
Bodies hold identifiers only.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database, insert_replacing
from records.projection_tables import projector_positions
from records.tables import webhook_deliveries
from router.commands import CloseWork, JoinLegs, Refuse, SendOffer, ShowPresence
from router.events import AssignmentConnected, InteractionClosed, InteractionOpened, WorkQueued
from router.rows import Entry

KINDS = (
    "interaction.opened",
    "work.queued",
    "work.offered",
    "work.accepted",
    "work.connected",
    "work.closed",
    "interaction.closed",
    "agent.presence",
    "alert.raised",
    "alert.cleared",
)
POSITION = "webhooks"
# What each hook is told, by its name.
Wanted = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one hook. Times in microseconds since the epoch; `state` waiting, delivered or failed.

    `status` is the last HTTP status, `error` what went wrong last.
    """

    id: str
    hook: str
    kind: str
    body: str
    created_at: int
    due_at: int
    attempts: int = 0
    state: str = "waiting"
    status: int | None = None
    error: str | None = None
    finished_at: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryBefore:
    """Where a page of the log begins (newest first): strictly before this delivery."""

    created_at: int
    id: str


class WebhookOutbox:
    """Takes journal entries (server.persistence.projection feeds it) and keeps a delivery for each hook that asked.

    `wanted` maps a hook's name to the kinds that it is told.
    """

    def __init__(self, database: Database, wanted: Mapping[str, frozenset[str]]) -> None:
        self._database = database
        self.wanted = wanted

    async def begin(self, applied: int) -> None:
        """At the start: without hooks nothing is kept, and hooks that are new are told what happens from now on."""
        async with self._database.write() as connection:
            if not self.wanted:
                await connection.execute(delete(projector_positions).where(projector_positions.c.shard == POSITION))
            elif not await _position(connection):
                await _move(connection, applied)

    async def position(self) -> int:
        """The sequence of the last entry that was taken in."""
        async with self._database.read() as connection:
            return await _position(connection)

    async def apply(self, entries: Iterable[Entry]) -> int:
        """Keeps the deliveries of these entries; those that were taken in before are skipped."""
        async with self._database.write() as connection:
            position = await _position(connection)
            new = [entry for entry in entries if entry.sequence > position]
            if not new:
                return position
            rows = [row for entry in new for row in self._deliveries(entry)]
            if rows:
                await connection.execute(insert(webhook_deliveries), rows)
            await _move(connection, new[-1].sequence)
            return new[-1].sequence

    def _deliveries(self, entry: Entry) -> Iterator[dict[str, Any]]:
        for index, (kind, detail) in enumerate(told(entry)):
            yield from delivery_rows(self.wanted, f"{entry.sequence}-{index}", kind, entry.now, detail)


def delivery_rows(wanted: Wanted, event_id: str, kind: str, at: int, detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each hook that wants to be told of this."""
    body = msgspec.json.encode({"id": event_id, "kind": kind, "at": at, **detail}).decode()
    deliveries = [
        Delivery(id=f"{event_id}-{hook}", hook=hook, kind=kind, body=body, created_at=at, due_at=at)
        for hook, kinds in wanted.items()
        if kind in kinds
    ]
    return [{each.name: getattr(delivery, each.name) for each in fields(Delivery)} for delivery in deliveries]


def told(entry: Entry) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, detail) of everything in a turn that webhooks may be told."""
    if any(isinstance(command, Refuse) for command in entry.commands):
        return
    match entry.event:
        case InteractionOpened() as event:
            yield (
                "interaction.opened",
                {
                    "interaction_id": event.interaction_id,
                    "channel": event.channel,
                    "medium": event.medium.value,
                    "entry": event.entry,
                },
            )
        case WorkQueued() as event:
            yield "work.queued", _work(event.interaction_id, event.work_id, queue=event.queue)
        case AssignmentConnected(reservation_id=reservation_id):
            yield "work.connected", {"work_id": reservation_id.rpartition(".")[0], "reservation_id": reservation_id}
        case InteractionClosed() as event:
            yield "interaction.closed", {"interaction_id": event.interaction_id, "outcome": event.outcome}
        case _:
            pass
    for command in entry.commands:
        match command:
            case SendOffer():
                detail = _work(command.interaction_id, command.work_id, queue=command.queue, agent_id=command.agent_id)
                yield "work.offered", {**detail, "reservation_id": command.reservation_id}
            case JoinLegs():
                detail = _work(command.interaction_id, command.work_id, agent_id=command.agent_id)
                yield "work.accepted", {**detail, "reservation_id": command.reservation_id}
            case CloseWork():
                yield "work.closed", _work(command.interaction_id, command.work_id, outcome=command.outcome.value)
            case ShowPresence():
                yield (
                    "agent.presence",
                    {"agent_id": command.agent_id, "presence": command.presence.value, "reason": command.reason},
                )
            case _:
                pass


def _work(interaction_id: str, work_id: str, **more: str) -> dict[str, Any]:
    return {"interaction_id": interaction_id, "work_id": work_id, **more}


class Deliveries:
    """The queue and the log of deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: int, limit: int, besides: Collection[str] = ()) -> tuple[Delivery, ...]:
        """Those whose time has come, oldest first; none of the hooks `besides`."""
        query = _deliveries().where(_waiting(besides) & (webhook_deliveries.c.due_at <= now))
        query = query.order_by(webhook_deliveries.c.due_at, webhook_deliveries.c.id)
        async with self._database.read() as connection:
            return tuple(Delivery(**row) for row in (await connection.execute(query.limit(limit))).mappings())

    async def next_due(self, besides: Collection[str] = ()) -> int | None:
        """When the next one is due; None when none waits. `besides` as in `due`."""
        query = select(webhook_deliveries.c.due_at).where(_waiting(besides))
        async with self._database.read() as connection:
            return (await connection.execute(query.order_by(webhook_deliveries.c.due_at).limit(1))).scalar()

    async def keep(self, delivery: Delivery) -> None:
        """What became of an attempt."""
        changed = {
            name: getattr(delivery, name) for name in ("due_at", "attempts", "state", "status", "error", "finished_at")
        }
        query = update(webhook_deliveries).where(webhook_deliveries.c.id == delivery.id).values(**changed)
        async with self._database.write() as connection:
            await connection.execute(query)

    async def page(
        self, limit: int, before: DeliveryBefore | None = None, *, hook: str | None = None, state: str | None = None
    ) -> tuple[Delivery, ...]:
        """The log, newest first."""
        table = webhook_deliveries.c
        query = _deliveries()
        if before is not None:
            same = (table.created_at == before.created_at) & (table.id < before.id)
            query = query.where((table.created_at < before.created_at) | same)
        for column, value in ((table.hook, hook), (table.state, state)):
            if value is not None:
                query = query.where(column == value)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit))
            return tuple(Delivery(**row) for row in found.mappings())

    async def forget(self, before: int) -> int:
        """Takes finished ones from before that time out of the log; returns how many."""
        old = (webhook_deliveries.c.state != "waiting") & (webhook_deliveries.c.created_at < before)
        async with self._database.write() as connection:
            return (await connection.execute(delete(webhook_deliveries).where(old))).rowcount


def _waiting(besides: Collection[str]) -> ColumnElement[bool]:
    return (webhook_deliveries.c.state == "waiting") & webhook_deliveries.c.hook.not_in(sorted(besides))


def _deliveries() -> Any:
    return select(*(webhook_deliveries.c[each.name] for each in fields(Delivery)))


async def _position(connection: AsyncConnection) -> int:
    query = select(projector_positions.c.sequence).where(projector_positions.c.shard == POSITION)
    return (await connection.execute(query)).scalar() or 0


async def _move(connection: AsyncConnection, sequence: int) -> None:
    row = {"shard": POSITION, "sequence": sequence}
    await connection.execute(insert_replacing(connection, projector_positions), row)
