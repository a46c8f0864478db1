"""What is to be done after a customer has gone: numbers to call back, messages to listen to and to read.

Numbers and recordings are personal data: they are here and under the data folder, never in the journal or the log.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import ColumnElement, Select, insert, select, update

from records.database import Database
from records.tables import follow_ups

Kind = Literal["callback", "voicemail", "message"]
MAX_NUMBER = 64
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One of them. `number` is where the customer can be reached, `path` the choices in the menu.

    A message was written by a visitor: their `name`, the `text`, and a number or mail address in `number`.

    A voicemail has a `file`, its name in the folder of messages, and its length; times in microseconds since the
    epoch, `done_at` None while it is open. `taken_by` is the agent who sees to it, `done_by` an account.
    """

    id: int
    kind: Kind
    interaction_id: str
    queue: str
    number: str
    language: str
    path: str
    file: str | None
    duration_us: int | None
    created_at: int
    done_at: int | None
    done_by: str | None
    taken_by: str | None
    taken_at: int | None
    note: str | None
    name: str | None = None
    text: str | None = None


class FollowUps:
    """Keeps them, lists them, gives them to agents, and takes them off the list."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Told each that came, was taken or put back, or is done, once it is written.
        self.changed: Callable[[int], None] = lambda _follow_up: None

    async def callback(
        self, interaction_id: str, queue: str, number: str, language: str, path: Sequence[str], now: int
    ) -> int:
        """Somebody is to be called back at `number`. Returns the id; ValueError for a number that cannot be one."""
        if not number or len(number) > MAX_NUMBER:
            raise ValueError(f"a number has 1 to {MAX_NUMBER} characters")
        return await self._add("callback", interaction_id, queue, number, language, path, now)

    async def voicemail(
        self,
        interaction_id: str,
        queue: str,
        number: str,
        language: str,
        path: Sequence[str],
        now: int,
        *,
        file: str,
        duration_us: int,
    ) -> int:
        """A message is to be listened to. Returns the id."""
        number = number[:MAX_NUMBER]
        return await self._add(
            "voicemail", interaction_id, queue, number, language, path, now, file=file, duration_us=duration_us
        )

    async def message(
        self, interaction_id: str, queue: str, contact: str, name: str, language: str, text: str, now: int
    ) -> int:
        """A visitor wrote something outside of the hours. Returns the id."""
        return await self._add(
            "message", interaction_id, queue, contact[:MAX_NUMBER], language[:16], (), now, name=name, text=text
        )

    async def list(
        self,
        kind: Kind | None = None,
        queue: str | None = None,
        limit: int = 100,
        *,
        of_queues: Collection[str] | None = None,
        done: bool = False,
        taken_by: str | None = None,
    ) -> tuple[FollowUp, ...]:
        """Those not done yet, oldest first, or those that are, the last one first; at most 500.

        `of_queues` are those that may be seen (None: all); `taken_by` "" are those that nobody has taken.
        """
        state = follow_ups.c.done_at.is_not(None) if done else follow_ups.c.done_at.is_(None)
        query = _select().where(state)
        query = query.order_by(follow_ups.c.done_at.desc(), follow_ups.c.id.desc()) if done else query.order_by("id")
        if kind is not None:
            query = query.where(follow_ups.c.kind == kind)
        if queue is not None:
            query = query.where(follow_ups.c.queue == queue)
        if of_queues is not None:
            query = query.where(follow_ups.c.queue.in_(sorted(of_queues)))
        if taken_by is not None:
            query = query.where(_held_by(taken_by or None))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(min(limit, MAX_LISTED)))).mappings()
            return tuple(FollowUp(**row) for row in rows)

    async def get(self, follow_up_id: int) -> FollowUp | None:
        """One of them, done or not."""
        async with self._database.read() as connection:
            row = (await connection.execute(_select().where(follow_ups.c.id == follow_up_id))).mappings().first()
        return FollowUp(**row) if row is not None else None

    async def take(self, follow_up_id: int, was: str | None, agent_id: str | None, now: int) -> bool:
        """Gives it from `was` to another agent, or (None) to nobody; False when `was` does not have it, or it is done.

        Of two who take it at once only one has it.
        """
        this = (follow_ups.c.id == follow_up_id) & follow_ups.c.done_at.is_(None) & _held_by(was)
        taken_at = None if agent_id is None else now
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(follow_ups).where(this).values(taken_by=agent_id, taken_at=taken_at)
            )
        return self._told(follow_up_id, written=changed.rowcount == 1)

    async def done(self, follow_up_id: int, by: str, now: int, note: str = "") -> bool:
        """Takes it off the list for `by`; False when it was not on it: of two at once only one has it."""
        this = (follow_ups.c.id == follow_up_id) & follow_ups.c.done_at.is_(None)
        values = {"done_at": now, "done_by": by, "note": note or None}
        async with self._database.write() as connection:
            changed = await connection.execute(update(follow_ups).where(this).values(**values))
        return self._told(follow_up_id, written=changed.rowcount == 1)

    def _told(self, follow_up_id: int, *, written: bool) -> bool:
        if written:
            self.changed(follow_up_id)
        return written

    async def _add(
        self,
        kind: Kind,
        interaction_id: str,
        queue: str,
        number: str,
        language: str,
        path: Sequence[str],
        now: int,
        *,
        file: str | None = None,
        duration_us: int | None = None,
        name: str | None = None,
        text: str | None = None,
    ) -> int:
        values = {
            "kind": kind,
            "interaction_id": interaction_id,
            "queue": queue,
            "number": number,
            "language": language,
            "path": " > ".join(path),
            "file": file,
            "duration_us": duration_us,
            "created_at": now,
            "name": name,
            "text": text,
        }
        async with self._database.write() as connection:
            added = await connection.execute(insert(follow_ups).values(**values).returning(follow_ups.c.id))
            row_id: int = added.scalar_one()
        self.changed(row_id)
        return row_id


def _select() -> Select[tuple[object, ...]]:
    return select(*(follow_ups.c[field.name] for field in fields(FollowUp)))


def _held_by(agent_id: str | None) -> ColumnElement[bool]:
    return follow_ups.c.taken_by.is_(None) if agent_id is None else follow_ups.c.taken_by == agent_id
