"""The projector: journal entries in, rows in SQL out, each entry exactly once."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import partial
from time import monotonic
from typing import Any

import msgspec
import structlog
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Executable,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    type_coerce,
)

from records.database import Database, replacing
from records.drafts import InteractionDraft, OfferDraft, Step
from records.prepared import Prepared, among
from records.projection import Projection
from records.projection_tables import interactions, offers, projector_positions, steps
from records.touched import touched
from router.rows import Entry

BATCH = 500
# While a batch is written everybody else's writes wait, and with them an offer for what its customer had before. The
# process that does it gives way to others (nice), so that it takes the longer the busier the machine is: a batch is as
# large as fits into this time, and no smaller than some. Between two the others have their turn: they ask for the file
# each millisecond (records.near).
BATCH_S = 0.003
SMALLEST = 25
PAUSE_S = 0.002
# What else keeps its position in the journal beside the shards' records.
NOT_SHARDS = ("webhooks",)
_log = structlog.get_logger(__name__)


def projected_as(shard: str) -> str:
    """What a shard's records are called in the database; those of a site with one had this name before it had any."""
    return "main" if shard == "s0" else shard


class Projector:
    """Projects one shard's journal. One instance for a shard at a time: the caller feeds it in order.

    The position moves in the same transaction as the rows, so entries that are fed again (a restart, a retry after an
    error) change nothing.
    """

    def __init__(self, database: Database, shard: str = "main") -> None:
        self._database = database
        self._shard = shard
        self._batch = BATCH

    async def position(self) -> int:
        """The sequence of the last entry that is in SQL, 0 before the first."""
        async with self._database.read() as connection:
            return await connection.run_sync(self._position)

    async def others(self) -> list[str]:
        """The other shards whose journals were projected into this database."""
        column = projector_positions.c.shard
        query = select(column).where(column.not_in((self._shard, *NOT_SHARDS))).order_by(column)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def apply(self, entries: Iterable[Entry]) -> int:
        """Projects entries in the order of their sequence; returns the new position once it is committed.

        Entries up to the position are skipped. Raises sqlalchemy.exc.SQLAlchemyError; what was committed before
        (batches of 500, smaller ones where these take long) stays, and the same call may be repeated.
        """
        position, left = None, list(entries)
        while left:
            batch, left = left[: self._batch], left[self._batch :]
            # One way to the database's thread for all statements: each way costs as much as a statement.
            position = await self._database.at_once(partial(self._apply_batch, batch))
            if left:
                await asyncio.sleep(PAUSE_S)
        return await self.position() if position is None else position

    def _apply_batch(self, batch: Sequence[Entry], connection: Connection) -> int:
        began, position = monotonic(), self._position(connection)
        new = [entry for entry in batch if entry.sequence > position]
        if not new:
            return position
        if position and new[0].sequence != position + 1:
            _log.warning("journal_gap", shard=self._shard, position=position, next=new[0].sequence)
        projection = _load(connection, new)
        for entry in new:
            projection.apply(entry)
        self._store(connection, projection, new[-1].sequence)
        # It held the lock for so long.
        self._batch = max(SMALLEST, self._batch // 2) if monotonic() - began > BATCH_S else min(BATCH, 2 * self._batch)
        return new[-1].sequence

    def _position(self, connection: Connection) -> int:
        found = _POSITION.rows(connection, {"of_shard": self._shard})
        return found[0][0] if found else 0

    def _store(self, connection: Connection, projection: Projection, sequence: int) -> None:
        if projection.interactions:
            _KEEP_INTERACTION.many(connection, [_row(draft) for draft in projection.interactions.values()])
        if projection.offers:
            _KEEP_OFFER.many(connection, [_row(draft) for draft in projection.offers.values()])
        if projection.steps:
            _NEW_STEP.many(connection, [_step_row(step) for step in projection.steps])
        _KEEP_POSITION.run(connection, {"shard": self._shard, "sequence": sequence})


_COLUMNS = {each: tuple(field.name for field in fields(each)) for each in (InteractionDraft, OfferDraft)}
_STEP = tuple(field.name for field in fields(Step) if field.name != "detail")


def _row(draft: InteractionDraft | OfferDraft) -> dict[str, object]:
    """Its columns; nothing inside is copied, as asdict would."""
    return {name: getattr(draft, name) for name in _COLUMNS[type(draft)]}


def _step_row(step: Step) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(step, name) for name in _STEP}
    row["text"] = msgspec.json.encode(step.detail).decode()
    return row


def _new_step(dialect: str) -> Executable:
    """Its detail comes as `text`, which is all that SQLite has."""
    detail = bindparam("text", type_=Text)
    return insert(steps).values(detail=detail if dialect == "sqlite" else cast(detail, JSON))


def _columns(table: Table, draft: type[InteractionDraft | OfferDraft]) -> Select[Any]:
    # A truth value is a number in SQLite, and does as it is.
    columns = (table.c[name] for name in _COLUMNS[draft])
    return select(*(type_coerce(each, Integer) if isinstance(each.type, Boolean) else each for each in columns))


def _offers(dialect: str) -> Executable:
    return _columns(offers, OfferDraft).where(
        among(dialect, offers.c.reservation_id, "reservations")
        | among(dialect, offers.c.interaction_id, "interactions")
        & offers.c.connected_at.is_not(None)
        & offers.c.ended_at.is_(None)
        & offers.c.closed_at.is_(None)
    )


def _interactions(dialect: str) -> Executable:
    return _columns(interactions, InteractionDraft).where(
        among(dialect, interactions.c.id, "interactions")
        | among(dialect, interactions.c.node, "nodes") & (interactions.c.state != "closed")
    )


_OF_SHARD = projector_positions.c.shard == bindparam("of_shard")
_POSITION = Prepared(lambda _: select(projector_positions.c.sequence).where(_OF_SHARD))
_KEEP_POSITION = Prepared(lambda dialect: replacing(dialect, projector_positions))
_OFFERS = Prepared(_offers, lists=("reservations", "interactions"))
_INTERACTIONS = Prepared(_interactions, lists=("interactions", "nodes"))
_KEEP_INTERACTION = Prepared(lambda dialect: replacing(dialect, interactions))
_KEEP_OFFER = Prepared(lambda dialect: replacing(dialect, offers))
_NEW_STEP = Prepared(_new_step, _STEP)


def _load(connection: Connection, entries: Sequence[Entry]) -> Projection:
    wanted = touched(entries)
    asked = {"reservations": list(wanted.reservations), "interactions": list(wanted.interactions)}
    offer_rows = [OfferDraft(*row) for row in _OFFERS.rows(connection, asked)]
    concerned = wanted.interactions | {offer.interaction_id for offer in offer_rows}
    asked = {"interactions": list(concerned), "nodes": list(wanted.nodes)}
    interaction_rows = [InteractionDraft(*row) for row in _INTERACTIONS.rows(connection, asked)]
    return Projection(
        interactions={row.id: row for row in interaction_rows},
        offers={row.reservation_id: row for row in offer_rows},
    )
