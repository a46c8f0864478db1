"""Who writes to a file that has one writer at a time, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """`enter` with what is called when one's turn has come, `leave` when it is over."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[Callable[[], None]] = deque()

    def enter(self, go: Callable[[], None]) -> None:
        """Calls it when everybody who came before has left: at once when nobody is there."""
        if self._taken:
            self._waiting.append(go)
            return
        self._taken = True
        go()

    def leave(self) -> None:
        """The next one's turn has come."""
        if self._waiting:
            self._waiting.popleft()()
        else:
            self._taken = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The same for a task, which may be cancelled while it waits."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def go() -> None:
            if mine.cancelled():
                self.leave()
            else:
                mine.set_result(None)

        self.enter(go)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # cancelled when its turn had just come
                self.leave()
            raise
        try:
            yield
        finally:
            self.leave()
