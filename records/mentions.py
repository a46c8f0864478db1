"""Notes that name a colleague: who is to see which, and whether they have."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from records.database import Database
from records.notes import MAX_TEXT, Note
from records.tables import mentions, notes


@dataclass(frozen=True, slots=True)
class Mention:
    """`note` names `agent_id`."""

    id: int
    agent_id: str
    note: Note


class Mentions:
    """Writes notes with whom they name, and lists what somebody has not seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, interaction_id: str, by: str, text: str, named: Sequence[str], now: int
    ) -> tuple[Note, tuple[Mention, ...]]:
        """Keeps a note and whom it names, in one. Raises ValueError when `text` is blank or too long."""
        text = text.strip()
        if not text or len(text) > MAX_TEXT:
            raise ValueError(f"a note has 1 to {MAX_TEXT} characters")
        values = {"interaction_id": interaction_id, "agent_id": by, "text": text, "at": now}
        async with self._database.write() as connection:
            note_id = (await connection.execute(insert(notes).values(**values).returning(notes.c.id))).scalar_one()
            note = Note(note_id, interaction_id, by, text, now)
            made = []
            for agent_id in dict.fromkeys(named):
                row = {"note_id": note_id, "agent_id": agent_id}
                row_id = (
                    await connection.execute(insert(mentions).values(**row).returning(mentions.c.id))
                ).scalar_one()
                made.append(Mention(row_id, agent_id, note))
        return note, tuple(made)

    async def unseen(self, agent_id: str, limit: int = 50) -> tuple[Mention, ...]:
        """What this agent has not seen, oldest first."""
        columns = (notes.c[name] for name in Note.__slots__)
        query = select(mentions.c.id, *(column.label(f"note_{column.name}") for column in columns))
        query = query.join(notes, notes.c.id == mentions.c.note_id)
        query = query.where(mentions.c.agent_id == agent_id, mentions.c.seen_at.is_(None))
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(mentions.c.id).limit(limit))
            return tuple(Mention(row[0], agent_id, Note(*row[1:])) for row in found)

    async def seen(self, mention_id: int, agent_id: str, now: int) -> bool:
        """The agent has seen it; False when there is none of theirs."""
        this = (mentions.c.id == mention_id) & (mentions.c.agent_id == agent_id)
        async with self._database.write() as connection:
            done = await connection.execute(update(mentions).where(this).values(seen_at=now))
            return bool(done.rowcount)
