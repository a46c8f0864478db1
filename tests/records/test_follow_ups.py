"""Callbacks and messages are kept, listed while open, and done once."""

import asyncio

import pytest

from records.database import Database
from records.follow_ups import FollowUp, FollowUps


async def test_callbacks_and_messages_are_listed_oldest_first_until_they_are_done(database: Database) -> None:
    kept = FollowUps(database)
    first = await kept.callback("i1", "orders", "+86138", "zh", ("中文", "orders"), 10)
    second = await kept.voicemail("i2", "help", "anonymous", "en", (), 20, file="i2.wav", duration_us=5_000_000)
    assert await kept.open() == (
        FollowUp(first, "callback", "i1", "orders", "+86138", "zh", "中文 > orders", None, None, 10, None, None),
        FollowUp(second, "voicemail", "i2", "help", "anonymous", "en", "", "i2.wav", 5_000_000, 20, None, None),
    )
    assert [one.id for one in await kept.open("voicemail")] == [second]
    assert [one.id for one in await kept.open(queue="orders")] == [first]
    assert len(await kept.open(limit=1)) == 1
    assert [one.id for one in await kept.open(of_queues={"help", "other"})] == [second]
    assert await kept.open(queue="orders", of_queues={"help"}) == await kept.open(of_queues=()) == ()
    assert await kept.done(first, "anna", 30)
    assert [one.id for one in await kept.open()] == [second]
    done = await kept.get(first)
    assert done is not None
    assert (done.done_at, done.done_by) == (30, "anna")
    assert await kept.get(99) is None


async def test_of_two_who_take_the_same_one_only_one_has_it(database: Database) -> None:
    kept = FollowUps(database)
    this = await kept.callback("i1", "orders", "1", "en", (), 1)
    assert sorted(await asyncio.gather(*(kept.done(this, by, 2) for by in ("anna", "bo")))) == [False, True]


@pytest.mark.parametrize("number", ["", "1" * 65])
async def test_what_cannot_be_a_number_is_refused(database: Database, number: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        await FollowUps(database).callback("i1", "orders", number, "en", (), 1)
