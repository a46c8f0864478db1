"""Callbacks and messages are kept, listed while open, and done once."""

import asyncio

import pytest

from records.database import Database
from records.follow_ups import FollowUp, FollowUps

# Neither done nor taken, and without a note.
NOBODY = (None,) * 5


async def test_callbacks_and_messages_are_listed_oldest_first_until_they_are_done(database: Database) -> None:
    kept = FollowUps(database)
    first = await kept.callback("i1", "orders", "+86138", "zh", ("中文", "orders"), 10)
    second = await kept.voicemail("i2", "help", "anonymous", "en", (), 20, file="i2.wav", duration_us=5_000_000)
    assert await kept.list() == (
        FollowUp(first, "callback", "i1", "orders", "+86138", "zh", "中文 > orders", None, None, 10, *NOBODY),
        FollowUp(second, "voicemail", "i2", "help", "anonymous", "en", "", "i2.wav", 5_000_000, 20, *NOBODY),
    )
    assert [one.id for one in await kept.list("voicemail")] == [second]
    assert [one.id for one in await kept.list(queue="orders")] == [first]
    assert len(await kept.list(limit=1)) == 1
    assert [one.id for one in await kept.list(of_queues={"help", "other"})] == [second]
    assert await kept.list(queue="orders", of_queues={"help"}) == await kept.list(of_queues=()) == ()
    assert await kept.done(first, "anna", 30)
    assert [one.id for one in await kept.list()] == [second]
    done = await kept.get(first)
    assert done is not None
    assert (done.done_at, done.done_by, done.note) == (30, "anna", None)
    assert await kept.done(second, "bo", 40, "called back")
    assert [(one.id, one.note) for one in await kept.list(done=True)] == [(second, "called back"), (first, None)]
    assert await kept.get(99) is None


async def test_of_two_who_take_the_same_one_only_one_has_it(database: Database) -> None:
    kept = FollowUps(database)
    this = await kept.callback("i1", "orders", "1", "en", (), 1)
    assert sorted(await asyncio.gather(*(kept.done(this, by, 2) for by in ("anna", "bo")))) == [False, True]


async def test_one_is_taken_given_on_and_put_back(database: Database) -> None:
    kept = FollowUps(database)
    this, other = [await kept.callback("i1", "orders", "1", "en", (), 1) for _ in range(2)]
    assert sorted(await asyncio.gather(*(kept.take(this, None, who, 2) for who in ("anna", "bo")))) == [False, True]
    (taken,) = [one for one in await kept.list() if one.id == this]
    assert (taken.taken_by in ("anna", "bo"), taken.taken_at) == (True, 2)
    assert await kept.list(taken_by=str(taken.taken_by)) == (taken,)
    assert [one.id for one in await kept.list(taken_by="")] == [other]
    assert not await kept.take(this, "nobody", "cai", 3)
    assert await kept.take(this, taken.taken_by, "cai", 3)
    assert await kept.take(this, "cai", None, 4)
    assert len(await kept.list(taken_by="")) == 2
    assert await kept.done(this, "anna", 5)
    assert not await kept.take(this, None, "anna", 6), "it is done"


@pytest.mark.parametrize("number", ["", "1" * 65])
async def test_what_cannot_be_a_number_is_refused(database: Database, number: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        await FollowUps(database).callback("i1", "orders", number, "en", (), 1)


async def test_a_written_message_waits_with_the_others(database: Database) -> None:
    kept = FollowUps(database)
    this = await kept.message("i1", "web_chat", "vera@example.org", "Vera", "zh-CN", "Call me <b>back</b>", 7)
    (one,) = await kept.list("message")
    assert (one.id, one.number, one.name, one.text) == (this, "vera@example.org", "Vera", "Call me <b>back</b>")
    assert (one.language, one.path, one.file) == ("zh-CN", "", None)
