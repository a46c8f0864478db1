"""Events of a node that does not own the shard, on their way to the owner: numbered, in order, each applied once.

A request is done when its turn comes back in the journal. Until it is in the inbox it is sent again and again with the
same number; the inbox takes each number once. So neither a lost reply nor another owner loses or doubles it. Whether it
still stands there nobody says: a master that was given up, and lived, may have taken it. Whatever does not come back
for a while is sent once more.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from router.commands import Command
from router.errors import RoutingEndedError
from router.events import Event
from router.rows import Turn
from server.core.pump import RETRY_FIRST_S, RETRY_LAST_S
from store.errors import InboxGap, StoreLost
from store.lease import Request

log = structlog.get_logger(__name__)

MAX_BATCH = 256
# So long, at least, the oldest request may stay without its turn: then it is sent again, as the inbox may have lost it.
SILENCE_S = 1.0


class Inbox(Protocol):
    """The shard's store."""

    async def forward(
        self, label: str, first: int, requests: Sequence[Request], settled: int = 0, seen: int = 0
    ) -> None: ...


@dataclass(slots=True)
class _Sent:
    request: Request
    done: asyncio.Future[tuple[Command, ...]] | None


def turn_cause(request: str, cause: str) -> str:
    """The cause of the turn that a forwarded event makes; `request` is `label/number`, "" for none."""
    return f"{request} {cause}" if request else cause


class Forwarder:
    """`run` as a task; `settle` for every committed turn; `halt`, then `left`, when this node becomes the owner."""

    def __init__(
        self,
        inbox: Inbox,
        label: str,
        *,
        away: Callable[[bool], None] = lambda _away: None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._inbox = inbox
        self._label = label
        self._mark = f"{label}/"
        self._away = away
        self._open: dict[int, _Sent] = {}
        self._next = 1
        self._forwarded = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._halted = False
        self._closed = False
        self._again = False
        self._seen = 0
        self._silence_s = silence_s
        self._alarm: asyncio.TimerHandle | None = None
        # The oldest request when the alarm went off last.
        self._stood_at = 0

    def __len__(self) -> int:
        """Requests whose turns have not come back."""
        return len(self._open)

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """The turn's commands once it is committed and applied here. Raises RoutingEndedError."""
        if self._closed:
            raise RoutingEndedError
        future: asyncio.Future[tuple[Command, ...]] = asyncio.get_running_loop().create_future()
        self._take(Request(cause, event), future)
        return await future

    def tell(self, event: Event, cause: str) -> None:
        """As `post`, for who needs no answer."""
        if self._closed:
            log.info("event_after_close", kind=type(event).__name__, cause=cause)
            return
        self._take(Request(cause, event), None)

    async def drain(self) -> None:
        """Returns when everything taken so far has come back. Raises RoutingEndedError when it never will."""
        last = self._next - 1
        while self._open and next(iter(self._open)) <= last:
            self._idle.clear()
            await self._idle.wait()
            if self._closed and self._open:
                raise RoutingEndedError

    def settle(self, turn: Turn) -> None:
        """A committed turn: one that a request of this node made answers it."""
        self._seen = turn.sequence
        if not turn.cause.startswith(self._mark):
            return
        number = int(turn.cause[len(self._mark) :].partition(" ")[0])
        sent = self._open.pop(number, None)
        if sent is not None and sent.done is not None and not sent.done.done():
            sent.done.set_result(turn.commands)
        self._idle.set()

    async def run(self) -> None:
        """Forwards until halted or closed. Raises StruckOff when others count this node as lost."""
        try:
            while not self._over():
                await self._wake.wait()
                self._wake.clear()
                while not self._over() and (batch := self._batch()):
                    await self._forward(batch)
        finally:
            if self._alarm is not None:
                self._alarm.cancel()

    def halt(self) -> None:
        """No more is forwarded, nor sent again; `run` returns once no request is under way."""
        self._halted = True
        self._wake.set()

    def again(self) -> None:
        """The store may have lost what stood in the inbox: whatever has not come back is sent once more."""
        self._again = True
        self._wake.set()

    @property
    def last(self) -> int:
        """The number of the last request."""
        return self._next - 1

    def left(self, taken: int) -> list[tuple[str, Event]]:
        """What was not decided on, in order, each with the cause of its turn (for `settle`).

        `taken`: the number of the last request of this node that was.
        """
        return [
            (turn_cause(f"{self._mark}{number}", sent.request.cause), sent.request.event)
            for number, sent in self._open.items()
            if number > taken
        ]

    def close(self) -> None:
        """Nobody waits any longer."""
        self._closed = True
        for sent in self._open.values():
            if sent.done is not None and not sent.done.done():
                sent.done.set_exception(RoutingEndedError())
        self._wake.set()
        self._idle.set()

    # --- inside -------------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        return self._halted or self._closed

    def _take(self, request: Request, done: "asyncio.Future[tuple[Command, ...]] | None") -> None:
        self._open[self._next] = _Sent(request, done)
        self._next += 1
        self._wake.set()

    def _batch(self) -> list[tuple[int, Request]]:
        if self._again:
            self._again, self._forwarded = False, 0
        # They come back in their order: from the oldest that is open on, all are.
        first = max(self._forwarded + 1, self._oldest())
        return [(number, self._open[number].request) for number in range(first, min(self._next, first + MAX_BATCH))]

    def _oldest(self) -> int:
        return next(iter(self._open), self._next)

    async def _forward(self, batch: list[tuple[int, Request]]) -> None:
        delay = RETRY_FIRST_S
        while not self._over():
            try:
                requests = [request for _, request in batch]
                await self._inbox.forward(self._label, batch[0][0], requests, self._oldest() - 1, self._seen)
                break
            except InboxGap as gap:
                self._forwarded = gap.known
                return
            except StoreLost as error:
                if delay == RETRY_FIRST_S:
                    log.error("not_forwarded", error=str(error), backlog=len(self._open))
                self._away(True)
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_LAST_S)
        self._away(False)
        self._forwarded = batch[-1][0]
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(self._silence_s, self._look_back)

    def _look_back(self) -> None:
        """One timer for all: what was the oldest the last time, too, may be lost."""
        self._alarm = None
        if self._over() or not self._open:
            return
        before, self._stood_at = self._stood_at, self._oldest()
        if before == self._stood_at:
            self.again()
        self._alarm = asyncio.get_running_loop().call_later(self._silence_s, self._look_back)
