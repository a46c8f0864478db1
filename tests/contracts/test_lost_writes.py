"""A store that has lost writes: its owner puts back what it has in memory, and nobody else does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from router.events import CustomerLeft, NodeLost, PolicyChanged
from router.rows import Changes, NeighbourRow, ShardImage, Turn
from store.errors import Deposed, InboxGap, LeaseHeld, OutOfOrder, StoreLost, StruckOff
from store.lease import Memory, Request
from tests.contracts.conftest import World
from tests.store.samples import T0, agent, policy, reservation, turn, work

LEASE_MS = 60_000


def memory_of(
    turns: Sequence[Turn], image: ShardImage, senders: Mapping[str, int] | None = None, gone: str = "n0.1"
) -> Memory:
    return Memory(image, policy(), turns, senders or {}, {gone})


def rowless(applied: int) -> ShardImage:
    return ShardImage((), (), (), "p1", applied, T0 + applied)


async def test_an_owner_puts_back_what_the_store_has_lost_as_if_it_had_been_committed(world: World) -> None:
    """Here the store never had more than the first turns: to it, that is the same as having lost the others."""
    lease = await world.one.take("n1", LEASE_MS)
    first = [
        turn(1, event=PolicyChanged(policy())),
        turn(2, Changes(agents=(agent("gone"),), work=(work("done", queue="returns"), work("w1")))),
    ]
    await world.one.commit(lease, first)
    lost = [turn(3), turn(4), turn(5)]
    south = (NeighbourRow("south", 3),)
    image = ShardImage((agent("a1"), agent("a2")), (work("w1"),), (reservation("r1"),), "p1", 5, T0 + 5, south)
    with pytest.raises(OutOfOrder):
        await world.one.commit(lease, [turn(6)])
    for _ in range(2):  # a lost reply: sent again
        await world.one.reseed(lease, memory_of([first[1], *lost], image))
        assert await world.one.load(lease) == image
    assert [entry.sequence for entry in await world.one.read_journal(0, 10)] == [1, 2, 3, 4, 5]
    await world.one.commit(lease, [turn(5), turn(6)])
    assert (await world.other.head()).applied == 6
    with pytest.raises(LeaseHeld):
        await world.other.take("n2", LEASE_MS)


async def test_what_somebody_else_wrote_meanwhile_in_the_same_turns_gives_way(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1), turn(2, Changes(work=(work("theirs"),))), turn(3)])
    mine = [turn(1), turn(2, event=NodeLost("n9.1"))]
    await world.one.reseed(lease, memory_of(mine, rowless(2)))
    assert [entry.event for entry in await world.one.read_journal(0, 10)] == [each.event for each in mine]
    assert (await world.one.load(lease)).work == ()
    await world.one.commit(lease, [turn(3)])


async def test_only_the_owner_puts_back(world: World) -> None:
    old = await world.one.take("n1", LEASE_MS)
    await world.one.commit(old, [turn(1)])
    await world.other.break_lease(old.epoch)
    new = await world.other.take("n2", LEASE_MS)
    image = structs.replace(rowless(1), agents=(agent(),))
    for lease in (old, replace(old, epoch=new.epoch)):
        with pytest.raises(Deposed):
            await world.one.reseed(lease, memory_of([turn(1)], image))
    assert (await world.other.load(new)).agents == ()


async def test_an_epoch_alone_commits_and_renews_nothing(world: World) -> None:
    """A store that went back may give the same number again, to another."""
    lease = await world.one.take("n1", LEASE_MS)
    twin = replace(lease, owner="n2")
    with pytest.raises(Deposed):
        await world.other.commit(twin, [turn(1)])
    with pytest.raises(Deposed):
        await world.other.renew(twin)
    await world.one.commit(lease, [turn(1)])


async def test_an_owner_that_renews_is_told_that_turns_are_lost_and_has_the_lease_all_the_same(world: World) -> None:
    lease = await world.one.take("n1", 20)
    await world.one.commit(lease, [turn(1)])
    await world.one.renew(lease, 1)
    await world.pass_ms(21)
    with pytest.raises(OutOfOrder) as lost:
        await world.one.renew(replace(lease, lease_ms=LEASE_MS), 3)
    assert lost.value.applied == 1
    with pytest.raises(LeaseHeld):
        await world.other.take("n2", LEASE_MS)


async def test_senders_are_put_back_with_what_was_decided_of_theirs_and_those_lost_are_none(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    for label in ("n2.1", "n3.1"):
        await world.one.enrol(label)
    await world.other.forward("n2.1", 1, [Request("t", CustomerLeft("w1")), Request("t", CustomerLeft("w2"))])
    await world.one.reseed(lease, memory_of([turn(1)], rowless(1), {"n2.1": 1, "n4.1": 7}, "n3.1"))
    assert await world.one.senders() == {"n2.1", "n4.1"}
    assert [entry.request for entry in await world.one.read_inbox("", 10)] == ["n2.1/2"], "the first is in these rows"
    late = [Request("t", CustomerLeft("w9"))]
    with pytest.raises(InboxGap) as gap:
        await world.other.forward("n4.1", 9, late)
    assert gap.value.known == 7
    await world.other.forward("n4.1", 9, late, 8)
    with pytest.raises(InboxGap) as gap:
        await world.other.forward("n2.1", 4, late, 1)
    assert gap.value.known == 2
    with pytest.raises(StruckOff):
        await world.other.forward("n3.1", 1, late)


async def test_nothing_is_taken_in_while_the_store_has_less_than_its_sender_knows(world: World) -> None:
    """It may not know the sender either: that must not be taken for a node that was struck off."""
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1)])
    with pytest.raises(StoreLost, match="went back"):
        await world.other.forward("n2.1", 1, [Request("t", CustomerLeft("w1"))], 0, 2)
    await world.other.enrol("n2.1")
    await world.other.forward("n2.1", 1, [Request("t", CustomerLeft("w1"))], 0, 1)
