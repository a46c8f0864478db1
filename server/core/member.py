"""A node's share of a shard: it owns it, or follows its owner with a replica and takes over when the owner is gone.

The owner's own events enter its pump directly; a follower forwards its own and sees them come back in the journal.
docs/nodes.md has the states.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum

import structlog

from router.commands import Command, Refuse
from router.events import Event, PolicyChanged, TimePassed, WorkTakenUp
from router.policy import Policy
from router.rows import ShardImage, Turn
from server.clock import ShardClock, monotonic_us
from server.core.courier import Courier
from server.core.following import JournalFollower
from server.core.forwarder import Forwarder
from server.core.intake import Intake
from server.core.patience import patiently
from server.core.pump import Pump
from server.core.replica import Replica
from server.core.shard import ShardOwner
from server.core.shard_views import ShardViews
from server.core.succession import Succession
from server.core.sweep import Sweeper
from server.tasks import TaskOwner, end
from store.errors import LeaseHeld, StoreError, StoreLost
from store.lease import Lease, Memory
from store.nodes import Member, NodeRegister
from store.shard import RedisShardStore

log = structlog.get_logger(__name__)

AGAIN_S = 0.05
# For so long at most an owner that ends waits for its last turns: the store may be away.
LAST_TURNS_S = 2.0
# The tasks of a member by name: without any of them it is of no use.
TASKS = ("pump", "lease", "inbox", "forward", "follow", "tail", "courier", "sweep")


class Role(StrEnum):
    """What a node is to a shard. A deposed owner is neither: it stops."""

    OWNER = "owner"
    FOLLOWER = "follower"


class ShardMember(ShardViews):
    """Made by `join`; then `keep`, `restore`, `begin`; `release` at the end. Implements server.core.routing.Routing.

    `tail` is a store on a connection of its own, for reads that wait. `on_own` is called when this node has become the
    owner, after routing goes on.
    """

    def __init__(
        self, store: RedisShardStore, tail: RedisShardStore, register: NodeRegister, member: Member, lease_us: int
    ) -> None:
        self.store = store
        self.member = member
        self.away = False
        self.committed: Callable[[int], None] = lambda _us: None
        self.on_own: list[Callable[[], None]] = []
        self.image = ShardImage((), (), (), None, 0, 0)
        self.following: JournalFollower | None = None
        self._tail = tail
        self._register = register
        self._lease_us = lease_us
        self._owner: ShardOwner | None = None
        self._pump: Pump | None = None
        self._replica: Replica | None = None
        self._clock = ShardClock(0)
        self._forwarder = Forwarder(store, member.label, away=self._set_away)
        self.sweeper = Sweeper(register, store, member, lambda: self.owner.lease)
        self._speak: Callable[[Turn], None] = lambda _turn: None
        self._note: Callable[[Turn], None] = lambda _turn: None
        self._prepare: Callable[[Turn], None] = lambda _turn: None
        self._decided: Callable[[Turn, int], None] = lambda _turn, _us: None
        self._intake = Intake(tail)
        self._courier = Courier(store.shard, store.beside)
        self._tasks: TaskOwner
        self._forwarding: asyncio.Task[None]
        self._pumping: asyncio.Task[None] | None = None

    @classmethod
    async def join(
        cls,
        store: RedisShardStore,
        tail: RedisShardStore,
        register: NodeRegister,
        member: Member,
        lease_us: int,
        recorded: int = 0,
    ) -> "ShardMember":
        """As the owner when no living node has the shard in memory and its lease is free, else as a follower.

        Waits for whoever stands between; raises StoreError. `recorded`: the last turn that the records have.
        """
        self = cls(store, tail, register, member, lease_us)
        while True:
            if not await self._others():
                try:
                    self._set_owner(await ShardOwner.claim(store, member.label, lease_us, recorded))
                    await store.enrol(member.label)
                    return self
                except LeaseHeld as held:
                    log.info("shard_is_owned", owner=held.owner, remaining_ms=held.remaining_ms)
            await store.enrol(member.label)
            if await self._load():
                return self
            head = await store.head()
            if not head.owner or head.remaining_ms <= 0:
                await store.withdraw(member.label)  # whoever starts in the same moment must not wait for this node
            await asyncio.sleep(AGAIN_S)

    # --- what every part asks ------------------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """What this node is to the shard now."""
        return Role.OWNER if self._pump is not None else Role.FOLLOWER

    @property
    def owning(self) -> bool:
        """Whether this node owns the shard; one that was deposed does not, though it has not ended yet."""
        return self._pump is not None and not self._pump.failed

    @property
    def owner(self) -> ShardOwner:
        """The ownership. Raises RuntimeError on a follower."""
        if self._owner is None:
            raise RuntimeError("this node does not own the shard")
        return self._owner

    @property
    def last_us(self) -> int:
        """When the shard was last awake before this node owned it, in shard microseconds; 0: never."""
        return self.owner.lease.clock

    @property
    def pump(self) -> Pump:
        """The owner's pump. Raises RuntimeError on a follower."""
        if self._pump is None:
            raise RuntimeError("this node does not own the shard")
        return self._pump

    @property
    def sequence(self) -> int:
        """The last turn here; an owner's may not be committed yet."""
        if self._pump is not None:
            return self._pump.sequence
        return self._replica.sequence if self._replica is not None else 0

    def decided_lately(self) -> bool:
        """Whether something was decided here just now, of which more is likely to follow."""
        return self._pump is not None and self._pump.decided_lately()

    @property
    def trouble(self) -> str:
        """Why nothing is committed or followed now; "" when all is well."""
        if self._pump is not None:
            return self._pump.trouble or (self._owner.unreached if self._owner is not None else "")
        return "the store is away" if self.away else ""

    @property
    def backlog(self) -> int:
        """Turns or requests that wait for the store."""
        return self._pump.backlog if self._pump is not None else len(self._forwarder)

    def now(self) -> int:
        """Shard time in microseconds."""
        return self._clock.now()

    def here(self, work_id: str) -> bool:
        """Whether this node carries out what is decided of an item: its own, and the owner those of nobody else."""
        row = self.dispatcher.work(work_id)
        node = row.node if row is not None else ""
        return node == self.member.label or (self.owning and node not in self.sweeper.alive)

    def agent_here(self, agent_id: str) -> bool:
        """Whether this node holds the agent's connection."""
        return self.dispatcher.node_of(agent_id) == self.member.label

    async def take_up(self, work_id: str) -> bool:
        """As Routing. What its owner does of an item whose node is gone would be nobody's when that is lost, too."""
        row = self.dispatcher.work(work_id)
        if row is None or row.node == self.member.label:
            return row is not None
        answers = await self.post(WorkTakenUp(work_id, self.member.label, row.node), "take_up")
        return not any(isinstance(answer, Refuse) for answer in answers)

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        """The turn's commands once it is committed and, on a follower, applied here. Raises RoutingEndedError."""
        if self._pump is not None:
            return await self._pump.post(event, cause)
        return await self._forwarder.post(event, cause)

    def tell(self, event: Event, cause: str) -> None:
        """As `post`, for who needs no answer."""
        if self._pump is not None:
            self._pump.tell(event, cause)
        else:
            self._forwarder.tell(event, cause)

    async def drain(self) -> None:
        """Returns when all that was told here is committed and spoken. Raises RoutingEndedError if it never is."""
        if self._pump is None:
            await self._forwarder.drain()
        if self._pump is not None:  # also where this node became the owner meanwhile
            await self._pump.drain()

    def tell_decided(self) -> None:
        """Whoever keeps account of decisions has all of them from here on."""
        if self._pump is not None:
            self._pump.tell_decided()

    # --- the node's life -----------------------------------------------------------------------------------------

    def keep(self, tasks: TaskOwner) -> None:
        """From now on, however long the rest of the start takes: an owner's lease does not run out."""
        self._tasks = tasks
        if self._owner is not None:
            tasks.spawn(self._owner.renew(), "lease", endless=True)

    async def restore(
        self,
        policy: Policy,
        speak: Callable[[Turn], None],
        decided: Callable[[Turn, int], None],
        note: Callable[[Turn], None] = lambda _turn: None,
        prepare: Callable[[Turn], None] = lambda _turn: None,
    ) -> None:
        """`dispatcher` is there from now on; `policy` becomes current when it differs. Nothing is spoken yet."""
        self._speak, self._decided, self._note, self._prepare = speak, decided, note, prepare
        if self._owner is not None:
            self._pump = pump = await self._owner.restore(policy, self._spoken, decided, note, prepare)
            self._owner.memory = lambda: self._memory(pump)
            self.dispatcher = pump.dispatcher
        elif self._replica is not None:
            self.dispatcher = self._replica.dispatcher
            if self.dispatcher.policy.version != policy.version:
                self.tell(PolicyChanged(policy), "start")

    async def begin(self) -> None:
        """Turns are committed, or followed, from now on. An owner closes what nodes left that are gone."""
        self._courier.begin(self.dispatcher, self.image.work)
        if self._pump is None:
            self._forwarding = self._tasks.spawn(self._forwarder.run(), "forward")
            self._tasks.spawn(self._follow(), "follow")
            return
        self._pumping = self._tasks.spawn(self._pump.run(), "pump")
        await self.sweeper.look()
        self._pump.tell(TimePassed(), "start")  # followers wait for the first turn of an owner
        # What nodes that are gone had forwarded is in the rows before it is seen to what they leave.
        await self._intake.feed(self._pump)
        await self.sweeper.sweep()
        await self._intake.feed(self._pump)
        await self._pump.drain()
        self._serve()

    def close(self) -> None:
        """No more events; the tasks end when what is pending is done."""
        for name in ("follow", "tail", "inbox", "sweep", "courier"):
            self._tasks.cancel(name)
        self._forwarder.close()
        if self._pump is not None:
            self._pump.close()

    async def release(self) -> None:
        """After `close`. Gives the shard back, so that the next owner need not wait; no member any more. Idempotent."""
        owner, self._owner = self._owner, None
        if self._pumping is not None:
            # What was told while all else closed is decided: committed without the lease it would be another's.
            await asyncio.wait({self._pumping}, timeout=LAST_TURNS_S)
        if owner is not None:
            await owner.release()
        try:
            await self.store.withdraw(self.member.label)
        except StoreError as error:
            log.info("not_withdrawn", error=str(error))

    # --- following -----------------------------------------------------------------------------------------------

    async def _others(self) -> set[str]:
        """Living nodes that have the shard in memory; older incarnations of this one do not live."""
        alive, senders = await self._register.alive(), await self.store.senders()
        return {label for label in alive & senders if label.rpartition(".")[0] != self.member.name}

    async def _load(self) -> bool:
        replica = await Replica.load(self.store.replica, self.store.policy)
        if replica is None:
            return False
        head = await self.store.head()
        self._replica, self.image = replica, replica.image
        self.following = JournalFollower(
            self._tail,
            replica,
            lambda turn: self._speak_turn(replica, turn),
            self._set_away,
            self._forwarder.again,
        )
        self._clock = ShardClock(max(head.now_us, head.clock))
        log.info("shard_followed", owner=head.owner, epoch=head.epoch, applied=replica.sequence)
        return True

    async def _follow(self) -> None:
        replica, following = self._replica, self.following
        assert replica is not None and following is not None  # noqa: S101, PT018 - a follower has both
        succession = Succession(self.store, self.member.label, self._lease_us // 1000, self._register.addresses)
        lost = ""
        while True:
            tail = self._tasks.spawn(following.run(), "tail")
            lease, before = await succession.won()
            began, lost = monotonic_us(), before or lost
            await end({tail})
            if not tail.cancelled():
                raise RuntimeError("the replica failed")
            try:
                if lost:
                    await self._register.declare_lost(lost)
                async for turn in replica.missed(self.store, lease.applied):
                    self._speak_turn(replica, turn)
                break
            except StoreLost as error:  # whoever has the lease when it is back
                log.warning("not_taken_over_yet", error=str(error))
        await self._take_over(replica, lease, began)

    def _speak_turn(self, replica: Replica, turn: Turn) -> None:
        if replica.clock > self._clock.now():
            self._clock = ShardClock(replica.clock)
        self._decided(turn, 0)
        try:
            self._spoken(turn)
            self._note(turn)
        except Exception:  # one effect that fails must not stop everybody else's
            log.exception("speak_failed", sequence=turn.sequence, kind=type(turn.event).__name__)

    # --- owning --------------------------------------------------------------------------------------------------

    def _set_owner(self, owner: ShardOwner) -> None:
        self._owner, self.image, self._clock = owner, owner.image, owner.clock
        owner.committed = lambda us: self.committed(us)  # noqa: PLW0108 - which one is set later
        owner.put_back, owner.poke = self._intake.begin_again, lambda: self.tell(TimePassed(), "store")

    async def _take_over(self, replica: Replica, lease: Lease, began: int) -> None:
        """The replica has all that was committed; then comes what was forwarded and not applied."""
        clock = ShardClock(lease.now_us, max(replica.clock, lease.clock, self._clock.now()) + 1)
        self._set_owner(ShardOwner(self.store, lease, replica.image, clock))
        self._tasks.spawn(self.owner.renew(), "lease", endless=True)
        core, at, decided = self.dispatcher, replica.sequence, self._decided
        pump = Pump(core, self.owner, clock, at, self._spoken, prepare=self._prepare, note=self._note, decided=decided)
        pump.kept.extend(replica.kept)
        # A store that has lost turns which this node has seen is given them back with the first commit.
        self.owner.applied, self.owner.memory = replica.sequence, lambda: self._memory(pump)
        if self.dispatcher.unfinished:
            pump.unsettled.add(replica.sequence)
        # While the store is away this node stays the owner until another one is: its lease is renewed beside this.
        await patiently(self.sweeper.look, "takeover", AGAIN_S)
        self._forwarder.halt()
        await asyncio.wait({self._forwarding})
        await patiently(lambda: self._intake.feed(pump), "takeover", AGAIN_S)
        for cause, event in self._forwarder.left(self._intake.taken.get(self.member.label, 0)):
            pump.tell(event, cause)
        # Should one of them reach the inbox yet, after a lost reply: it is decided on.
        self._intake.has_taken(self.member.label, self._forwarder.last)
        pump.tell(TimePassed(), "takeover")
        self._pump = pump
        self._pumping = self._tasks.spawn(pump.run(), "pump")
        self._serve()
        log.warning("shard_taken_over", epoch=lease.epoch, applied=lease.applied, took_us=monotonic_us() - began)
        for duty in self.on_own:
            duty()

    def _serve(self) -> None:
        self._tasks.spawn(self._intake.run(self.pump), "inbox")
        self._tasks.spawn(self.sweeper.run(), "sweep")
        self._tasks.spawn(self._courier.run(), "courier")

    def _memory(self, pump: Pump) -> Memory:
        """What a store that has lost writes is given back."""
        taken, gone = self._intake.taken, self._intake.gone
        labels = {*self.sweeper.alive, self.member.label, *taken} - gone
        return pump.memory({label: taken.get(label, 0) for label in sorted(labels)}, gone)

    def _spoken(self, turn: Turn) -> None:
        try:
            self._speak(turn)
        finally:
            self._intake.heard(turn)
            self._courier.heard(turn)
            self._forwarder.settle(turn)

    def _set_away(self, away: bool) -> None:
        self.away = away
