"""A database that is away is StoreAwayError, without a word of what was said."""

from pathlib import Path

import pytest
from sqlalchemy import text

from chat.ports import LeftMessage, StoreAwayError
from records.database import Database
from records.follow_ups import FollowUps
from records.handovers import Handovers
from records.interactions import Interactions
from records.messages import Chat, Chats, Marks, Message
from server.chats.chat_store import FollowUpMailbox, Phases, SqlChatStore
from tests.databases import migrated

CHAT = Chat(
    interaction_id="i1",
    token_hash="h1",
    entry="web",
    channel="c",
    queue="q",
    name="Visitor",
    locale="en",
    opened_at=1,
)


def said(number: int, words: str) -> Message:
    return Message(number, "customer", "", "Visitor", f"c{number}", words, number)


async def test_everything_goes_through(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.sqlite")
    store = SqlChatStore(Chats(database), Handovers(database))
    assert await store.open(CHAT, said(1, "hello"))
    assert (await store.add("i1", said(2, "more"))).number == 2
    await store.mark("i1", Marks(2, 1, 1, 1))
    await store.joined("i1", "Ann")
    assert [chat.interaction_id for chat in await store.not_ended()] == ["i1"]
    assert [m.text for m in await store.after("i1", 1, 9)] == [m.text for m in await store.newest("i1", 1)] == ["more"]
    await store.end("i1", "agent", 9)
    assert await store.rate("i1", 3, 10) == 3
    found = await store.find("h1")
    assert found is not None
    assert (found.agent_name, found.ended_by, found.rating, found.last) == ("Ann", "agent", 3, 2)
    assert await Phases(Interactions(database)).phase("i1") is None, "the journal's projection knows nothing of it"
    await database.close()


async def test_a_failing_database_says_nothing_of_what_was_said(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.sqlite")
    store = SqlChatStore(Chats(database), Handovers(database))
    await store.open(CHAT, said(1, "hello"))
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE messages RENAME TO away"))
    with pytest.raises(StoreAwayError) as caught:
        await store.add("i1", said(2, "very private"))
    assert str(caught.value) == "OperationalError"
    assert caught.value.__cause__ is None
    await database.close()


async def test_what_visitors_leave_waits_with_the_callbacks(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.sqlite")
    book = FollowUps(database)
    left = LeftMessage("i1", "web_chat", "Vera", "+86138", "zh-CN", "Call me")
    await FollowUpMailbox(book, lambda: 5).keep(left)
    (one,) = await book.list()
    assert (one.kind, one.queue, one.number, one.text, one.created_at) == (
        "message",
        "web_chat",
        "+86138",
        "Call me",
        5,
    )
    await database.close()
    with pytest.raises(StoreAwayError):
        await FollowUpMailbox(FollowUps(Database("sqlite+aiosqlite:////nowhere/x.db")), lambda: 5).keep(left)
