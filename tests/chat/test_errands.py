"""What is done in a chat's turn is answered, whether it was carried out, refused or nobody waits for it any more."""

import asyncio

import pytest

from chat.errands import carry_out
from chat.ports import ChatRefusedError


async def _good() -> int:
    return 7


async def _bad() -> int:
    raise ChatRefusedError("empty", "there is nothing in it")


async def test_the_result_and_the_refusal_come_back() -> None:
    replies: list[asyncio.Future[int]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
    await carry_out(_good, replies[0])
    await carry_out(_bad, replies[1])
    assert await replies[0] == 7
    with pytest.raises(ChatRefusedError):
        await replies[1]


async def test_who_asked_for_what_nobody_foresaw_is_told_too() -> None:
    async def fault() -> int:
        raise LookupError("nobody foresaw this")

    reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(LookupError):
        await carry_out(fault, reply)
    with pytest.raises(ChatRefusedError) as refused:
        await reply
    assert refused.value.code == "unavailable"


async def test_who_waits_no_more_is_not_told() -> None:
    for act in (_good, _bad):
        reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        reply.cancel()
        await carry_out(act, reply)
        assert reply.cancelled()
