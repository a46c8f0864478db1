"""What agents write down about an interaction."""

from dataclasses import dataclass, fields

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database
from records.tables import notes

MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    """One note; `at` in microseconds since the epoch."""

    id: int
    interaction_id: str
    agent_id: str
    text: str
    at: int


class Notes:
    """Adds and lists notes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, interaction_id: str, agent_id: str, text: str, now: int) -> Note:
        """Keeps a note. Raises ValueError when `text` is blank or longer than 20,000 characters."""
        text = text.strip()
        if not text or len(text) > MAX_TEXT:
            raise ValueError(f"a note has 1 to {MAX_TEXT} characters")
        values = {"interaction_id": interaction_id, "agent_id": agent_id, "text": text, "at": now}
        async with self._database.write() as connection:
            row_id = (await connection.execute(insert(notes).values(**values).returning(notes.c.id))).scalar_one()
        return Note(row_id, interaction_id, agent_id, text, now)

    async def of(self, interaction_id: str) -> tuple[Note, ...]:
        """The notes of an interaction, oldest first."""
        async with self._database.read() as connection:
            return await notes_of(connection, interaction_id)


async def notes_of(connection: AsyncConnection, interaction_id: str) -> tuple[Note, ...]:
    """The same within a transaction of the caller's."""
    query = select(*(notes.c[field.name] for field in fields(Note))).where(notes.c.interaction_id == interaction_id)
    return tuple(Note(**row) for row in (await connection.execute(query.order_by(notes.c.id))).mappings())
