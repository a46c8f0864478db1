"""Owning a shard: takes the lease, rebuilds the dispatcher from the rows, renews, and gives the shard back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from router.dispatcher import Dispatcher
from router.events import PolicyChanged
from router.policy import Policy
from router.rows import ShardImage, Turn
from server.clock import ShardClock, monotonic_us
from server.core.pump import Pump
from store.errors import Deposed, LeaseHeld, OutOfOrder, StoreEmpty, StoreError, StoreLost
from store.lease import InboxEntry, Lease, Memory
from store.shard import RedisShardStore

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3
# While it cannot be renewed: at a store that is back, or another one, others wait for half a lease and no longer.
AGAIN_S = 0.1


class ShardOwner:
    """One shard under this node's lease. Use `take`, then run `pump.run` and `renew` as tasks, then `release`."""

    def __init__(self, store: RedisShardStore, lease: Lease, image: ShardImage, clock: ShardClock) -> None:
        self.store = store
        self.lease = lease
        self.image = image
        self.clock = clock
        self.committed: Callable[[int], None] = lambda _us: None
        self.restored_at = 0
        # Why the lease could not be renewed last: without a decision to commit nothing else tells that the store is
        # away. "" when all is well.
        self.unreached = ""
        # The last turn that was committed, here or by those before; what a store that lost writes is measured by.
        self.applied = image.applied
        # What is put back then, and what asks for a commit; `put_back` is told when it was done.
        self.memory: Callable[[], Memory] | None = None
        self.poke: Callable[[], None] = lambda: None
        self.put_back: Callable[[], None] = lambda: None

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
    async def claim(cls, store: RedisShardStore, owner: str, lease_us: int, recorded: int = 0) -> "ShardOwner":
        """Takes the lease, then reads the shard. Raises LeaseHeld.

        `recorded` is the last turn that the records have. Of a store that has less, the turns between are lost: their
        numbers are not given again, so that the records miss nothing that comes. Raises StoreEmpty when it has none.
        """
        lease = await store.take(owner, max(1, lease_us // 1000))
        if lease.applied < recorded:
            if not lease.applied:
                await store.release(lease)
                raise StoreEmpty(recorded)
            log.error("turns_lost", after=lease.applied, upto=recorded)
            await store.skip(lease, recorded)
            lease = replace(lease, applied=recorded)
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
        prepare: Callable[[Turn], None] = lambda _turn: None,
    ) -> Pump:
        """The pump over a dispatcher as it was; `policy` becomes current when it differs from the stored one."""
        dispatcher = Dispatcher()
        stored = self.image.policy_version
        known = policy if stored in (None, policy.version) else await self.store.policy(stored or "")
        self.restored_at = self.clock.now()
        for command in dispatcher.restore(known, self.image, self.restored_at):
            log.warning("spoken_before_the_pump", command=type(command).__name__)
        self.restored_under = dispatcher.policy
        applied = self.image.applied
        pump = Pump(dispatcher, self, self.clock, applied, speak, prepare=prepare, note=note, decided=decided)
        if stored != policy.version:
            pump.tell(PolicyChanged(policy), "start")
        return pump

    async def commit(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        """The pump's committer. Into a store that has lost writes all is put back, these turns with it."""
        began = monotonic_us()
        try:
            await self.store.commit(self.lease, turns, inbox)
        except (Deposed, OutOfOrder) as error:
            if not self._lost_writes(error) or self.memory is None:
                raise
            await self._put_back(self.memory(), error)
        self.applied, self.unreached = turns[-1].sequence, ""
        self.committed(monotonic_us() - began)

    def begin(self, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]) -> bool:
        """The pump's committer, where the store can be told at once."""
        began = monotonic_us()

        def told(taken: bool) -> None:
            took_us = monotonic_us() - began
            if taken:
                self.applied, self.unreached = turns[-1].sequence, ""
            answered(taken)
            if taken:
                self.committed(took_us)

        return self.store.commit_now(self.lease, turns, inbox, told)

    async def renew(self) -> None:
        """Keeps the lease until cancelled. Raises Deposed when another node took the shard.

        A store that has lost writes is found out here, where nothing is decided: what is poked has it put back.
        """
        while True:
            await asyncio.sleep(AGAIN_S if self.unreached else self.lease.lease_ms / 1000 / RENEWALS_PER_LEASE)
            try:
                await self.store.renew(self.lease, self.applied)
                self.unreached = ""
            except StoreLost as error:
                if not self.unreached:
                    log.warning("lease_not_renewed", error=str(error))
                self.unreached = str(error) or "lost"
            except (Deposed, OutOfOrder) as error:
                if not self._lost_writes(error):
                    raise
                self.poke()

    def _lost_writes(self, error: Deposed | OutOfOrder) -> bool:
        """Whether the store knows less than it had confirmed; nobody else owns the shard then."""
        return error.went_back if isinstance(error, Deposed) else error.applied < self.applied

    async def _put_back(self, memory: Memory, error: StoreError) -> None:
        began = monotonic_us()
        await self.store.reseed(self.lease, memory)
        log.error(
            "store_went_back",
            error=str(error),
            put_back_to=memory.image.applied,
            turns=len(memory.turns),
            took_us=monotonic_us() - began,
        )
        self.put_back()

    async def release(self) -> None:
        """Gives the shard back, so that the next owner need not wait."""
        try:
            await self.store.release(self.lease)
        except (Deposed, StoreLost) as error:
            log.info("lease_not_released", error=str(error))
