"""Chats: who opened them, what was said, how far each side has taken it in, and the customer's rating.

All of it is personal data: it is in SQL only, where it can be erased, never in the journal, the store or the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.chat_files import ChatFile
from records.database import Database, ignoring, insert_ignoring
from records.prepared import Prepared
from records.tables import chat_files, chats, messages, ratings

Author = Literal["customer", "agent", "system"]


@dataclass(frozen=True, slots=True)
class Marks:
    """How far each side has taken in the chat: the highest message number that was delivered and that was read."""

    customer_delivered: int = 0
    customer_read: int = 0
    agent_delivered: int = 0
    agent_read: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `number` counts from 1 in each chat; `agent_id` is "" for the customer; `client_id` names a send.

    `at` in microseconds since the epoch. A message with a `file` has no text.
    """

    number: int
    author: Author
    agent_id: str
    name: str
    client_id: str | None
    text: str
    at: int
    file: ChatFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat as SQL has it. `agent_name` is the agent's who was joined last; `rating` 1-5, `last` the last number.

    `elsewhere`: the other shard that has it, or was asked to.
    """

    interaction_id: str
    token_hash: str
    entry: str
    channel: str
    queue: str
    name: str
    locale: str
    opened_at: int
    agent_name: str | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    marks: Marks = Marks()
    last: int = 0
    rating: int | None = None
    elsewhere: str | None = None


class Chats:
    """Reads and writes chats. Every method may raise sqlalchemy.exc.SQLAlchemyError or OSError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, chat: Chat, first: Message) -> bool:
        """Keeps a new chat with its first message; False, with nothing changed, when its token is known already."""
        row = {name: getattr(chat, name) for name in _CHAT_COLUMNS} | _row_of(chat.marks)

        def work(connection: Connection) -> bool:
            made = _NEW_CHAT.run(connection, row)
            if made:
                _NEW_MESSAGE.run(connection, _message_row(chat.interaction_id, first))
            return bool(made)

        return await self._database.at_once(work)

    async def find(self, token_hash: str) -> Chat | None:
        """The chat of that session token, None when there is none."""
        return await self._one(chats.c.token_hash == token_hash)

    async def get(self, interaction_id: str) -> Chat | None:
        """The chat of that interaction, None when it is none."""
        return await self._one(chats.c.interaction_id == interaction_id)

    async def not_ended(self) -> tuple[Chat, ...]:
        """Every chat whose end is not kept, oldest first."""
        query = _chats().where(chats.c.ended_at.is_(None)).order_by(chats.c.opened_at, chats.c.interaction_id)
        async with self._database.read() as connection:
            return tuple(_chat(row) for row in (await connection.execute(query)).mappings())

    async def add(self, interaction_id: str, message: Message) -> Message:
        """Keeps a message and its file; what was kept before under the same sender and `client_id` when said again."""
        row = _message_row(interaction_id, message)

        def work(connection: Connection) -> Message:
            if not _MESSAGE_ONCE.run(connection, row):
                kept = _same(connection, interaction_id, message)
                if kept is not None:
                    return kept
                _NEW_MESSAGE.run(connection, row)  # raises: the number is another one's
            if message.file is not None:
                connection.execute(_NEW_FILE, _file_row(interaction_id, message.file, message.at))
            return message

        return await self._database.at_once(work)

    async def after(self, interaction_id: str, number: int, limit: int) -> tuple[Message, ...]:
        """The messages with a greater number, in order, at most `limit`."""
        query = _messages(interaction_id).where(messages.c.number > number).limit(limit)
        return await self._database.look(lambda connection: _read(connection, query))

    async def newest(self, interaction_id: str, limit: int) -> tuple[Message, ...]:
        """The last `limit` messages, in order."""
        query = _messages(interaction_id).order_by(None).order_by(messages.c.number.desc()).limit(limit)
        return (await self._database.look(lambda connection: _read(connection, query)))[::-1]

    async def mark(self, interaction_id: str, marks: Marks) -> None:
        """Keeps how far both sides are."""
        await self._update(_MARKED, interaction_id, _row_of(marks))

    async def joined(self, interaction_id: str, agent_name: str) -> None:
        """An agent took the chat."""
        await self._update(_JOINED, interaction_id, {"agent_name": agent_name})

    async def end(self, interaction_id: str, by: str, now: int, marks: Marks | None = None) -> None:
        """The chat is over; the first end that is kept stands, with the marks where they are given."""
        ended = {"ended_at": now, "ended_by": by}
        if marks is None:
            await self._update(_ENDED, interaction_id, ended)
        else:
            await self._update(_ENDED_MARKED, interaction_id, ended | _row_of(marks))

    async def lodge(self, interaction_id: str, shard: str | None) -> None:
        """That shard has the chat, or is asked to have it; None: it is this one's."""
        await self._update(_LODGED, interaction_id, {"elsewhere": shard})

    async def take_over(self, chat: Chat, lines: Sequence[Message]) -> None:
        """Keeps a chat of another shard with what was said in it, in place of what was kept of it before."""
        row = {name: getattr(chat, name) for name in _CHAT_COLUMNS} | _row_of(chat.marks)

        def work(connection: Connection) -> None:
            _forget(connection, chat.interaction_id)
            connection.execute(chats.insert(), row)
            _append(connection, chat.interaction_id, lines)

        await self._database.at_once(work)

    async def append(self, interaction_id: str, lines: Sequence[Message]) -> None:
        """Keeps more of what was said in such a chat; what is kept already stays."""
        await self._database.at_once(lambda connection: _append(connection, interaction_id, lines))

    async def forget(self, interaction_id: str) -> None:
        """Such a chat did not come."""
        await self._database.at_once(lambda connection: _forget(connection, interaction_id))

    async def reopen(self, interaction_id: str) -> None:
        """It goes on after all."""
        await self._update(_REOPENED, interaction_id, {"ended_at": None, "ended_by": None})

    async def rate(self, interaction_id: str, score: int, now: int) -> int:
        """Keeps the customer's rating (1-5) unless there is one; returns the one that stands."""
        async with self._database.write() as connection:
            row = {"interaction_id": interaction_id, "score": score, "at": now}
            await connection.execute(insert_ignoring(connection, ratings).values(**row))
            query = select(ratings.c.score).where(ratings.c.interaction_id == interaction_id)
            stands: int = (await connection.execute(query)).scalar_one()
            return stands

    async def _one(self, condition: ColumnElement[bool]) -> Chat | None:
        query = _chats().where(condition)

        def work(connection: Connection) -> Chat | None:
            row = connection.execute(query).mappings().first()
            return None if row is None else _chat(row)

        return await self._database.look(work)

    async def _update(self, how: Prepared, interaction_id: str, values: dict[str, Any]) -> None:
        await self._database.at_once(lambda connection: how.run(connection, {"chat": interaction_id, **values}))


async def messages_of(connection: AsyncConnection, interaction_id: str) -> tuple[Message, ...]:
    """All of an interaction's messages, within a transaction of the caller's."""
    return await connection.run_sync(_read, _messages(interaction_id))


_MESSAGE_COLUMNS: Sequence[str] = tuple(field.name for field in fields(Message) if field.name != "file")
_FILE_COLUMNS: Sequence[str] = tuple(field.name for field in fields(ChatFile) if field.name != "gone")
_MARK_COLUMNS: Sequence[str] = tuple(field.name for field in fields(Marks))
_CHAT_COLUMNS: Sequence[str] = tuple(
    field.name for field in fields(Chat) if field.name not in ("marks", "last", "rating")
)


_THIS = chats.c.interaction_id == bindparam("chat")


def _change(**values: Any) -> Prepared:
    """Of one chat."""
    return Prepared(lambda _: update(chats).where(_THIS).values(values))


# Every chat makes these; to have SQLAlchemy run a statement takes longer than SQLite does.
_NEW_CHAT = Prepared(lambda dialect: ignoring(dialect, chats), (*_CHAT_COLUMNS, *_MARK_COLUMNS))
_NEW_MESSAGE = Prepared(lambda _: messages.insert())
_MESSAGE_ONCE = Prepared(lambda dialect: ignoring(dialect, messages))
_NEW_FILE = chat_files.insert()
_MARKS: dict[str, Any] = {name: bindparam(name) for name in _MARK_COLUMNS}
_MARKED = _change(**_MARKS)
_JOINED = _change(agent_name=bindparam("agent_name"))
_LODGED = _change(elsewhere=bindparam("elsewhere"))
_REOPENED = _change(ended_at=bindparam("ended_at"), ended_by=bindparam("ended_by"))


def _ended(**values: Any) -> Prepared:
    """Of one that is not over."""
    over = {"ended_at": bindparam("ended_at"), "ended_by": bindparam("ended_by")} | values
    return Prepared(lambda _: update(chats).where(_THIS, chats.c.ended_at.is_(None)).values(over))


_ENDED, _ENDED_MARKED = _ended(), _ended(**_MARKS)


def _messages(interaction_id: str | BindParameter[str]) -> Select[Any]:
    of_file = (chat_files.c[name].label(f"file_{name}") for name in (*_FILE_COLUMNS, "gone_at"))
    query = select(*(messages.c[name] for name in _MESSAGE_COLUMNS), *of_file)
    query = query.select_from(messages.outerjoin(chat_files, chat_files.c.id == messages.c.file_id))
    return query.where(messages.c.interaction_id == interaction_id).order_by(messages.c.number)


def _chats() -> Select[Any]:
    last = select(func.max(messages.c.number)).where(messages.c.interaction_id == chats.c.interaction_id)
    joined = chats.outerjoin(ratings, ratings.c.interaction_id == chats.c.interaction_id)
    return select(chats, last.scalar_subquery().label("last"), ratings.c.score.label("rating")).select_from(joined)


def _chat(row: Any) -> Chat:
    marks = Marks(**{name: row[name] for name in _MARK_COLUMNS})
    kept = {name: row[name] for name in _CHAT_COLUMNS}
    return Chat(**kept, marks=marks, last=row["last"] or 0, rating=row["rating"])


def _row_of(marks: Marks) -> dict[str, int]:
    return {name: getattr(marks, name) for name in _MARK_COLUMNS}


def _message_row(interaction_id: str, message: Message) -> dict[str, Any]:
    row = {"interaction_id": interaction_id} | {name: getattr(message, name) for name in _MESSAGE_COLUMNS}
    return row | {"file_id": message.file.id if message.file else None}


def _file_row(interaction_id: str, file: ChatFile, at: int) -> dict[str, Any]:
    return {"interaction_id": interaction_id, "at": at} | {name: getattr(file, name) for name in _FILE_COLUMNS}


def _append(connection: Connection, interaction_id: str, lines: Sequence[Message]) -> None:
    for message in lines:
        if message.file is not None:
            gone = {"gone_at": message.at if message.file.gone else None}
            row = _file_row(interaction_id, message.file, message.at) | gone
            connection.execute(insert_ignoring(connection, chat_files), row)
        connection.execute(insert_ignoring(connection, messages), _message_row(interaction_id, message))


def _forget(connection: Connection, interaction_id: str) -> None:
    for table in (messages, chat_files, chats):
        connection.execute(table.delete().where(table.c.interaction_id == interaction_id))


def _read(connection: Connection, query: Select[Any]) -> tuple[Message, ...]:
    return tuple(_message(row) for row in connection.execute(query).mappings())


def _message(row: Any) -> Message:
    file = None
    if row["file_id"] is not None:
        known = {name: row[f"file_{name}"] for name in _FILE_COLUMNS}
        file = ChatFile(**known, gone=row["file_gone_at"] is not None)
    return Message(**{name: row[name] for name in _MESSAGE_COLUMNS}, file=file)


_SAID_QUERY = _messages(bindparam("chat")).where(
    messages.c.agent_id == bindparam("agent"), messages.c.client_id == bindparam("client")
)
_SAID = Prepared(lambda _: _SAID_QUERY)
_SAID_COLUMNS = tuple(_SAID_QUERY.selected_columns.keys())


def _same(connection: Connection, interaction_id: str, message: Message) -> Message | None:
    if message.client_id is None:
        return None
    said = {"chat": interaction_id, "agent": message.agent_id, "client": message.client_id}
    found = _SAID.rows(connection, said)
    return _message(dict(zip(_SAID_COLUMNS, found[0], strict=True))) if found else None
