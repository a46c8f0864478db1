"""Writers take turns in the order in which they came."""

import asyncio

import pytest

from records.turns import Turns
from tests.waiting import until


async def test_in_the_order_in_which_they_came() -> None:
    turns, order = Turns(), list[str]()
    turns.enter(lambda: order.append("first"))
    turns.enter(lambda: order.append("second"))

    async def task(name: str) -> None:
        async with turns.turn():
            order.append(name)

    third = asyncio.create_task(task("third"))
    await asyncio.sleep(0)
    turns.enter(lambda: order.append("fourth"))
    assert order == ["first"]
    turns.leave()
    assert order == ["first", "second"]
    turns.leave()
    await third
    assert order == ["first", "second", "third", "fourth"]
    turns.leave()
    turns.enter(lambda: order.append("nobody was there"))
    assert order[-1] == "nobody was there"


@pytest.mark.parametrize("has_its_turn", [False, True])
async def test_who_is_cancelled_keeps_nobody_waiting(has_its_turn: bool) -> None:
    turns, order = Turns(), list[str]()
    turns.enter(lambda: None)

    async def task() -> None:
        async with turns.turn():
            order.append("cancelled")

    waiting = asyncio.create_task(task())
    await asyncio.sleep(0)
    turns.enter(lambda: order.append("next"))
    if has_its_turn:
        turns.leave()
        waiting.cancel()
    else:
        waiting.cancel()
        await asyncio.sleep(0)
        turns.leave()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: order == ["next"], "the next one's turn")


async def test_an_error_ends_a_turn() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="mine"):
        async with turns.turn():
            raise ValueError("mine")
    async with turns.turn():
        pass
