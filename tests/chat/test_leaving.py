"""What is said while a chat is on its way waits until it is settled who has it."""

import asyncio

import pytest

from chat import leaving
from chat.leaving import Leaving
from chat.ports import ChatRefusedError


async def test_it_is_waited_for() -> None:
    one = Leaving()
    waiting = asyncio.create_task(one.settled())
    await asyncio.sleep(0)
    assert not waiting.done()
    one.settle()
    await waiting
    await one.settled()


async def test_what_takes_too_long_is_to_be_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "HELD_BACK_S", 0.0)
    with pytest.raises(ChatRefusedError, match="send it again"):
        await Leaving().settled()
