"""The owner of a shard looks after nodes that are gone: their calls are closed, their agents are expected back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from store.errors import StoreError
from store.lease import Lease
from store.nodes import Member

log = structlog.get_logger(__name__)

SWEEP_S = 1.0
REJOIN_ROUNDS = 3
# So long everybody else waits for what is seen to before a node is struck off, and so long it may take at all.
BEFORE_S = 5.0
LATE_S = 60.0


async def _nothing(_label: str) -> None:
    """Nobody sees to anything."""


class Register(Protocol):
    """The register of nodes."""

    @property
    def settled(self) -> bool: ...

    async def lost(self, member: Member) -> list[str]: ...

    async def alive(self) -> set[str]: ...

    async def forget(self, label: str) -> None: ...


class Inbox(Protocol):
    """The shard's store."""

    async def strike_off(self, lease: Lease, label: str) -> str: ...


class Sweeper:
    """`sweep` once, `run` as a task of the owner, whose `lease` is asked for each time.

    `before` sees to what a node leaves; it begins while that is in the rows, and where it takes long (records that are
    behind) it goes on beside what comes next.
    """

    def __init__(self, register: Register, inbox: Inbox, member: Member, lease: Callable[[], Lease]) -> None:
        self.before: Callable[[str], Awaitable[object]] = _nothing
        self.before_s = BEFORE_S
        self._register = register
        self._inbox = inbox
        self._member = member
        self._lease = lease
        self.alive: frozenset[str] = frozenset()
        self._rejoining = 0
        self._seeing_to: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        """`alive` are the nodes whose hearts beat now. Raises StoreError.

        A register that does not know this very node has been lost, and the others write themselves in again with their
        next beats, as they do after the store was away: until then they count as they did.
        """
        found = frozenset(await self._register.alive())
        if self._member.label not in found:
            self._rejoining = REJOIN_ROUNDS
        elif self._rejoining:
            self._rejoining -= 1
        self.alive = self.alive | found if self._rejoining or not self._register.settled else found

    async def sweep(self) -> list[str]:
        """Leave NodeLost in the inbox for each that is lost; killed in between, the next round does it again, harmless.

        Raises StoreError: Deposed, too, from an owner that is none any more, which leaves them to the new one.
        """
        labels = await self._register.lost(self._member)
        for label in labels:
            log.warning("node_lost", label=label)
            await self._see_to(label)
            await self._inbox.strike_off(self._lease(), label)
            await self._register.forget(label)
        return labels

    async def _see_to(self, label: str) -> None:
        seeing_to = asyncio.create_task(self._before(label), name=f"lost:{label}")
        self._seeing_to.add(seeing_to)
        seeing_to.add_done_callback(self._seeing_to.discard)
        await asyncio.wait({seeing_to}, timeout=self.before_s)
        if not seeing_to.done():
            log.warning("seen_to_later", label=label)

    async def _before(self, label: str) -> None:
        try:
            async with asyncio.timeout(LATE_S):
                await self.before(label)
        except Exception:  # what cannot be saved must not keep the rest from being closed
            log.exception("not_seen_to", label=label)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self.sweep()
                    await self.look()
                except StoreError as error:
                    log.warning("nodes_not_swept", error=str(error))
                await asyncio.sleep(SWEEP_S)
        finally:
            for one in self._seeing_to:
                one.cancel()
