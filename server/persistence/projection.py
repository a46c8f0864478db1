"""Feeds the committed journal to the records: what is fresh from memory, what was missed from the journal itself."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from router.rows import Entry
from store.errors import StoreLost

log = structlog.get_logger(__name__)

MAX_FRESH = 5000
# Turns come one by one; a transaction for a handful of them costs hardly more than for one.
GATHER_S = 0.5
GATHER_TURNS = 250
READ_LIMIT = 500
RETRY_S = 1.0
# So often it looks, a second apart, for turns that were told and are not in the journal: a store that was emptied, or a
# replica that became the master, has them again once their owner has noticed and put them back.
LOOKS = 10
# What passes: the database or the store is away. OSError is how a PostgreSQL driver says that nobody answers.
AWAY = (SQLAlchemyError, StoreLost, OSError)


class Journal(Protocol):
    """The journal, older turns included (server.persistence.kept_journal)."""

    async def read_journal(self, after: int, limit: int) -> Sequence[Entry]: ...


class Rows(Protocol):
    """Takes entries in order and says how far it is (records.projector.Projector, records.webhooks.WebhookOutbox)."""

    async def position(self) -> int: ...

    async def apply(self, entries: Iterable[Entry]) -> int: ...


class Projection:
    """`fresh` takes committed turns; `run` projects them in order until `close`. SQL or store away loses nothing.

    `gather_s`: it waits so long for more; 0 where they are told in lots.
    """

    def __init__(
        self, projector: Rows, journal: Journal, on_applied: Callable[[int], None], gather_s: float = GATHER_S
    ) -> None:
        self._projector = projector
        self._journal = journal
        self._on_applied = on_applied
        self._gather_s = gather_s
        self._fresh: list[Entry] = []
        self._missed = False
        self._looked = 0
        self._told = 0
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._caught_up.set()
        self._closed = False
        self.position = 0

    async def catch_up(self, upto: int) -> None:
        """Projects what the journal has beyond the records, up to the sequence `upto`."""
        self.position = await self._projector.position()
        while self.position < upto:
            entries = await self._journal.read_journal(self.position, READ_LIMIT)
            if not entries:
                log.warning("journal_shorter_than_state", position=self.position, upto=upto)
                break
            self.position = await self._projector.apply(entries)
        self._on_applied(self.position)

    def fresh(self, entry: Entry) -> None:
        """A turn is committed. When too many wait for SQL they are read from the journal later instead."""
        self._told = entry.sequence
        if len(self._fresh) >= MAX_FRESH:
            self._missed = True
            self._fresh.clear()
        if not self._missed:
            self._fresh.append(entry)
        self._caught_up.clear()
        self._wake.set()
        if len(self._fresh) >= GATHER_TURNS:
            self._hurry.set()

    def told(self, upto: int) -> None:
        """The journal has entries up to the sequence `upto`: whoever keeps no turns has them read from there."""
        if upto <= self._told:
            return
        self._told = upto
        self._missed = upto > self.position
        self._caught_up.clear()
        self._wake.set()
        if upto - self.position >= GATHER_TURNS:
            self._hurry.set()

    async def drained(self) -> None:
        """Returns when everything told so far is in SQL."""
        self._hurry.set()
        await self._caught_up.wait()

    async def run(self) -> None:
        """Projects until closed and nothing is left."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._gather()
            while self._fresh or self._missed:
                await self._step()
            self._hurry.clear()
            self._caught_up.set()
            if self._closed:
                return

    def close(self) -> None:
        """`run` returns when what was told is projected."""
        self._closed = True
        self._wake.set()
        self._hurry.set()

    async def _gather(self) -> None:
        """Lets more turns come, unless somebody waits or there are many already."""
        if not self._gather_s:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._gather_s):
                await self._hurry.wait()

    async def _step(self) -> None:
        try:
            if self._missed:
                await self._from_journal()
            else:
                await self._from_memory()
            self._on_applied(self.position)
        except AWAY as error:
            log.error("projection_failed", position=self.position, error=str(error))
            if self._closed:
                # The journal keeps what SQL did not take; the next start projects it.
                self._fresh.clear()
                self._missed = False
                return
            await asyncio.sleep(RETRY_S)

    async def _from_memory(self) -> None:
        batch, self._fresh = self._fresh, []
        try:
            self.position = await self._projector.apply(batch)
        except AWAY:
            self._fresh = [*batch, *self._fresh]
            raise

    async def _from_journal(self) -> None:
        self._fresh.clear()
        told = self._told
        entries = await self._journal.read_journal(self.position, READ_LIMIT)
        if entries:
            self._looked = 0
            self.position = await self._projector.apply(entries)
        elif told == self._told:  # else what was told while it was read is read now
            await self._behind(told)
            return
        self._missed = self.position < self._told

    async def _behind(self, told: int) -> None:
        """The journal lacks what was told: looks again later, and at last goes on without it."""
        self._looked += 1
        if self._looked < LOOKS and not self._closed:
            await asyncio.sleep(RETRY_S)
            return
        log.error("journal_shorter_than_told", position=self.position, told=told)
        self._looked = 0
        self._missed = False
