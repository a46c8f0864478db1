"""A node that is to end takes nothing new, waits for what is open on it, then ends in order: `python -m server drain`.

Its shard, if it owns one, it keeps until the end: it is given back when nothing is decided here any more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

LOOK_S = 0.25


class Pages(Protocol):
    """The agents' pages that are connected here."""

    def pages(self) -> Iterable[str]: ...

    def held_here(self, agent_id: str) -> bool:
        """Whether the agent has something here that would be disturbed if they went to another node."""
        ...

    def send_away(self, agent_id: str) -> None:
        """Their page connects again, to another node."""
        ...


@dataclass(frozen=True, slots=True)
class Handed:
    """Callers who were on the line at the end: how many are at another node now, and how many will be called back."""

    moved: int = 0
    called_back: int = 0


class Draining:
    """`command`, by whoever wants it; it is done once. `doors` are shut first, `stop` ends the node.

    `open_work` counts calls and chats of this node.

    `hand_over` sees to callers who are on the line when the time is over.
    """

    def __init__(
        self,
        doors: Iterable[Callable[[], None]],
        open_work: Callable[[], int],
        pages: Pages,
        stop: Callable[[], None],
        limit_s: float,
        hand_over: Callable[[], Awaitable[Handed]],
    ) -> None:
        self._doors = tuple(doors)
        self._open_work = open_work
        self._pages = pages
        self._stop = stop
        self._limit_s = limit_s
        self._hand_over = hand_over
        self.begun = False
        self._ending: asyncio.Future[dict[str, int]] | None = None

    def check(self) -> str | None:
        """For health: a balancer sends nobody here any more."""
        return "this node is being drained" if self.begun else None

    async def command(self) -> dict[str, int]:
        """Returns when nothing is open here, or the time is over; then the node ends. `left` is what was still open."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(), name="draining")
        try:
            done = await asyncio.shield(self._ending)
        except asyncio.CancelledError:
            self._ending.add_done_callback(lambda _done: self._stop())  # whoever asked is gone, and it goes on
            raise
        self._stop()  # at the very end: the answer is on its way before anything closes
        return done

    async def _end(self) -> dict[str, int]:
        self.begun = True
        log.info("draining", open=self._open_work(), limit_s=self._limit_s)
        for shut in self._doors:
            shut()
        end = asyncio.get_running_loop().time() + self._limit_s
        while self._look() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - once in a node's life
            await asyncio.sleep(LOOK_S)
        left = self._open_work()
        handed = await self._hand_over() if left else Handed()
        log.info("drained", left=left, moved=handed.moved, called_back=handed.called_back)
        return {"left": left, "moved": handed.moved, "called_back": handed.called_back}

    def _look(self) -> int:
        """What is open; agents who hold nothing of this node are sent to another one."""
        for agent_id in list(self._pages.pages()):
            if not self._pages.held_here(agent_id):
                self._pages.send_away(agent_id)
        return self._open_work()
