"""A chat that is on its way to another shard: what its visitor says waits until it is settled who has it."""

import asyncio

from chat.ports import ChatRefusedError

# Longer than any two shards that are well take; whoever is refused then says it again.
HELD_BACK_S = 5.0


class Leaving:
    """One handoff of one chat."""

    def __init__(self) -> None:
        self._settled = asyncio.Event()

    def settle(self) -> None:
        """The other shard has it, or this one keeps it."""
        self._settled.set()

    async def settled(self) -> None:
        """Returns when that is so. Raises ChatRefusedError when it takes too long."""
        try:
            async with asyncio.timeout(HELD_BACK_S):
                await self._settled.wait()
        except TimeoutError:
            raise ChatRefusedError("unavailable", "the chat is on its way to other people, send it again") from None
