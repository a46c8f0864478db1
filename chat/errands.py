"""What others want done with a chat, one after the other with everything else that happens to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chat.ports import ChatRefusedError


@dataclass(frozen=True, slots=True)
class Errand:
    """`act` runs in the chat's own task; `reply` gets its result, or the ChatRefusedError that it raises."""

    act: Callable[[], Awaitable[Any]]
    reply: asyncio.Future[Any]

    async def run(self) -> None:
        """Carries it out."""
        try:
            result = await self.act()
        except ChatRefusedError as error:
            self.refuse(error)
            return
        if not self.reply.done():
            self.reply.set_result(result)

    def refuse(self, error: ChatRefusedError) -> None:
        """Tells whoever asked, if they still wait."""
        if not self.reply.done():
            self.reply.set_exception(error)
