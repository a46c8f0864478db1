"""A follower over a journal that is away at times: its replica has each turn once, in order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from msgspec.structs import replace

from router import events as facts
from router.rows import ShardImage
from router.vocabulary import Presence
from server.core.following import JournalFollower
from server.core.replica import Replica, ReplicaDivergedError
from store.codec import JournalEntry
from store.errors import StoreLost
from store.lease import ShardHead
from tests.server.core.test_replica import EVENTS, Owner, loaded
from tests.waiting import until


class Tail:
    """The owner's journal, when it is reached; one that is `behind` has lost writes."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.away = self.behind = False
        self.looks = 0
        self.rows: Callable[[], ShardImage] = owner.image

    def _answers(self) -> None:
        if self.away:
            raise StoreLost("away")

    async def follow_journal(self, after: int, limit: int, block_ms: int) -> list[JournalEntry]:
        self._answers()
        return await self.read_journal(after, limit)

    async def read_journal(self, after: int, limit: int) -> list[JournalEntry]:
        return self.owner.journal[after : after + limit]

    async def head(self) -> ShardHead:
        self._answers()
        self.looks += 1
        applied = 0 if self.behind else len(self.owner.journal)
        return ShardHead("n1.1", 1, 1000, 0, applied, 0, served=True)

    async def replica(self) -> ShardImage | None:
        return self.rows()


class Rig:
    """A follower that came when the owner had done half."""

    def __init__(self, owner: Owner, replica: Replica) -> None:
        self.owner = owner
        self.tail = Tail(owner)
        self.replica = replica
        self.heard: list[int] = []
        self.away: list[bool] = []
        self.again = 0
        self.follower = JournalFollower(
            self.tail, replica, lambda turn: self.heard.append(turn.sequence), self._set_away, self._again
        )

    def _set_away(self, away: bool) -> None:
        if self.away[-1:] != [away]:
            self.away.append(away)

    def _again(self) -> None:
        self.again += 1


@asynccontextmanager
async def following() -> AsyncIterator[tuple[Rig, asyncio.Task[None]]]:
    owner = Owner()
    owner.post(*EVENTS[:2])
    rig = Rig(owner, await loaded(owner))
    task = asyncio.create_task(rig.follower.run())
    try:
        yield rig, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ReplicaDivergedError):
            await task


async def test_what_the_owner_does_comes_once_and_in_order() -> None:
    async with following() as (rig, _):
        rig.owner.post(*EVENTS[2:])
        await until(lambda: rig.heard == [3, 4, 5], "each turn")
        assert rig.away == [False]


async def test_a_store_that_was_away_is_believed_again_once_it_has_the_replicas_last_turn() -> None:
    async with following() as (rig, _):
        rig.owner.post(EVENTS[2])
        await until(lambda: rig.heard == [3])
        rig.tail.away = rig.tail.behind = True
        await until(lambda: rig.away == [False, True], "it is noticed")
        rig.owner.post(EVENTS[3])
        rig.tail.away = False
        looks = rig.tail.looks
        await until(lambda: rig.tail.looks > looks + 2, "it looks again and again")
        assert (rig.heard, rig.again) == ([3], 0), "writes are lost: nothing of it is believed"
        rig.tail.behind = False
        await until(lambda: rig.heard == [3, 4], "it goes on")
        assert (rig.away, rig.again) == ([False, True, False], 1)


async def test_rows_that_are_not_as_the_replica_end_it() -> None:
    async with following() as (rig, task):
        changed = facts.PresenceSet("a0", Presence.NOT_READY)
        other = Owner()
        other.post(*EVENTS[:1], changed)
        rig.tail.rows = lambda: replace(other.image(), applied=len(rig.owner.journal))
        rig.follower.compare_s = 0.0
        with pytest.raises(ReplicaDivergedError):
            await asyncio.wait_for(asyncio.shield(task), 30)
