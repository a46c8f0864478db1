"""What agents write to the colleague to whom they hand a chat on. Personal data: in SQL only, never in the journal."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy import select

from records.database import Database, insert_replacing
from records.tables import handovers

MAX_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Handover:
    """One: by which work item it goes on, who handed it on to whom (an agent, "" for all of the queue), and the note.

    `at` in microseconds since the epoch.
    """

    work_id: str
    interaction_id: str
    by: str
    agent_id: str
    queue: str
    note: str
    at: int


class Handovers:
    """Keeps and finds them. Every method may raise sqlalchemy.exc.SQLAlchemyError or OSError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, handover: Handover) -> None:
        """Keeps one; asked for again under the same work item (the first was refused), the last one stands."""
        async with self._database.write() as connection:
            await connection.execute(insert_replacing(connection, handovers).values(**asdict(handover)))

    async def of(self, work_id: str) -> Handover | None:
        """The one by which this work item came to be, None for a first one."""
        query = select(*(handovers.c[field.name] for field in fields(Handover)))
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(handovers.c.work_id == work_id))).mappings().first()
        return None if row is None else Handover(**row)
