"""What other nodes forward to the shard, as its owner takes it in: each request once, whatever the store has lost."""

import asyncio
import re
from collections import deque
from typing import Protocol

import structlog

from router.errors import RoutingEndedError
from router.events import Event, NodeLost, TimePassed
from router.rows import Turn
from server.core.forwarder import turn_cause
from store.errors import StoreLost
from store.lease import InboxEntry

log = structlog.get_logger(__name__)

BATCH = 256
BLOCK_MS = 1000
AGAIN_S = 0.05
# What a store that has lost writes must be told of is young: the oldest of so many nodes is in no inbox any more.
KEPT_LOST = 1000
# A forwarded request in a turn's cause: the node's label, the request's number.
_REQUEST = re.compile(r"(\S+\.\d+)/(\d+) ")


class Inbox(Protocol):
    """The shard's store."""

    async def read_inbox(self, after: str, limit: int, block_ms: int | None = None) -> list[InboxEntry]: ...


class Pump(Protocol):
    """Where requests are decided on."""

    def take_in(self, event: Event, cause: str, entry: InboxEntry) -> None: ...

    def tell(self, event: Event, cause: str) -> None: ...


class Intake:
    """`heard` for every turn, on whichever node; on the owner `feed` what is there, then `run` as a task.

    The store takes each request once. After it has lost writes a node sends again what has not come back to it, though
    it may have been decided on here: `taken`, by node the number of the last request in a turn, tells.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._at = ""
        self.taken: dict[str, int] = {}
        # The last nodes that were lost, in order: each start of a node is another one.
        self._lost: deque[str] = deque()
        self.gone: set[str] = set()

    def begin_again(self) -> None:
        """Read all that is there: entries may have been lost, and the ids of new ones need not be above theirs."""
        self._at = ""

    def heard(self, turn: Turn) -> None:
        """A turn was committed."""
        if type(turn.event) is NodeLost:
            self._note_lost(turn.event.node)
        elif "/" in turn.cause and (found := _REQUEST.match(turn.cause)) is not None:
            self.has_taken(found[1], int(found[2]))

    async def feed(self, pump: Pump) -> None:
        """What is in the inbox now. Raises StoreError; after StoreLost it may be done again, from the beginning."""
        try:
            while entries := await self._inbox.read_inbox(self._at, BATCH):
                self._take(pump, entries)
        except StoreLost:
            self.begin_again()
            raise

    async def run(self, pump: Pump) -> None:
        """Until cancelled, or the pump is closed: what is left in the inbox is the next owner's."""
        lost = False
        while True:
            before = self._at
            try:
                entries = await self._inbox.read_inbox(before, BATCH, BLOCK_MS)
            except StoreLost as error:
                if not lost:
                    log.warning("inbox_not_read", error=str(error))
                    self.begin_again()
                lost = True
                await asyncio.sleep(AGAIN_S)
                continue
            if lost:
                lost = False
                pump.tell(TimePassed(), "store")  # its commit finds out whether the store has lost any
            if before != self._at:
                continue  # it begins again
            try:
                self._take(pump, entries)
            except RoutingEndedError:
                return

    def _take(self, pump: Pump, entries: list[InboxEntry]) -> None:
        for entry in entries:
            label, _, number = entry.request.rpartition("/")
            if label and int(number) <= self.taken.get(label, 0):
                pump.take_in(TimePassed(), "again", entry)  # it has to go
            else:
                pump.take_in(entry.event, turn_cause(entry.request, entry.cause), entry)
            if label:
                self.has_taken(label, int(number))
            self._at = entry.id

    def _note_lost(self, lost: str) -> None:
        if lost not in self.gone:
            self._lost.append(lost)
            self.gone.add(lost)
        if len(self._lost) > KEPT_LOST:
            old = self._lost.popleft()
            self.gone.discard(old)
            self.taken.pop(old, None)

    def has_taken(self, label: str, number: int) -> None:
        """A node's requests up to this number are decided on."""
        self.taken[label] = max(self.taken.get(label, 0), number)
