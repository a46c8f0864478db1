"""A chat's messages without the chat: numbered, kept, and found again after a store that was away."""

import asyncio
from pathlib import Path

import pytest

from chat.events import Side
from chat.limits import ChatLimits
from chat.ports import StoreAwayError
from chat.transcript import Say, Transcript
from records.messages import Message
from tests.chat.house import house


def say(client_id: str) -> Say:
    reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return Say(Side.CUSTOMER, "customer", "", "Visitor", None, client_id, f"text {client_id}", reply)


async def test_what_may_have_been_kept_is_read_before_the_next_is_numbered(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        transcript = Transcript("chat9", (), place.store, ChatLimits(tail=2))
        kept, new = await transcript.keep(say("a"), 1, 10)
        assert (kept.number, kept.text, new) == (1, "text a", True)
        assert await transcript.missed(1) == ()
        place.store.fail_after = 1
        with pytest.raises(StoreAwayError):
            await transcript.keep(say("b"), 2, 11)
        assert [message.client_id for message in await transcript.missed(1)] == ["b"]
        assert await transcript.missed(2) == ()
        assert await transcript.keep(say("a"), 3, 12) == (kept, False)


async def test_a_reader_gets_the_tail_from_memory_and_older_ones_from_sql(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        transcript = Transcript("chat9", (), place.store, ChatLimits(tail=2, page=10))
        for number, client_id in enumerate("abcd", 1):
            transcript.append((await transcript.keep(say(client_id), number, number))[0])
        assert [message.number for message in transcript.tail] == [3, 4]
        assert [line.number for line in await transcript.after(0, 4)] == [1, 2, 3, 4]
        assert [line.number for line in await transcript.after(2, 4)] == [3, 4]
        assert await transcript.after(4, 4) == ()
