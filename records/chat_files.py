"""Files of chats: what each is, whose chat it belongs to, and until when it is kept. The bytes are on disk."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, update

from records.database import Database
from records.tables import chat_files


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFile:
    """A file that was sent in a chat. `media_type` is by content, `size` in bytes; `gone`: it is not kept any more."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    gone: bool = False


class ChatFiles:
    """Reads and retires files; records.messages.Chats keeps each with its message."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, interaction_id: str, file_id: str) -> ChatFile | None:
        """The file of that chat, None when there is none in it."""
        this = (chat_files.c.id == file_id) & (chat_files.c.interaction_id == interaction_id)
        async with self._database.read() as connection:
            row = (await connection.execute(select(chat_files).where(this))).first()
        if row is None:
            return None
        return ChatFile(
            id=row.id,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            gone=row.gone_at is not None,
        )

    async def count(self, interaction_id: str) -> int:
        """How many were sent in that chat, those included that are gone."""
        query = select(func.count()).where(chat_files.c.interaction_id == interaction_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def older(self, at: int, limit: int) -> tuple[str, ...]:
        """The ids of files that were sent before `at` and are still kept, oldest first."""
        query = select(chat_files.c.id).where(chat_files.c.at < at, chat_files.c.gone_at.is_(None))
        async with self._database.read() as connection:
            return tuple((await connection.execute(query.order_by(chat_files.c.at).limit(limit))).scalars())

    async def retire(self, file_ids: Collection[str], now: int) -> None:
        """They are not kept any more; that they were sent stays."""
        async with self._database.write() as connection:
            await connection.execute(update(chat_files).where(chat_files.c.id.in_(file_ids)).values(gone_at=now))

    async def unknown(self, file_ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that no chat has, or has no more."""
        query = select(chat_files.c.id).where(chat_files.c.id.in_(file_ids), chat_files.c.gone_at.is_(None))
        async with self._database.read() as connection:
            return frozenset(file_ids) - frozenset((await connection.execute(query)).scalars())
