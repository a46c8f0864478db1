"""What every shard store promises of its lease: one owner at a time, and what two that depose each other leave."""

import asyncio
from contextlib import suppress

import pytest

from router.rows import Changes, ReservationRow, ShardImage
from router.vocabulary import OfferState
from store.errors import Deposed, LeaseHeld
from store.lease import Lease
from tests.contracts.conftest import Store, World
from tests.store.samples import reservation, turn

LEASE_MS = 60_000


async def test_the_first_owner_takes_an_empty_shard(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    assert (lease.owner, lease.epoch, lease.applied, lease.clock) == ("n1", 1, 0, 0)
    assert lease.now_us > 1_700_000_000_000_000
    assert await world.one.load(lease) == ShardImage((), (), (), None, 0, 0)


async def test_a_held_lease_is_refused_with_its_holder(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    with pytest.raises(LeaseHeld) as refused:
        await world.other.take("n2", LEASE_MS)
    assert refused.value.owner == "n1"
    assert refused.value.epoch == lease.epoch
    assert LEASE_MS - 5_000 < refused.value.remaining_ms <= LEASE_MS


async def test_an_expired_lease_can_be_taken_and_deposes_the_old_owner(world: World) -> None:
    old = await world.one.take("n1", 30)
    await world.pass_ms(31)
    new = await world.other.take("n2", LEASE_MS)
    assert new.epoch == old.epoch + 1
    with pytest.raises(Deposed) as deposed:
        await world.one.renew(old)
    assert (deposed.value.held, deposed.value.current) == (old.epoch, new.epoch)


async def test_renewing_prolongs_from_now(world: World) -> None:
    lease = await world.one.take("n1", 500)
    await world.pass_ms(300)
    assert await world.one.renew(lease) >= lease.now_us + 300_000
    await world.pass_ms(300)
    with pytest.raises(LeaseHeld):
        await world.other.take("n2", LEASE_MS)


async def test_an_expired_lease_that_nobody_took_still_works(world: World) -> None:
    lease = await world.one.take("n1", 20)
    await world.pass_ms(21)
    await world.one.commit(lease, [turn(1)])
    await world.one.renew(lease)


async def test_a_released_shard_is_free_at_once_and_its_epoch_only_grows(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.release(lease)
    with pytest.raises(Deposed):
        await world.one.renew(lease)
    assert (await world.other.take("n2", LEASE_MS)).epoch == lease.epoch + 1
    with pytest.raises(Deposed):
        await world.one.release(lease)


async def test_the_same_node_takes_its_own_lease_again_and_fences_its_former_self(world: World) -> None:
    killed = await world.one.take("n1", LEASE_MS)
    again = await world.other.take("n1", LEASE_MS)
    assert again.epoch == killed.epoch + 1
    with pytest.raises(Deposed):
        await world.one.commit(killed, [turn(1)])


async def test_a_peer_breaks_the_lease_once(world: World) -> None:
    held = await world.one.take("n1", LEASE_MS)
    raised = await world.other.break_lease(held.epoch)
    assert raised == held.epoch + 1
    with pytest.raises(Deposed):
        await world.other.break_lease(held.epoch)
    with pytest.raises(Deposed):
        await world.one.commit(held, [turn(1)])
    assert (await world.other.take("n2", LEASE_MS)).epoch == raised + 1


async def test_anybody_sees_who_owns_the_shard_and_how_far_it_is(world: World) -> None:
    free = await world.other.head()
    assert (free.owner, free.epoch, free.applied, free.clock) == ("", 0, 0, 0)
    lease = await world.one.take("n1.3", LEASE_MS)
    assert not (await world.other.head()).served
    await world.one.commit(lease, [turn(1), turn(2)])
    held = await world.other.head()
    assert held.served
    assert (held.owner, held.epoch, held.applied, held.clock) == ("n1.3", 1, 2, turn(2).now)
    assert 0 < held.remaining_ms <= LEASE_MS
    assert held.now_us >= lease.now_us
    await world.one.take("n1.3", 20)
    await world.pass_ms(21)
    assert (await world.other.head()).remaining_ms <= 0
    await world.one.release(await world.one.take("n1.3", LEASE_MS))
    assert (await world.other.head()).owner == ""


async def test_incarnations_of_one_node_are_one_owner(world: World) -> None:
    await world.one.take("n1.7", LEASE_MS)
    assert (await world.other.take("n1.8", LEASE_MS)).epoch == 2
    with pytest.raises(LeaseHeld):
        await world.one.take("n1.x", LEASE_MS)


async def test_two_owners_that_depose_each_other_leave_one_history(world: World) -> None:
    done = asyncio.Event()

    async def own(store: Store, name: str) -> int:
        committed = 0
        while not done.is_set():
            try:
                lease = await store.take(name, LEASE_MS)
            except LeaseHeld as held:
                with suppress(Deposed):
                    await store.break_lease(held.epoch)
                continue
            with suppress(Deposed):
                image = await store.load(lease)
                for sequence in range(image.applied + 1, image.applied + 6):
                    rows = Changes(reservations=(reservation(f"r{sequence}", OfferState.ACCEPTED),))
                    await store.commit(lease, [turn(sequence, rows, cause=f"{lease.epoch}")])
                    committed += 1
                    await asyncio.sleep(0)
            if committed >= 20:
                done.set()
        return committed

    counts = await asyncio.gather(own(world.one, "n1"), own(world.other, "n2"))
    lease = await _take_over(world.one)
    entries = await world.one.read_journal(0, 1000)
    assert [entry.sequence for entry in entries] == list(range(1, sum(counts) + 1))
    epochs = [int(entry.cause) for entry in entries]
    assert epochs == sorted(epochs)
    image = await world.one.load(lease)
    assert image.applied == sum(counts)
    expected: set[ReservationRow] = {reservation(f"r{e.sequence}", OfferState.ACCEPTED) for e in entries}
    assert set(image.reservations) == expected


async def _take_over(store: Store) -> Lease:
    try:
        return await store.take("probe", LEASE_MS)
    except LeaseHeld as held:
        await store.break_lease(held.epoch)
        return await store.take("probe", LEASE_MS)
