"""One shard in Redis: lease, commit, load, journal and inbox."""

from collections.abc import Callable, Sequence
from typing import Final, Self, cast

from router.events import Event, NodeLost, PolicyChanged
from router.policy import Policy
from router.rows import ShardImage, Turn
from store.codec import JournalEntry, decode_entry, decode_event, decode_row, encode_event, encode_row
from store.connection import StoreConnection
from store.errors import (
    Deposed,
    InboxGap,
    LeaseHeld,
    OutOfOrder,
    PolicyConflict,
    StoreCorrupt,
    StoreLost,
    StoreRefused,
    StruckOff,
    UnknownPolicy,
)
from store.group import commit_argument, reseed_arguments
from store.keys import shard_keys
from store.lease import InboxEntry, Lease, Memory, Request, ShardHead
from store.link import Command
from store.segment import RawImage

_REPLICATION_TIMEOUT_MS: Final = 1000
# Decoded ones at hand: a journal names few of them close together, and each has every queue and agent in it.
_KEPT_POLICIES: Final = 8
# In place of a connection's number: it broke as soon as it was read.
_BROKEN: Final = -1


class RedisShardStore:
    """The store of one shard. All methods raise StoreLost when the outcome is unknown.

    `replicas` above 0 makes a commit wait until that many replicas have it (docs/store.md has the price).
    """

    def __init__(self, connection: StoreConnection, shard: str, *, replicas: int = 0) -> None:
        self.shard = shard
        self._connection = connection
        self._keys = shard_keys(shard)
        self._link = connection.link(self._keys.head)
        self._replicas = replicas
        self._policies: dict[str, Policy] = {}
        self._seen_epoch = 0
        # By what is read as it comes: the connection on which that was done last.
        self._read_on: dict[bytes, int] = {}
        commit_keys = self._keys.of_commit()
        self._commit_head: Command = (
            "FCALL",
            connection.library.function("commit"),
            len(commit_keys),
            *commit_keys,
        )

    async def take(self, node: str, lease_ms: int) -> Lease:
        """Take the shard for `node`; its own older lease does not hinder it. Raises LeaseHeld."""
        reply = await self._connection.function("take_lease", (self._keys.head,), node, lease_ms, self._seen_epoch)
        if reply[0] == b"held":
            _, epoch, remaining_ms, owner = reply
            raise LeaseHeld(owner.decode(), epoch, remaining_ms)
        _, epoch, now_us, applied, clock = reply
        self._seen_epoch = epoch
        return Lease(node, epoch, lease_ms, now_us, applied, clock)

    async def renew(self, lease: Lease, seen: int = 0) -> int:
        """Prolong the lease by its length from now; return Redis TIME in microseconds. Raises Deposed.

        The turn `seen` is known to be committed: OutOfOrder, though the lease is prolonged, where the store lacks it.
        """
        return await self._held("renew_lease", lease.epoch, lease.lease_ms, lease.owner, seen)

    async def release(self, lease: Lease) -> None:
        """Give the shard back. Raises Deposed."""
        await self._held("release_lease", lease.epoch)

    async def break_lease(self, epoch: int) -> int:
        """Depose the holder of `epoch`, free the shard, return the new epoch. Raises Deposed if it was over already."""
        return await self._held("break_lease", epoch)

    async def commit(self, lease: Lease, turns: Sequence[Turn], inbox: Sequence[InboxEntry] = ()) -> None:
        """Apply `turns` atomically and in order; `inbox` are the inbox entries among their causes, which go with it.

        Turns that are applied already are accepted again, so a commit that raised StoreLost may be sent again as it
        was. Raises Deposed, OutOfOrder or PolicyConflict, and StoreRefused; then nothing was changed.
        """
        if not turns:
            return
        for turn in turns:
            if isinstance(turn.event, PolicyChanged):
                await self._check_policy(turn.event.policy)
        status, number = await self._send_commit(
            (*self._commit_head, commit_argument(lease.epoch, lease.owner, turns, inbox))
        )
        match status:
            case b"ok":
                return
            case b"deposed":
                raise Deposed(lease.epoch, number)
            case b"order":
                raise OutOfOrder(turns[0].sequence, number)
            case b"differs":
                raise OutOfOrder(number, number, "another turn of this sequence was applied")
            case _:
                raise StoreCorrupt(f"commit answered {status!r}")

    def commit_now(
        self, lease: Lease, turns: Sequence[Turn], inbox: Sequence[InboxEntry], answered: Callable[[bool], None]
    ) -> bool:
        """As `commit`, written before this returns and answered where the reply is read, with no task between.

        `answered(False)`: it may or may not be applied; `commit` with the same turns tells what is wrong, or makes it
        good. Returns False, with nothing sent, where only `commit` will do: without a standing connection, with
        replicas to wait for, and for a policy.
        """
        if self._replicas:
            return False
        for turn in turns:
            if type(turn.event) is PolicyChanged:
                return False
        call = (*self._commit_head, commit_argument(lease.epoch, lease.owner, turns, inbox))
        return self._link.tell(call, lambda reply: answered(type(reply) is list and reply[0] == b"ok"))

    async def reseed(self, lease: Lease, memory: Memory) -> None:
        """Put the shard back as the owner has it: the store has lost writes. May be sent again. Raises Deposed."""
        keys = self._keys.of_reseed()
        arguments = reseed_arguments(lease.epoch, lease.owner, lease.lease_ms, memory)
        status, number = await self._connection.function("reseed", keys, *arguments)
        if status == b"deposed":
            raise Deposed(lease.epoch, number)

    async def skip(self, lease: Lease, upto: int) -> None:
        """Count the turns up to sequence `upto` as applied: they are lost for good. Raises Deposed."""
        await self._held("skip_turns", lease.epoch, lease.owner, upto)

    async def load(self, lease: Lease) -> ShardImage:
        """Return all rows as of one moment, each kind in a fixed order. Raises Deposed."""
        return (await self.raw_image(lease)).decoded()

    async def raw_image(self, lease: Lease | None) -> RawImage:
        """Return all rows as of one moment, undecoded and in no order. Raises Deposed, unless without a lease."""
        epoch, _, image = await self._read_all()
        if lease is not None and epoch != lease.epoch:
            raise Deposed(lease.epoch, epoch)
        return image

    async def replica(self) -> ShardImage | None:
        """Return all rows as `load` does, without a lease; None while the owner has committed nothing yet."""
        _, served, image = await self._read_all()
        return image.decoded() if served else None

    async def policy(self, version: str) -> Policy:
        """Return the policy of `version`. Raises UnknownPolicy."""
        found = await self._stored_policy(version)
        if found is None:
            raise UnknownPolicy(version)
        return found

    async def read_journal(self, after: int, limit: int) -> list[JournalEntry]:
        """Return up to `limit` entries that follow sequence `after`."""
        return [await self._decoded_entry(sequence, data) for sequence, data in await self.read_raw(after, limit)]

    async def read_raw(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` entries that follow sequence `after`, each with its sequence, undecoded."""
        asked = ("XRANGE", self._keys.journal, f"{after + 1}-0", "+", "COUNT", limit)
        (found,) = await self._connection.aside(self._keys.head).call(asked)
        return [(int(entry_id.split(b"-")[0]), data) for entry_id, (_, data) in found]

    async def policy_bytes(self, version: str) -> bytes:
        """Return the stored policy, undecoded. Raises UnknownPolicy."""
        data = await self._connection.run("HGET", self._keys.policies, version)
        if data is None:
            raise UnknownPolicy(version)
        return bytes(data)

    async def keep_head(self, after: int, block: bytes) -> None:
        """Keep the head of the segment that begins after sequence `after`, in place of an earlier one."""
        await self._connection.run("HSET", self._keys.heads, after, block)

    async def heads(self) -> dict[int, bytes]:
        """Return the kept heads by the sequence that they follow, in order."""
        found = await self._connection.run("HGETALL", self._keys.heads)
        return dict(sorted((int(after), bytes(block)) for after, block in found.items()))

    async def drop_head(self, after: int) -> None:
        """Forget a head: its segment is in a file."""
        await self._connection.run("HDEL", self._keys.heads, after)

    async def trim_journal(self, upto: int) -> int:
        """Remove entries up to and including sequence `upto`; return how many went."""
        return int(await self._connection.run("XTRIM", self._keys.journal, "MINID", f"{upto + 1}-0"))

    async def drop_policies(self, upto: int) -> int:
        """Forget those that ceased to hold at turn `upto` or earlier; return how many went. The one that holds stays.

        Turns of the journal name policies by version alone: trim them first, and pass the turn before those trimmed
        last, so that whoever has just read one of these still finds its policy.
        """
        keys = (self._keys.head, self._keys.policies)
        return int(await self._connection.function("drop_policies", keys, upto))

    async def head(self) -> ShardHead:
        """Return who owns the shard and how far it is."""
        now, owner, epoch, until, applied, clock, served = await self._connection.function(
            "read_head", (self._keys.head,)
        )
        self._seen_epoch = max(self._seen_epoch, int(epoch or 0))
        return ShardHead(
            owner=(owner or b"").decode(),
            epoch=int(epoch or 0),
            remaining_ms=-((now - int(until or 0)) // 1000),
            now_us=now,
            applied=int(applied or 0),
            clock=int(clock or 0),
            served=served is not None and served == epoch,
        )

    async def enrol(self, label: str) -> None:
        """Make a node (one incarnation of it) known to the shard: from now on it may forward."""
        await self._connection.run("HSETNX", self._keys.senders, label, 0)

    async def senders(self) -> set[str]:
        """Return the labels of the nodes that are enrolled."""
        return {bytes(label).decode() for label in await self._connection.run("HKEYS", self._keys.senders)}

    async def withdraw(self, label: str) -> None:
        """A node takes itself off the senders; what it forwarded stays."""
        await self._connection.run("HDEL", self._keys.senders, label)

    async def forward(
        self, label: str, first: int, requests: Sequence[Request], settled: int = 0, seen: int = 0
    ) -> None:
        """Leave events for the shard's owner, whichever node that is, numbered from `first` on.

        After StoreLost send the same ones with the same numbers again: each is taken once. Those up to `settled` are
        known to be applied, and so is the turn `seen`: StoreLost while the store does not have it. Raises StruckOff,
        and InboxGap when some after `settled` and before `first` are missing.
        """
        args: list[bytes | str | int] = [label, first, settled, self._seen_epoch, seen]
        for request in requests:
            if isinstance(request.event, PolicyChanged):
                await self._keep_policy(request.event.policy)
            args += (request.cause, encode_event(request.event))
        keys = (self._keys.inbox, self._keys.senders, self._keys.head)
        match await self._connection.function("forward", keys, *args):
            case [b"back", epoch]:
                raise StoreLost(f"the store went back to epoch {epoch}; its owner puts it back")
            case [b"gap", known]:
                raise InboxGap(known)
            case [b"unknown", _]:
                raise StruckOff(label)

    async def leave(self, event: Event, cause: str) -> None:
        """Leave an event for the shard's owner without a number: at least once, for what may come twice."""
        await self._connection.run("XADD", self._keys.inbox, "*", "r", "", "c", cause, "e", encode_event(event))

    def beside(self, shard: str) -> Self:
        """The store of another shard on the same server or cluster."""
        return type(self)(self._connection, shard)

    async def strike_off(self, lease: Lease, label: str) -> str:
        """Leave NodeLost for a node behind whatever it forwarded, and take nothing more of it; return its inbox id.

        Raises Deposed.
        """
        keys = (self._keys.inbox, self._keys.senders, self._keys.head)
        args = (lease.epoch, lease.owner, label, "lost", encode_event(NodeLost(label)))
        status, found = await self._connection.function("strike_off", keys, *args)
        if status == b"deposed":
            raise Deposed(lease.epoch, found)
        return str(found, "ascii")

    async def read_inbox(self, after: str, limit: int, block_ms: int | None = None) -> list[InboxEntry]:
        """Return up to `limit` entries after id `after` ('' from the start).

        With `block_ms` (above 0, below the connection's reply timeout) wait that long for the first one. StoreLost also
        when the last read was on another connection: the id may be another server's, which had others behind it.
        """
        block = () if block_ms is None else ("BLOCK", block_ms)
        if not after:
            self._read_on.pop(self._keys.inbox, None)
        found = await self._read_as_it_comes(self._keys.inbox, limit, block, after or "0-0")
        entries = [(entry_id, dict(zip(parts[::2], parts[1::2], strict=True))) for entry_id, parts in found]
        return [
            InboxEntry(
                entry_id.decode(), await self._decoded_event(fields[b"e"]), fields[b"r"].decode(), fields[b"c"].decode()
            )
            for entry_id, fields in entries
        ]

    async def follow_journal(self, after: int, limit: int, block_ms: int) -> list[JournalEntry]:
        """As `read_journal`, but wait up to `block_ms` for the first one.

        StoreLost also, once, when the last read was on another connection: it may be another server's journal.
        """
        found = await self._read_as_it_comes(self._keys.journal, limit, ("BLOCK", block_ms), f"{after}-0")
        return [await self._decoded_entry(int(entry_id.split(b"-")[0]), data) for entry_id, (_, data) in found]

    async def _read_as_it_comes(
        self, stream: bytes, limit: int, block: tuple[str | int, ...], after: str
    ) -> Sequence[tuple[bytes, list[bytes]]]:
        """Entries of a stream, on a connection that nothing else waits behind."""
        link = self._connection.link(stream)
        if self._read_on.pop(stream, link.standing) != link.standing:
            raise StoreLost("the connection is another one: what was read before may be another server's")
        (found,) = await link.call(("XREAD", "COUNT", limit, *block, "STREAMS", stream, after))
        self._read_on[stream] = link.standing or _BROKEN
        return found[0][1] if found else ()

    async def _read_all(self) -> tuple[int, bool, RawImage]:
        keys = self._keys
        head, agents, work, reservations, neighbours = await self._connection.transaction(
            ("HGETALL", keys.head),
            ("HVALS", keys.agents),
            ("HVALS", keys.work),
            ("HVALS", keys.reservations),
            ("HVALS", keys.neighbours),
        )
        policy = head.get(b"policy")
        image = RawImage(
            policy_version=policy.decode() if policy is not None else None,
            applied=int(head.get(b"applied", 0)),
            clock=int(head.get(b"clock", 0)),
            agents=tuple(agents),
            work=tuple(work),
            reservations=tuple(reservations),
            neighbours=tuple(neighbours),
        )
        served = b"served" in head and head[b"served"] == head.get(b"epoch")
        return int(head.get(b"epoch", 0)), served, image

    async def _held(self, function: str, epoch: int, *args: int | str) -> int:
        status, number = await self._connection.often(function, (self._keys.head,), epoch, *args)
        if status == b"deposed":
            raise Deposed(epoch, number)
        if status == b"order":
            raise OutOfOrder(number + 1, number, "it was committed before")
        return int(number)

    async def _send_commit(self, call: Command) -> tuple[bytes, int]:
        # In one write: WAIT answers for what its own connection wrote.
        wait: tuple[Command, ...] = (("WAIT", self._replicas, _REPLICATION_TIMEOUT_MS),) if self._replicas else ()
        try:
            reply, *confirmed = await self._link.call(call, *wait)
        except StoreRefused as error:
            await self._connection.complete(error)
            raise
        acknowledged = confirmed[0] if confirmed else 0
        if reply[0] == b"ok" and acknowledged < self._replicas:
            raise StoreLost(f"committed, but only {acknowledged} of {self._replicas} replicas confirmed in time")
        return cast("tuple[bytes, int]", tuple(reply))

    async def _check_policy(self, policy: Policy) -> None:
        stored = await self._stored_policy(policy.version)
        if stored is not None and stored != policy:
            raise PolicyConflict(policy.version)

    async def _keep_policy(self, policy: Policy) -> None:
        """Until it is committed: a version without a turn is not dropped."""
        await self._check_policy(policy)
        await self._connection.run("HDEL", self._keys.policies, f"at:{policy.version}")
        await self._connection.run("HSETNX", self._keys.policies, policy.version, encode_row(policy))

    async def _stored_policy(self, version: str) -> Policy | None:
        if version not in self._policies:
            data = await self._connection.run("HGET", self._keys.policies, version)
            if data is None:
                return None
            if len(self._policies) >= _KEPT_POLICIES:
                del self._policies[next(iter(self._policies))]
            self._policies[version] = decode_row(data, Policy)
        return self._policies[version]

    async def _decoded_entry(self, sequence: int, data: bytes) -> JournalEntry:
        try:
            return decode_entry(sequence, data, self._policies)
        except UnknownPolicy as missing:
            await self.policy(missing.version)
            return decode_entry(sequence, data, self._policies)

    async def _decoded_event(self, data: bytes) -> Event:
        try:
            return decode_event(data, self._policies)
        except UnknownPolicy as missing:
            await self.policy(missing.version)
            return decode_event(data, self._policies)
