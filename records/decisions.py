"""The offers of a work item as the records have them: who was chosen, and where in the journal to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from records.database import Database
from records.projection_tables import interactions, offers, steps


@dataclass(frozen=True, slots=True)
class RecordedOffer:
    """One offer. `sequence` is its turn; `detail` that of the step `offered` (docs/journal.md)."""

    sequence: int
    at: int
    agent_id: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedWork:
    """A work item that was offered at least once, or whose interaction is known. `queue` is the last one."""

    work_id: str
    interaction_id: str
    queue: str | None
    state: str
    offers: tuple[RecordedOffer, ...]


class Decisions:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_work(self, work_id: str) -> RecordedWork | None:
        """The item; None when no record knows it. A call and a chat have the id of their interaction."""
        async with self._database.read() as connection:
            # The router names a reservation after its work and attempt (router/moves.py).
            query = select(offers.c.interaction_id).where(offers.c.reservation_id == f"{work_id}.1")
            interaction_id = (await connection.execute(query)).scalar() or work_id
            record = select(interactions.c.queue, interactions.c.state).where(interactions.c.id == interaction_id)
            found = (await connection.execute(record)).first()
            if found is None:
                return None
            mine = select(offers.c.offered_at, offers.c.agent_id).where(
                offers.c.interaction_id == interaction_id, offers.c.work_id == work_id
            )
            made = {(row.offered_at, row.agent_id) for row in await connection.execute(mine)}
            story = select(steps.c.sequence, steps.c.at, steps.c.detail).where(
                steps.c.interaction_id == interaction_id, steps.c.kind == "offered"
            )
            told = await connection.execute(story.order_by(steps.c.sequence, steps.c.index))
            recorded = [RecordedOffer(row.sequence, row.at, row.detail["agent"], row.detail) for row in told]
        kept = tuple(offer for offer in recorded if (offer.at, offer.agent_id) in made)
        return RecordedWork(work_id, interaction_id, found.queue, found.state, kept)

    async def work_of(self, interaction_id: str) -> tuple[str, ...]:
        """The work items of an interaction that were offered, in that order."""
        query = select(offers.c.work_id).where(offers.c.interaction_id == interaction_id).order_by(offers.c.offered_at)
        async with self._database.read() as connection:
            return tuple(dict.fromkeys((await connection.execute(query)).scalars()))
