"""A pace for what many ask for at one time: one thing in each turn of the event loop, in the order of asking.

What a thousand clients send at one time, or wait for together, would otherwise be done in one turn, in which nothing
is routed. In calm times nobody waits: the first of a turn is done at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Pace:
    """`then` for what is called, `turn` for who waits. For the loop's thread."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether `then` would put it off."""
        return self._busy

    def then(self, act: Callable[[], None]) -> None:
        """Now, or in a later turn when something was done in this one; should it raise, that is logged."""
        if self._busy:
            self._waiting.append(act)
        else:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._go_on)
            _do(act)

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        if not self._busy:
            return self.then(_nothing)
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(lambda: _tell(called))
        return await called

    def _go_on(self) -> None:
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._go_on)
            _do(self._waiting.popleft())
        else:
            self._busy = False


def _do(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception:  # one that fails must not keep the others from their turn
        log.exception("paced_part_failed")


def _tell(called: asyncio.Future[None]) -> None:
    if not called.done():
        called.set_result(None)


def _nothing() -> None:
    pass
