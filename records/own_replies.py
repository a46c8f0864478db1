"""Canned replies that somebody keeps for themselves, beside those of the site."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from records.database import Database, insert_replacing
from records.tables import own_replies

MAX_REPLIES = 200


@dataclass(frozen=True, slots=True)
class OwnReply:
    """`name` is typed behind a slash. `text` may have variables in braces, as those of the site."""

    name: str
    title: str
    text: str


class OwnReplies:
    """Reads and writes them, by account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, account: str) -> tuple[OwnReply, ...]:
        """All of them, by name."""
        query = select(own_replies.c.name, own_replies.c.title, own_replies.c.text)
        query = query.where(own_replies.c.account == account).order_by(own_replies.c.name)
        async with self._database.read() as connection:
            return tuple(OwnReply(*row) for row in await connection.execute(query))

    async def put(self, account: str, reply: OwnReply, now: int) -> bool:
        """Keeps it, in place of one by the same name; False, with nothing written, when there are too many."""
        others = (own_replies.c.account == account) & (own_replies.c.name != reply.name)
        row = {"account": account, "name": reply.name, "title": reply.title, "text": reply.text, "changed_at": now}
        async with self._database.write() as connection:
            count = (await connection.execute(select(func.count()).where(others))).scalar_one()
            if count >= MAX_REPLIES:
                return False
            await connection.execute(insert_replacing(connection, own_replies), row)
            return True

    async def remove(self, account: str, name: str) -> bool:
        """Whether there was one."""
        this = (own_replies.c.account == account) & (own_replies.c.name == name)
        async with self._database.write() as connection:
            return (await connection.execute(delete(own_replies).where(this))).rowcount == 1
