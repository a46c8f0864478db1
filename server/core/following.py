"""How a follower keeps up: it reads the journal, and each of the owner's turns goes to its replica."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from router.rows import ShardImage, Turn
from server.clock import monotonic_us
from server.core.replica import Journal, Replica
from store.codec import JournalEntry
from store.errors import StoreLost

log = structlog.get_logger(__name__)

BATCH = 256
BLOCK_MS = 1000
AGAIN_S = 0.05
# How often the replica is held against the rows, besides each turn's commands.
COMPARE_S = 300.0


class Tail(Journal, Protocol):
    """The shard's store, on a connection of its own."""

    async def follow_journal(self, after: int, limit: int, block_ms: int) -> list[JournalEntry]: ...

    async def replica(self) -> ShardImage | None: ...


class JournalFollower:
    """`run` until cancelled, again after that.

    `heard` is given each turn once the replica has it, `away` whether the store has not answered, and `again` is called
    when it does once more and has the replica's last turn. `compare_s`: seconds from one comparison to the next.
    """

    def __init__(
        self,
        tail: Tail,
        replica: Replica,
        heard: Callable[[Turn], None],
        away: Callable[[bool], None],
        again: Callable[[], None],
    ) -> None:
        self.compare_s = COMPARE_S
        self._tail = tail
        self._replica = replica
        self._heard = heard
        self._away = away
        self._again = again
        self._compared = 0
        self._target: ShardImage | None = None
        self._broken = False

    async def run(self) -> None:
        """Raises JournalGapError and ReplicaDivergedError: such a replica is of no use any more."""
        self._compared, self._target, self._broken = monotonic_us(), None, False
        while True:
            try:
                entries = await self._read()
            except StoreLost as error:
                if not self._broken:
                    log.error("store_away", error=str(error))
                self._broken = True
                self._away(True)
                await asyncio.sleep(AGAIN_S)
                continue
            if self._broken:
                await asyncio.sleep(AGAIN_S)
                continue
            self._away(False)
            for entry in entries:
                self._heard(self._replica.apply(entry))
                self._target = self._replica.compared(self._target)
            self._replica.dispatcher.tidy()
            await asyncio.sleep(0)

    async def _read(self) -> list[JournalEntry]:
        """Nothing at all while the store is behind this replica."""
        if self._broken:
            if not await self._replica.still_there(self._tail):
                return []
            self._broken = False
            self._again()
        entries = await self._tail.follow_journal(self._replica.sequence, BATCH, BLOCK_MS)
        if self._target is None and monotonic_us() - self._compared > self.compare_s * 1_000_000:
            self._compared = monotonic_us()
            self._target = self._replica.compared(await self._tail.replica())
        return entries
