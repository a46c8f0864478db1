"""Looks at the clock at each full minute, because calendars know no smaller time: queues open and close by it."""

import asyncio
from collections.abc import Awaitable, Callable

MINUTE_US = 60_000_000
# Behind the minute by so much: a timer that comes a little early must not look at the minute before.
BEHIND_US = 20_000


class Hours:
    """`run` until `close`. `look` does what the minute asks for; `wall` gives microseconds since the epoch."""

    def __init__(self, look: Callable[[], Awaitable[None]], wall: Callable[[], int]) -> None:
        self._look = look
        self._wall = wall
        self._closed = asyncio.Event()

    def close(self) -> None:
        """`run` returns."""
        self._closed.set()

    async def run(self) -> None:
        """Looks at once, since the start may have taken long, and then every minute."""
        while not self._closed.is_set():
            await self._look()
            try:
                async with asyncio.timeout(until_next_us(self._wall()) / 1e6):
                    await self._closed.wait()
            except TimeoutError:
                continue


def until_next_us(now: int) -> int:
    """From now to just behind the next full minute."""
    return MINUTE_US - (now - BEHIND_US) % MINUTE_US
