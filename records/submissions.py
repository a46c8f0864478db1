"""Work that programs brought in: whose it is, and which request it came from, so that a repeat is not a second one."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.projection_tables import interactions
from records.tables import submissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One request. `at`: shard time at which the last attempt to queue it began; `queued`: the router has it."""

    work_id: str
    interaction_id: str
    submitter: str
    idempotency_key: str | None
    body_hash: str
    at: int
    queued: bool = False


class OtherBodyError(Exception):
    """The idempotency key was used before, with another request."""


class Submissions:
    """Keeps submissions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, wanted: Submission) -> Submission:
        """Keeps a new submission; or gives the earlier one with the same idempotency key. Raises OtherBodyError."""
        row = {name: getattr(wanted, name) for name in Submission.__dataclass_fields__}
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(submissions), row)
            return wanted
        except IntegrityError:
            key = wanted.idempotency_key
            earlier = await self._one(submissions.c.submitter == wanted.submitter, submissions.c.idempotency_key == key)
            if earlier is None:
                raise
        if earlier.body_hash != wanted.body_hash:
            raise OtherBodyError
        return earlier

    async def confirm(self, work_id: str) -> None:
        """The router has it."""
        async with self._database.write() as connection:
            await connection.execute(update(submissions).where(submissions.c.work_id == work_id).values(queued=True))

    async def take_over(self, earlier: Submission, at: int) -> bool:
        """Begins the next attempt, unless somebody else has begun one or it is queued."""
        this = (submissions.c.work_id == earlier.work_id) & (submissions.c.at == earlier.at)
        async with self._database.write() as connection:
            done = await connection.execute(
                update(submissions).where(this & submissions.c.queued.is_(False)).values(at=at)
            )
        return bool(done.rowcount)

    async def has_waited(self, interaction_id: str) -> bool:
        """Whether the records have the interaction in a queue, now or once."""
        query = select(interactions.c.queued_at).where(interactions.c.id == interaction_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() is not None

    async def left_open(self) -> list[tuple[str, str]]:
        """Interactions of submissions whose work has ended while they themselves are open: (id, outcome)."""
        over = (interactions.c.state == "open") & (interactions.c.open_work == 0) & interactions.c.outcome.is_not(None)
        query = select(interactions.c.id, interactions.c.outcome).where(
            over, interactions.c.id == submissions.c.interaction_id
        )
        async with self._database.read() as connection:
            return [(row.id, row.outcome) for row in await connection.execute(query)]

    async def of_work(self, work_id: str) -> Submission | None:
        """Whose a work item is, None when no program brought it in."""
        return await self._one(submissions.c.work_id == work_id)

    async def _one(self, *conditions: object) -> Submission | None:
        query = select(submissions).where(*conditions)  # type: ignore[arg-type]
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else Submission(**row)


def body_hash(body: bytes) -> str:
    """What tells a repeated request from another one with the same key."""
    return hashlib.sha256(body).hexdigest()
