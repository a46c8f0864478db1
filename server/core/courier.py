"""What a shard and its neighbours say to each other about work that is handed over (router.handoff), by their inboxes.

Only what is committed is said. An item that is leaving is asked for again and again until the turn with the answer is
committed, by whoever owns the shard then; what is answered is said once, as it will be asked for again if it is lost.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from msgspec.structs import replace

from router.commands import AnswerHandoff
from router.dispatcher import Dispatcher
from router.events import Event, HandoffAnswered
from router.rows import Handoff, Turn, WorkRow
from store.errors import StoreError

log = structlog.get_logger(__name__)

AGAIN_S = 0.5
CAUSE = "handoff"


class Inbox(Protocol):
    """Another shard's store."""

    async def leave(self, event: Event, cause: str) -> None: ...


@dataclass(slots=True)
class _Leaving:
    """A committed handoff; `ended`: that the item has ended is committed too. `unasked`: it has no host yet."""

    work_id: str
    ended: bool
    unasked: bool = False


def _leaving(row: WorkRow, handoff: Handoff) -> _Leaving:
    return _Leaving(row.work_id, handoff.ended is not None, (row.node != "" or row.callback) and not handoff.host)


class Courier:
    """`begin` with the rows, then `heard` for every committed turn, on whichever node; `run` as a task on the owner.

    `shard` is this one's name, `inbox_of` gives the store of another by its name.
    """

    def __init__(self, shard: str, inbox_of: Callable[[str], Inbox], again_s: float = AGAIN_S) -> None:
        self._dispatcher: Dispatcher
        self._shard = shard
        self._inbox_of = inbox_of
        self._again_s = again_s
        self._inboxes: dict[str, Inbox] = {}
        self._leaving: dict[tuple[str, int], _Leaving] = {}
        self._fresh: list[tuple[str, int]] = []
        self._answers: list[tuple[str, HandoffAnswered]] = []
        self._wake = asyncio.Event()
        self._running = False
        self._trouble = False

    def begin(self, dispatcher: Dispatcher, rows: Iterable[WorkRow]) -> None:
        """What is leaving as the rows have it."""
        self._dispatcher = dispatcher
        for row in rows:
            if row.handoff is not None:
                self._leaving[row.handoff.shard, row.handoff.token] = _leaving(row, row.handoff)

    def heard(self, turn: Turn) -> None:
        """A turn was committed."""
        if not turn.changes.neighbours and not self._leaving:
            return
        if self._leaving:
            self._settled(turn)
        for row in turn.changes.work:
            if row.handoff is not None:
                key = (row.handoff.shard, row.handoff.token)
                self._leaving[key] = _leaving(row, row.handoff)
                if self._running:
                    self._fresh.append(key)
                    self._wake.set()
        for command in turn.commands:
            match command:
                case AnswerHandoff(shard=shard, token=token) if self._running:
                    said = HandoffAnswered(self._shard, token, command.refused, command.ended)
                    self._answers.append((shard, said))
                    self._wake.set()
                case _:
                    pass

    async def run(self) -> None:
        """Until cancelled. What the other shard's store does not take is said again."""
        self._running = True
        loop = asyncio.get_running_loop()
        round_at = loop.time()
        while True:
            if loop.time() >= round_at:
                self._fresh = list(self._leaving)
                round_at = loop.time() + self._again_s
            await self._send()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, round_at - loop.time()) if self._leaving else None):
                    await self._wake.wait()
            self._wake.clear()

    # --- inside -------------------------------------------------------------------------------------------------

    def _settled(self, turn: Turn) -> None:
        """What is leaving no more, by this turn."""
        here = {row.work_id for row in turn.changes.work if row.handoff is None}
        over = here.union(turn.changes.work_closed)
        for key in [key for key, leaving in self._leaving.items() if leaving.work_id in over]:
            del self._leaving[key]

    async def _send(self) -> None:
        answers, self._answers = self._answers, []
        fresh, self._fresh = self._fresh, []
        said: list[tuple[str, Event]] = [*answers]
        said += [(key[0], asked) for key in dict.fromkeys(fresh) if (asked := self._asked(key)) is not None]
        if said:
            await asyncio.gather(*(self._leave(shard, event) for shard, event in said))

    def _asked(self, key: tuple[str, int]) -> Event | None:
        """What to ask, as far as it is committed; the dispatcher is ahead of that."""
        leaving, asked = self._leaving.get(key), self._dispatcher.handoff(*key, self._shard)
        if leaving is None or leaving.unasked or asked is None or (asked.ended is not None and not leaving.ended):
            return None  # what has come since is told when it is committed
        oldest = min(token for shard, token in self._leaving if shard == key[0])
        return replace(asked, settled=oldest - 1)

    async def _leave(self, shard: str, event: Event) -> None:
        inbox = self._inboxes.get(shard)
        if inbox is None:
            inbox = self._inboxes[shard] = self._inbox_of(shard)
        try:
            await inbox.leave(event, CAUSE)
        except StoreError as error:
            if not self._trouble:
                log.warning("handoff_not_said", shard=shard, error=str(error))
            self._trouble = True
        else:
            self._trouble = False
