"""What supervisors whisper to agents in chats. Personal data: in SQL only, and never the visitor's to see."""

from dataclasses import asdict, dataclass, fields, replace

from sqlalchemy import insert, select

from records.database import Database
from records.tables import whispers


@dataclass(frozen=True, slots=True)
class Whisper:
    """One. `after`: the number of the chat's last message then; `by` and `name` of the supervisor, to `agent_id`.

    `at` in microseconds since the epoch.
    """

    id: int
    interaction_id: str
    after: int
    by: str
    name: str
    agent_id: str
    text: str
    at: int


class Whispers:
    """Adds and lists them. Every method may raise sqlalchemy.exc.SQLAlchemyError or OSError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, whisper: Whisper) -> Whisper:
        """Keeps one; its `id` is given here."""
        values = {name: value for name, value in asdict(whisper).items() if name != "id"}
        async with self._database.write() as connection:
            made = await connection.execute(insert(whispers).values(**values).returning(whispers.c.id))
            return replace(whisper, id=made.scalar_one())

    async def of(self, interaction_id: str) -> tuple[Whisper, ...]:
        """Those of a chat, oldest first."""
        query = select(*(whispers.c[field.name] for field in fields(Whisper)))
        query = query.where(whispers.c.interaction_id == interaction_id).order_by(whispers.c.id)
        async with self._database.read() as connection:
            return tuple(Whisper(**row) for row in (await connection.execute(query)).mappings())
