"""Owning a shard: takes the lease, rebuilds the dispatcher from the rows, renews, and gives the shard back."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from router.dispatcher import Dispatcher
from router.events import PolicyChanged
from router.policy import Policy
from router.rows import ShardImage, Turn
from server.clock import ShardClock, monotonic_us
from server.pump import Pump
from store.errors import Deposed, LeaseHeld, StoreLost
from store.lease import Lease
from store.shard import RedisShardStore

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3


class ShardOwner:
    """One shard under this node's lease. Use `take`, then run `pump.run` and `renew` as tasks, then `release`."""

    def __init__(self, store: RedisShardStore, lease: Lease, image: ShardImage, clock: ShardClock) -> None:
        self.store = store
        self.lease = lease
        self.image = image
        self.clock = clock
        self.committed: Callable[[int], None] = lambda _us: None
        self.restored_at = 0

    @classmethod
    async def take(cls, store: RedisShardStore, owner: str, lease_us: int) -> "ShardOwner":
        """Waits for the lease of whoever died with it, then reads the shard."""
        while True:
            try:
                return await cls.claim(store, owner, lease_us)
            except LeaseHeld as held:
                log.info("waiting_for_lease", owner=held.owner, remaining_ms=held.remaining_ms)
                await asyncio.sleep((held.remaining_ms + 5) / 1000)

    @classmethod
    async def claim(cls, store: RedisShardStore, owner: str, lease_us: int) -> "ShardOwner":
        """Takes the lease, then reads the shard. Raises LeaseHeld."""
        lease = await store.take(owner, max(1, lease_us // 1000))
        image = await store.load(lease)
        clock = ShardClock(lease.now_us, max(image.clock, lease.clock) + 1)
        log.info("shard_taken", epoch=lease.epoch, applied=image.applied, open_work=len(image.work))
        return cls(store, lease, image, clock)

    async def restore(
        self,
        policy: Policy,
        speak: Callable[[Turn], None],
        decided: Callable[[Turn, int], None],
        note: Callable[[Turn], None] = lambda _turn: None,
    ) -> Pump:
        """The pump over a dispatcher as it was; `policy` becomes current when it differs from the stored one."""
        dispatcher = Dispatcher()
        stored = self.image.policy_version
        known = policy if stored in (None, policy.version) else await self.store.policy(stored or "")
        self.restored_at = self.clock.now()
        for command in dispatcher.restore(known, self.image, self.restored_at):
            log.warning("spoken_before_the_pump", command=type(command).__name__)
        self.restored_under = dispatcher.policy
        pump = Pump(dispatcher, self, self.clock, self.image.applied, speak, note=note, decided=decided)
        if stored != policy.version:
            pump.tell(PolicyChanged(policy), "start")
        return pump

    async def commit(self, turns: Sequence[Turn], inbox: str = "") -> None:
        """The pump's committer."""
        began = monotonic_us()
        await self.store.commit(self.lease, turns, inbox)
        self.committed(monotonic_us() - began)

    async def renew(self) -> None:
        """Keeps the lease until cancelled. Raises Deposed when another node took the shard."""
        while True:
            await asyncio.sleep(self.lease.lease_ms / 1000 / RENEWALS_PER_LEASE)
            try:
                await self.store.renew(self.lease)
            except StoreLost as error:
                log.warning("lease_not_renewed", error=str(error))

    async def release(self) -> None:
        """Gives the shard back, so that the next owner need not wait."""
        try:
            await self.store.release(self.lease)
        except (Deposed, StoreLost) as error:
            log.info("lease_not_released", error=str(error))
