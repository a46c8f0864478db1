"""A shard whose events come from a walk, with rotation beside it: what a server does to its journal.

Everything that is committed counts as projected at once, unless `position` says otherwise.
"""

from pathlib import Path

from router.dispatcher import Dispatcher
from router.events import Event, PolicyChanged, TimePassed
from router.replay import Difference
from router.rows import Turn
from server.persistence.journal_files import JournalFolder
from server.persistence.kept_journal import KeptJournal
from server.persistence.replaying import Drift, Gap, replay
from server.persistence.rotation import Rotation
from server.persistence.rotation import Store as RotationStore
from store.memory import MemoryShardStore
from store.segment import Segment, read_segments
from store.shard import RedisShardStore
from tests.properties.walk import Walk

Store = MemoryShardStore | RedisShardStore


class Kept:
    """`await start()` is a start of the server (again: a restart), `await turns(n)` commits at least so many."""

    def __init__(self, store: Store, folder: Path, seed: int = 60) -> None:
        self.store = store
        self.folder = JournalFolder(folder, "s0")
        self.journal = KeptJournal(store, self.folder)
        self.walk = Walk(seed, agents=6, queues=4, skills=4)
        self.done = 0
        self.position: int | None = None

    async def start(self, rotating: RotationStore | None = None) -> Rotation:
        """As a node does; `rotating` is the store that rotation sees."""
        self.lease = await self.store.take("n1", 600_000)
        image = await self.store.load(self.lease)
        version = image.policy_version
        policy = self.walk.first if version is None else await self.store.policy(version)
        self.dispatcher = Dispatcher()
        self.dispatcher.restore(policy, image, self.walk.world.now)
        self.unsettled: set[int] = set()
        self.rotation = Rotation(
            rotating or self.store,
            self.lease,
            self.folder,
            lambda: self.done if self.position is None else self.position,
            unsettled=self.unsettled,
            days=0,
        )
        await self.rotation.begin(policy, self.walk.world.now)
        if version is None:
            await self._commit(PolicyChanged(policy), self.walk.world.now)  # as every first start does
        return self.rotation

    async def turns(self, count: int) -> None:
        """Plausible events and nonsense."""
        until = self.done + count
        while self.done < until:
            known = len(self.walk.trace)
            self.walk.step()
            for event, now, _ in self.walk.trace[known:]:
                await self._commit(event, now)

    async def _commit(self, event: Event | None, now: int) -> None:
        commands = self.dispatcher.expire(now) if event is None else self.dispatcher.handle(event, now)
        self.done += 1
        fact = TimePassed() if event is None else event
        turn = Turn(self.done, now, "walk", fact, tuple(commands), self.dispatcher.drain_changes())
        await self.store.commit(self.lease, [turn])
        if self.dispatcher.unfinished:
            self.unsettled.add(self.done)

    async def segments(self) -> list[Segment]:
        """Everything that is kept, files first."""
        files, opened = await self.journal.whole()
        return [file.read() for file in files] + [segment for data in opened for segment in read_segments(data)]

    async def problem(self) -> Difference | Gap | Drift | None:
        """What is wrong with the kept journal: it must be whole, from the first turn to the last, and replay."""
        segments = await self.segments()
        assert (segments[0].head.after, segments[-1].last) == (0, self.done)
        read: list[int] = []
        while page := await self.journal.read_journal(len(read), 64):
            read += [entry.sequence for entry in page]
        assert read == list(range(1, self.done + 1))
        return replay(segments).found
