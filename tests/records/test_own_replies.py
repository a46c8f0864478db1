"""Replies that somebody keeps for themselves: each has their own, written over by name, and not too many."""

import pytest

from records import own_replies
from records.database import Database
from records.own_replies import OwnReplies, OwnReply


async def test_each_has_their_own(database: Database) -> None:
    book = OwnReplies(database)
    assert await book.put("anna", OwnReply("hi", "Greeting", "Hi {customer}"), 1)
    assert await book.put("anna", OwnReply("hi", "Greeting", "Hello {customer}"), 2)
    assert await book.put("ben", OwnReply("\u95ee\u597d", "Chinese", "\u60a8\u597d"), 3)
    assert await book.of("anna") == (OwnReply("hi", "Greeting", "Hello {customer}"),)
    assert not await book.remove("anna", "\u95ee\u597d")
    assert await book.remove("ben", "\u95ee\u597d")
    assert await book.of("ben") == ()


async def test_not_too_many_and_one_of_them_may_still_be_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_replies, "MAX_REPLIES", 2)
    book = OwnReplies(database)
    for name in ("a", "b"):
        assert await book.put("anna", OwnReply(name, "t", "x"), 1)
    assert not await book.put("anna", OwnReply("c", "t", "x"), 2)
    assert await book.put("anna", OwnReply("b", "t", "y"), 3)
    assert [one.text for one in await book.of("anna")] == ["x", "y"]
