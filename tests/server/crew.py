"""Several members of one shard in one process, each with connections of its own, over a real server."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from functools import partial

from router.policy import AgentPolicy, Policy, QueuePolicy
from router.replay import differing_row
from router.rows import Turn
from router.vocabulary import Medium
from server.core.member import ShardMember
from server.tasks import TaskOwner
from store.connection import StoreConnection, open_store
from store.nodes import Member, NodeRegister
from store.shard import RedisShardStore

_names = itertools.count(1)

AGENTS = tuple(f"a{number}" for number in range(6))
POLICY = Policy(
    "p1",
    {"orders": QueuePolicy("orders", Medium.CHAT)},
    {name: AgentPolicy(name, "east", capacity={Medium.CHAT: 2}, total_units=2) for name in AGENTS},
)


class Crewman:
    """One member with what it said and which of its tasks failed."""

    def __init__(self, member: ShardMember, connections: tuple[StoreConnection, ...], tasks: TaskOwner) -> None:
        self.member = member
        self.tasks = tasks
        self.spoken: list[Turn] = []
        self.failed: list[str] = []
        self.register: NodeRegister
        self._connections = connections

    async def begin(self, policy: Policy = POLICY) -> None:
        self.member.keep(self.tasks)
        await self.member.restore(policy, self.spoken.append, lambda _turn, _us: None)
        await self.member.begin()

    async def leave(self) -> None:
        """As a node that ends in order."""
        await self.member.drain()
        self.member.close()
        self.tasks.cancel("lease")
        await self.tasks.aclose(5)
        await self.member.release()
        await self.register.forget(self.member.member.label)

    async def die(self) -> None:
        """As a process that is killed: whatever it was about to do."""
        for name in self.tasks.names:
            self.tasks.cancel(name)
        for connection in self._connections:
            await connection.aclose()
        await self.tasks.aclose(0)

    async def aclose(self) -> None:
        self.member.close()
        for name in self.tasks.names:
            self.tasks.cancel(name)
        await self.tasks.aclose(1)
        for connection in self._connections:
            await connection.aclose()


class Crew:
    """Made by `crew_of`."""

    def __init__(self, url: str, shard: str, lease_us: int, group: str = "") -> None:
        self.url = url
        self.shard = shard
        self.lease_us = lease_us
        self.group = group
        self.all: list[Crewman] = []

    async def hire(
        self, policy: Policy = POLICY, name: str = "", before: Callable[[ShardMember, str], None] | None = None
    ) -> Crewman:
        """One more, begun. `before` is told of each node that is lost, while what it leaves is in the rows."""
        main, tail = await open_store(self.url), await open_store(self.url)
        register = NodeRegister(main, ttl_ms=60_000, group=self.group)
        label: Member = await register.join(name or f"crew{next(_names)}")
        store, tailing = RedisShardStore(main, self.shard), RedisShardStore(tail, self.shard)
        member = await ShardMember.join(store, tailing, register, label, self.lease_us)
        man = Crewman(member, (main, tail), TaskOwner(lambda task, _error: man.failed.append(task)))
        man.register = register
        if before is not None:
            member.sweeper.before = partial(_seen, before, member)
        self.all.append(man)
        await man.begin(policy)
        return man

    async def alike(self, *men: Crewman) -> None:
        """Returns when all of them have everything, and it is what the rows say."""
        store = men[0].member.store
        async with asyncio.timeout(60):
            for man in men:
                await man.member.drain()
            # What the owner's clock still brings may come while the rows are read.
            while (image := await store.replica()) is None or any(man.member.sequence != image.applied for man in men):
                assert [man.failed for man in men] == [[]] * len(men)
                await asyncio.sleep(0.05)
        for man in men:
            assert man.failed == []
            assert differing_row(man.member.dispatcher, image) is None


async def _seen(before: Callable[[ShardMember, str], None], member: ShardMember, label: str) -> None:
    before(member, label)


@contextlib.asynccontextmanager
async def crew_of(url: str, shard: str, count: int, lease_us: int = 60_000_000) -> AsyncIterator[Crew]:
    """The first is the owner, the others follow."""
    crew = Crew(url, shard, lease_us)
    try:
        for _ in range(count):
            await crew.hire()
        yield crew
    finally:
        await asyncio.gather(*(man.aclose() for man in crew.all))
