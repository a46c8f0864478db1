"""An in-process twin of the shard store: the same semantics, checked by the same contract suite, without a server.

Several stores over one MemoryShard are several nodes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Self, cast

from router.events import Event, NodeLost, PolicyChanged
from router.policy import Policy
from router.rows import ShardImage, Turn
from store.codec import JournalEntry, decode_entry, decode_event, decode_row, encode_event, encode_row
from store.errors import (
    Deposed,
    InboxGap,
    LeaseHeld,
    OutOfOrder,
    PolicyConflict,
    StoreError,
    StoreLost,
    StruckOff,
    UnknownPolicy,
)
from store.group import commit_values, reseed_arguments
from store.lease import InboxEntry, Lease, Memory, Request, ShardHead
from store.memory_shard import MemoryShard, apply, inbox_number, sections, write_rows
from store.segment import RawImage


class MemoryShardStore:
    """The store of one shard in memory; `clock` gives the store's own time in microseconds."""

    def __init__(self, shard: MemoryShard, clock: Callable[[], int]) -> None:
        self._shard = shard
        self._clock = clock
        self._seen_epoch = 0

    async def take(self, node: str, lease_ms: int) -> Lease:
        """As RedisShardStore.take."""
        shard, now = self._shard, self._clock()
        if shard.owner is not None and _name_of(shard.owner) != _name_of(node) and shard.until > now:
            raise LeaseHeld(shard.owner, shard.epoch, -((now - shard.until) // 1000))
        self._seen_epoch = shard.epoch = max(shard.epoch, self._seen_epoch) + 1
        shard.owner = node
        shard.until = now + lease_ms * 1000
        return Lease(node, shard.epoch, lease_ms, now, shard.applied, shard.clock)

    async def renew(self, lease: Lease, seen: int = 0) -> int:
        """As RedisShardStore.renew."""
        self._check_epoch(lease.epoch)
        if self._shard.owner != lease.owner:
            raise Deposed(lease.epoch, self._shard.epoch)
        now = self._clock()
        self._shard.until = now + lease.lease_ms * 1000
        if self._shard.applied < seen:
            raise OutOfOrder(self._shard.applied + 1, self._shard.applied, "it was committed before")
        return now

    async def release(self, lease: Lease) -> None:
        """As RedisShardStore.release."""
        self._check_epoch(lease.epoch)
        self._shard.owner = None

    async def break_lease(self, epoch: int) -> int:
        """As RedisShardStore.break_lease."""
        self._check_epoch(epoch)
        self._shard.owner = None
        self._shard.epoch += 1
        return self._shard.epoch

    async def commit(self, lease: Lease, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        """As RedisShardStore.commit."""
        if not turns:
            return
        for turn in turns:
            if isinstance(turn.event, PolicyChanged):
                self._check_policy(turn.event.policy)
        apply(self._shard, commit_values(lease.epoch, lease.owner, turns, inbox))

    def commit_now(
        self, lease: Lease, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]
    ) -> bool:
        """As RedisShardStore.commit_now."""
        if any(isinstance(turn.event, PolicyChanged) for turn in turns):
            return False
        try:
            apply(self._shard, commit_values(lease.epoch, lease.owner, turns, inbox))
            taken = True
        except StoreError:
            taken = False
        asyncio.get_running_loop().call_soon(answered, taken)
        return True

    async def reseed(self, lease: Lease, memory: Memory) -> None:
        """As RedisShardStore.reseed."""
        shard = self._shard
        if shard.epoch > lease.epoch or (shard.epoch == lease.epoch and shard.owner != lease.owner):
            raise Deposed(lease.epoch, shard.epoch)
        args = reseed_arguments(lease.epoch, lease.owner, lease.lease_ms, memory)
        first = cast("int", args[3])
        entries, policies, agents, reservations, work, _, _, neighbours = sections(args[7:])
        told = {sequence: cast("bytes", entry) for sequence, entry in enumerate(entries, first)}
        if any(shard.journal.get(at, entry) != entry for at, entry in told.items()) or any(
            at > memory.image.applied for at in shard.journal
        ):
            shard.journal.clear()
        shard.journal = dict(sorted((shard.journal | told).items()))
        for table in (shard.agents, shard.work, shard.reservations, shard.neighbours):
            table.clear()
        write_rows(shard, memory.image.applied, policies, agents, reservations, work, [], [], [], neighbours)
        for label, number in memory.senders.items():
            shard.senders[label] = max(shard.senders.get(label, 0), number)
        for label in memory.gone:
            shard.senders.pop(label, None)
        for number, (request, _, _) in list(shard.inbox.items()):
            label, _, at = request.rpartition("/")
            if label and int(at) <= memory.senders.get(label, 0):
                del shard.inbox[number]
        shard.owner, shard.epoch, shard.served = lease.owner, lease.epoch, lease.epoch
        shard.until = self._clock() + lease.lease_ms * 1000
        shard.applied, shard.clock, shard.current_policy = (
            memory.image.applied,
            memory.image.clock,
            memory.policy.version,
        )

    async def skip(self, lease: Lease, upto: int) -> None:
        """As RedisShardStore.skip."""
        self._check_epoch(lease.epoch)
        self._shard.applied = max(self._shard.applied, upto)

    async def load(self, lease: Lease) -> ShardImage:
        """As RedisShardStore.load."""
        return (await self.raw_image(lease)).decoded()

    async def raw_image(self, lease: Lease | None) -> RawImage:
        """As RedisShardStore.raw_image."""
        if lease is not None:
            self._check_epoch(lease.epoch)
        return self._raw()

    async def replica(self) -> ShardImage | None:
        """As RedisShardStore.replica."""
        return self._raw().decoded() if self._shard.served == self._shard.epoch else None

    def _raw(self) -> RawImage:
        shard = self._shard
        rows = (tuple(table.values()) for table in (shard.agents, shard.work, shard.reservations, shard.neighbours))
        return RawImage(shard.current_policy, shard.applied, shard.clock, *rows)

    async def policy(self, version: str) -> Policy:
        """As RedisShardStore.policy."""
        data = self._shard.policies.get(version)
        if data is None:
            raise UnknownPolicy(version)
        return decode_row(data, Policy)

    async def read_journal(self, after: int, limit: int) -> list[JournalEntry]:
        """As RedisShardStore.read_journal."""
        policies = self._decoded_policies()
        found = [sequence for sequence in self._shard.journal if sequence > after][:limit]
        return [decode_entry(sequence, self._shard.journal[sequence], policies) for sequence in found]

    async def read_raw(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """As RedisShardStore.read_raw."""
        return [(sequence, data) for sequence, data in self._shard.journal.items() if sequence > after][:limit]

    async def policy_bytes(self, version: str) -> bytes:
        """As RedisShardStore.policy_bytes."""
        if version not in self._shard.policies:
            raise UnknownPolicy(version)
        return self._shard.policies[version]

    async def keep_head(self, after: int, block: bytes) -> None:
        """As RedisShardStore.keep_head."""
        self._shard.heads[after] = block

    async def heads(self) -> dict[int, bytes]:
        """As RedisShardStore.heads."""
        return dict(sorted(self._shard.heads.items()))

    async def drop_head(self, after: int) -> None:
        """As RedisShardStore.drop_head."""
        self._shard.heads.pop(after, None)

    async def trim_journal(self, upto: int) -> int:
        """As RedisShardStore.trim_journal."""
        gone = [sequence for sequence in self._shard.journal if sequence <= upto]
        for sequence in gone:
            del self._shard.journal[sequence]
        return len(gone)

    async def drop_policies(self, upto: int) -> int:
        """As RedisShardStore.drop_policies."""
        shard = self._shard
        gone = [name for name, at in shard.policies_at.items() if at <= upto and name != shard.current_policy]
        for name in gone:
            del shard.policies[name], shard.policies_at[name]
        return len(gone)

    async def head(self) -> ShardHead:
        """As RedisShardStore.head."""
        shard, now = self._shard, self._clock()
        self._seen_epoch = max(self._seen_epoch, shard.epoch)
        remaining_ms, served = -((now - shard.until) // 1000), shard.served == shard.epoch
        return ShardHead(shard.owner or "", shard.epoch, remaining_ms, now, shard.applied, shard.clock, served)

    async def enrol(self, label: str) -> None:
        """As RedisShardStore.enrol."""
        self._shard.senders.setdefault(label, 0)

    async def senders(self) -> set[str]:
        """As RedisShardStore.senders."""
        return set(self._shard.senders)

    async def withdraw(self, label: str) -> None:
        """As RedisShardStore.withdraw."""
        self._shard.senders.pop(label, None)

    async def forward(
        self, label: str, first: int, requests: Sequence[Request], settled: int = 0, seen: int = 0
    ) -> None:
        """As RedisShardStore.forward."""
        shard = self._shard
        for request in requests:
            if isinstance(request.event, PolicyChanged):
                self._check_policy(request.event.policy)
                shard.policies_at.pop(request.event.policy.version, None)
                shard.policies.setdefault(request.event.policy.version, encode_row(request.event.policy))
        if shard.epoch < self._seen_epoch or shard.applied < seen:
            raise StoreLost(f"the store went back to epoch {shard.epoch}; its owner puts it back")
        if label not in shard.senders:
            raise StruckOff(label)
        known = shard.senders[label] = max(shard.senders[label], settled)
        if first > known + 1:
            raise InboxGap(known)
        for number, request in enumerate(requests, first):
            if number > shard.senders[label]:
                self._leave(f"{label}/{number}", request.cause, request.event)
                shard.senders[label] = number

    async def leave(self, event: Event, cause: str) -> None:
        """As RedisShardStore.leave."""
        self._leave("", cause, event)

    def beside(self, shard: str) -> Self:
        """As RedisShardStore.beside."""
        return type(self)(self._shard.others.setdefault(shard, MemoryShard()), self._clock)

    async def strike_off(self, lease: Lease, label: str) -> str:
        """As RedisShardStore.strike_off."""
        self._check_epoch(lease.epoch)
        self._shard.senders.pop(label, None)
        return self._leave("", "lost", NodeLost(label))

    async def read_inbox(self, after: str, limit: int, block_ms: int | None = None) -> list[InboxEntry]:  # noqa: ARG002
        """As RedisShardStore.read_inbox, but it never waits, whatever `block_ms` says."""
        policies = self._decoded_policies()
        found = [number for number in self._shard.inbox if number > inbox_number(after)][:limit]
        entries = []
        for number in found:
            request, cause, event = self._shard.inbox[number]
            entries.append(InboxEntry(f"{number}-0", decode_event(event, policies), request, cause))
        return entries

    async def follow_journal(self, after: int, limit: int, block_ms: int) -> list[JournalEntry]:  # noqa: ARG002
        """As RedisShardStore.follow_journal, but it never waits."""
        return await self.read_journal(after, limit)

    def _leave(self, request: str, cause: str, event: Event) -> str:
        shard = self._shard
        shard.posted += 1
        shard.inbox[shard.posted] = (request, cause, encode_event(event))
        return f"{shard.posted}-0"

    def _check_epoch(self, epoch: int) -> None:
        if epoch != self._shard.epoch:
            raise Deposed(epoch, self._shard.epoch)

    def _check_policy(self, policy: Policy) -> None:
        data = self._shard.policies.get(policy.version)
        if data is not None and decode_row(data, Policy) != policy:
            raise PolicyConflict(policy.version)

    def _decoded_policies(self) -> dict[str, Policy]:
        return {version: decode_row(data, Policy) for version, data in self._shard.policies.items()}


def _name_of(label: str) -> str:
    name, _, incarnation = label.rpartition(".")
    return name if incarnation.isdigit() and "." in label else label
