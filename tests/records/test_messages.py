"""Chats in SQL: the token names the chat, a repeated send is one message, and what ended stays ended."""

import asyncio
from dataclasses import replace
from typing import Any

from records.chat_files import ChatFile
from records.database import Database
from records.interactions import Interactions
from records.messages import Author, Chat, Chats, Marks, Message


def chat(number: int = 1, **changes: Any) -> Chat:
    first = Chat(
        interaction_id=f"i{number}",
        token_hash=f"hash{number}",
        entry="web",
        channel="web_chat",
        queue="web_chat",
        name="Visitor",
        locale="zh-CN",
        opened_at=1000 + number,
    )
    return replace(first, **changes)


def said(number: int, text: str, client_id: str | None = None, author: Author = "customer") -> Message:
    return Message(number, author, "ann" if author == "agent" else "", "Name", client_id, text, 1000 + number)


async def test_a_chat_is_opened_once_for_its_token(database: Database) -> None:
    chats = Chats(database)
    assert await chats.open(chat(), said(1, "hello", "c1"))
    assert not await chats.open(chat(2, token_hash="hash1"), said(1, "hello", "c1"))
    assert await chats.find("hash1") == replace(chat(), last=1)
    assert await chats.find("hash2") is None
    assert await chats.get("i2") is None
    assert await chats.get("i1") == await chats.find("hash1")


async def test_a_send_that_is_repeated_is_one_message(database: Database) -> None:
    chats = Chats(database)
    await chats.open(chat(), said(1, "hello", "c1"))
    second = await chats.add("i1", said(2, "again?", "c2"))
    assert await chats.add("i1", said(3, "other words, same send", "c2")) == second
    assert (await chats.add("i1", said(3, "mine", "c2", "agent"))).number == 3, "the agent's names are its own"
    assert (await chats.add("i1", said(4, "told", None, "system"))).number == 4
    assert (await chats.add("i1", said(5, "told", None, "system"))).number == 5
    assert [each.number for each in await chats.after("i1", 2, 10)] == [3, 4, 5]
    assert [each.number for each in await chats.after("i1", 0, 2)] == [1, 2]
    assert [each.number for each in await chats.newest("i1", 2)] == [4, 5]


async def test_hostile_text_comes_back_as_it_was(database: Database) -> None:
    chats = Chats(database)
    text = "<script>alert('x')</script>'; DROP TABLE messages; -- 你好 🙂"
    await chats.open(chat(), said(1, text, "c1"))
    assert [each.text for each in await chats.after("i1", 0, 10)] == [text]


async def test_marks_agent_end_and_rating_are_kept(database: Database) -> None:
    chats = Chats(database)
    await chats.open(chat(), said(1, "hello", "c1"))
    await chats.open(chat(2), said(1, "hello", "c1"))
    marks = Marks(customer_delivered=3, customer_read=2, agent_delivered=1, agent_read=1)
    await chats.mark("i1", marks)
    await chats.joined("i1", "Demo agent 1")
    await chats.end("i1", "agent", 5000)
    await chats.end("i1", "customer", 6000, Marks())
    assert [await chats.rate("i1", score, 7000) for score in (4, 1)] == [4, 4], "the first rating stands"
    kept = await chats.get("i1")
    assert kept is not None
    assert (kept.marks, kept.agent_name, kept.ended_at, kept.ended_by) == (marks, "Demo agent 1", 5000, "agent")
    assert kept.rating == 4
    assert [each.interaction_id for each in await chats.not_ended()] == ["i2"]


async def test_the_record_of_an_interaction_shows_messages_and_rating(database: Database) -> None:
    from records.drafts import InteractionDraft
    from records.projection_tables import interactions

    chats = Chats(database)
    await chats.open(chat(), said(1, "hello", "c1"))
    await chats.rate("i1", 5, 7000)
    draft = InteractionDraft("i1", opened_at=1)
    async with database.write() as connection:
        row = {name: getattr(draft, name) for name in InteractionDraft.__slots__}
        await connection.execute(interactions.insert().values(**row))
    view = await Interactions(database).view("i1")
    assert view is not None
    assert view.record.rating == 5
    assert [message.text for message in view.messages] == ["hello"]


async def test_many_at_once_lose_nothing(database: Database) -> None:
    chats = Chats(database)
    for number in range(1, 11):
        await chats.open(chat(number), said(1, "hello", "c1"))
    await asyncio.gather(*(chats.add(f"i{n}", said(k, "x", f"c{k}")) for n in range(1, 11) for k in range(2, 12)))
    for number in range(1, 11):
        assert [each.number for each in await chats.after(f"i{number}", 0, 100)] == list(range(1, 12))


async def test_a_chat_of_another_shard_is_kept_whole_and_goes_on_after_all(database: Database) -> None:
    chats, file = Chats(database), ChatFile(id="f", name="a.png", media_type="image/png", size=1, sha256="s", gone=True)
    lines = [said(1, "hello", "c1"), replace(said(2, "", "c2"), file=file)]
    for _ in range(2):  # it came before, and came to nothing
        await chats.take_over(chat(), lines[:1])
        await chats.append("i1", lines)
    await chats.append("i1", [said(3, "thanks", "c3")])
    assert [each.text for each in await chats.after("i1", 0, 10)] == ["hello", "", "thanks"]
    assert (await chats.newest("i1", 2))[0].file == file
    await chats.end("i1", "system", 5)
    await chats.reopen("i1")
    await chats.lodge("i1", "north")
    assert await chats.get("i1") == replace(chat(), last=3, elsewhere="north")
    await chats.lodge("i1", None)
    await chats.forget("i1")
    assert await chats.get("i1") is None
    assert await chats.after("i1", 0, 10) == ()


async def test_the_marks_are_kept_with_the_end(database: Database) -> None:
    chats, marks = Chats(database), Marks(customer_delivered=3, customer_read=2, agent_delivered=1, agent_read=1)
    await chats.open(chat(), said(1, "hello", "c1"))
    await chats.end("i1", "agent", 5000, marks)
    kept = await chats.get("i1")
    assert kept is not None
    assert (kept.marks, kept.ended_at, kept.ended_by) == (marks, 5000, "agent")
