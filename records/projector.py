"""The projector: journal entries in, rows in SQL out, each entry exactly once."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import partial
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, insert, select

from records.database import Database, insert_replacing
from records.drafts import InteractionDraft, OfferDraft, Step
from records.projection import Projection
from records.projection_tables import interactions, offers, projector_positions, steps
from records.touched import touched
from router.rows import Entry

BATCH = 500
# While a batch is written everybody else's writes wait. The process that does it gives way to others (nice), so on a
# busy machine that may take seconds: then a batch is as large as fits into this time, and no smaller than some.
BATCH_S = 0.1
SMALLEST = 25
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
        query = select(projector_positions.c.sequence).where(projector_positions.c.shard == self._shard)
        return connection.execute(query).scalar() or 0

    def _store(self, connection: Connection, projection: Projection, sequence: int) -> None:
        for table, drafts in ((interactions, projection.interactions), (offers, projection.offers)):
            if drafts:
                connection.execute(insert_replacing(connection, table), [_row(draft) for draft in drafts.values()])
        if projection.steps:
            connection.execute(_NEW_STEP, [_row(step) for step in projection.steps])
        connection.execute(
            insert_replacing(connection, projector_positions), {"shard": self._shard, "sequence": sequence}
        )


_COLUMNS = {each: tuple(field.name for field in fields(each)) for each in (InteractionDraft, OfferDraft, Step)}


def _row(draft: InteractionDraft | OfferDraft | Step) -> dict[str, object]:
    """Its columns; nothing inside is copied, as asdict would."""
    return {name: getattr(draft, name) for name in _COLUMNS[type(draft)]}


def _columns(table: Table, draft: type[InteractionDraft | OfferDraft]) -> Select[Any]:
    return select(*(table.c[name] for name in _COLUMNS[draft]))


def _among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


# Made once: to build a statement takes longer than to run it.
_OFFERS = _columns(offers, OfferDraft).where(
    _among(offers.c.reservation_id, "reservations")
    | _among(offers.c.interaction_id, "interactions")
    & offers.c.connected_at.is_not(None)
    & offers.c.ended_at.is_(None)
    & offers.c.closed_at.is_(None)
)
_INTERACTIONS = _columns(interactions, InteractionDraft).where(
    _among(interactions.c.id, "interactions")
    | _among(interactions.c.node, "nodes") & (interactions.c.state != "closed")
)
_NEW_STEP = insert(steps)


def _load(connection: Connection, entries: Sequence[Entry]) -> Projection:
    wanted = touched(entries)
    asked = {"reservations": list(wanted.reservations), "interactions": list(wanted.interactions)}
    offer_rows = [OfferDraft(*row) for row in connection.execute(_OFFERS, asked)]
    concerned = wanted.interactions | {offer.interaction_id for offer in offer_rows}
    asked = {"interactions": list(concerned), "nodes": list(wanted.nodes)}
    interaction_rows = [InteractionDraft(*row) for row in connection.execute(_INTERACTIONS, asked)]
    return Projection(
        interactions={row.id: row for row in interaction_rows},
        offers={row.reservation_id: row for row in offer_rows},
    )
