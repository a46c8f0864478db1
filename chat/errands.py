"""What others want done with a chat, one after the other with everything else that happens to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from chat.ports import ChatRefusedError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Errand:
    """`act` runs in the chat's own task; `reply` gets its result, or the ChatRefusedError that it raises."""

    act: Callable[[], Awaitable[Any]]
    reply: asyncio.Future[Any]


async def answered(ask: Callable[[asyncio.Future[T]], None]) -> T:
    """What comes of it, once somebody has answered. Raises what the answer raises."""
    reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    ask(reply)
    try:
        return await reply
    finally:
        del reply  # a refusal knows this frame, which would keep the refusal: a circle with the whole chat in it


async def carry_out(act: Callable[[], Awaitable[T]], reply: asyncio.Future[T]) -> None:
    """Tells whoever asked, if they still wait, what came of it: also when what nobody foresaw is raised on."""
    refusal = ChatRefusedError("unavailable", "this failed, try again")
    try:
        result = await act()
        if not reply.done():
            reply.set_result(result)
    except ChatRefusedError as error:
        # Without its traceback, whose frames know `reply`: a circle with the whole chat in it.
        refusal = ChatRefusedError(error.code, str(error))
    finally:
        if not reply.done():
            reply.set_exception(refusal)
