"""Who owns the shard next: waits until its owner is gone or silent, and takes the lease."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

from server.nodes.peer_door import gone
from store.errors import Deposed, LeaseHeld, StoreLost
from store.lease import Lease, ShardHead

log = structlog.get_logger(__name__)

# A little more than nothing: the lease is measured by the store's clock, in milliseconds.
MARGIN_S = 0.005
AGAIN_S = 0.05


class Leases(Protocol):
    """The shard's store."""

    async def head(self) -> ShardHead: ...

    async def take(self, node: str, lease_ms: int) -> Lease: ...

    async def break_lease(self, epoch: int) -> int: ...


class Succession:
    """`won`, again when the store was lost after that. `addresses` gives the doors of the other nodes by label."""

    def __init__(
        self,
        store: Leases,
        label: str,
        lease_ms: int,
        addresses: Callable[[], Awaitable[dict[str, str]]],
        gone: Callable[[str], Awaitable[None]] = gone,
    ) -> None:
        self._store = store
        self._label = label
        self._lease_ms = lease_ms
        self._addresses = addresses
        self._gone = gone
        self._watched = ""
        self._watching: asyncio.Future[None] | None = None
        self._deposed = ""
        self._seen = 0
        self._back_at: float | None = None
        self._lost_at: float | None = None

    async def won(self) -> tuple[Lease, str]:
        """The lease that this node took, and who had it and did not give it back ("" when it was given back)."""
        try:
            while True:
                try:
                    if (won := await self._look()) is not None:
                        return won
                except StoreLost as error:
                    if self._lost_at is None:
                        log.warning("owner_unknown", error=str(error))
                    self._lost_at = self._time()
                    await asyncio.sleep(AGAIN_S)
        finally:
            self._unwatch()

    async def _look(self) -> tuple[Lease, str] | None:
        head = await self._store.head()
        if head.epoch >= self._seen:
            self._back_at = None
        elif not await self._given_up():
            return None
        self._seen = max(self._seen, head.epoch)
        # Its own label stands there when it took the lease, and the reply or the store was lost after that.
        owner = "" if head.owner == self._label else head.owner
        if owner and head.remaining_ms > 0:
            if await self._gone_within(owner, head.remaining_ms / 1000 + MARGIN_S):
                await self._depose(head)
            return None
        if owner and self._owner_first():
            await asyncio.sleep(AGAIN_S)
            return None
        try:
            lease = await self._store.take(self._label, self._lease_ms)
        except LeaseHeld:
            return None  # somebody else was quicker
        return lease, owner or self._deposed

    def _owner_first(self) -> bool:
        """Whether the store was away just now, so that the owner could not renew: it has a moment for that."""
        if self._lost_at is None or self._door_shut or self._time() - self._lost_at > self._lease_ms / 2000:
            self._lost_at = None
            return False
        return True

    @property
    def _door_shut(self) -> bool:
        return self._watching is not None and self._watching.done()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _given_up(self) -> bool:
        """The store has lost what was written last. The owner puts it back, unless it is gone too, or silent."""
        if self._back_at is None:
            self._back_at = self._time()
            log.warning("store_went_back", seen=self._seen)
        if self._door_shut or self._time() - self._back_at > self._lease_ms / 1000:
            return True
        await asyncio.sleep(AGAIN_S)
        return False

    async def _depose(self, seen: ShardHead) -> None:
        """Only if it still owns the shard: one that ended in order has given it back."""
        now = await self._store.head()
        if not now.owner and now.epoch > seen.epoch:
            self._deposed = seen.owner  # another peer saw the same; who gives it back leaves the epoch
        elif (now.owner, now.epoch) == (seen.owner, seen.epoch):
            self._deposed = seen.owner
            with suppress(Deposed):
                await self._store.break_lease(seen.epoch)
                log.warning("owner_gone", owner=seen.owner, epoch=seen.epoch)

    async def _gone_within(self, owner: str, wait_s: float) -> bool:
        if owner != self._watched or self._watching is None:
            self._unwatch()
            address = (await self._addresses()).get(owner)
            if address is None:
                await asyncio.sleep(min(wait_s, AGAIN_S))  # it has not said yet where it is reached
                return False
            self._watched, self._watching = owner, asyncio.ensure_future(self._gone(address))
        done, _ = await asyncio.wait({self._watching}, timeout=wait_s)
        if not done:
            return False
        self._unwatch()
        return True

    def _unwatch(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        self._watched, self._watching = "", None
