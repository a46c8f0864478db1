"""What every shard store promises, run against the in-process twin, Valkey and the oldest supported Redis."""

import asyncio
import random
from contextlib import suppress

import pytest

from router.events import CustomerLeft, Event, NodeLost, PolicyChanged
from router.rows import AgentRow, Changes, ReservationRow, ShardImage, Turn, WorkRow
from router.vocabulary import OfferState, Presence, WorkState
from store.codec import encode_entry, encode_row
from store.errors import Deposed, LeaseHeld, OutOfOrder, PolicyConflict, StruckOff, UnknownPolicy
from store.lease import Lease, Request
from tests.contracts.conftest import Store, World
from tests.store.samples import T0, agent, policy, reservation, turn, typical_interaction, work

LEASE_MS = 60_000


async def state(store: Store, lease: Lease) -> tuple[ShardImage, list[str], list[object]]:
    """Everything that can be seen of a shard."""
    return await store.load(lease), await store.waiting("orders"), list(await store.read_journal(0, 1000))


# Lease


async def test_the_first_owner_takes_an_empty_shard(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    assert (lease.owner, lease.epoch, lease.applied, lease.clock, lease.inbox) == ("n1", 1, 0, 0, "")
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
    lease = await world.one.take("n1", 200)
    await world.pass_ms(120)
    assert await world.one.renew(lease) >= lease.now_us + 120_000
    await world.pass_ms(120)
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


# Commit


async def test_load_returns_exactly_what_was_committed(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    rows = Changes(
        agents=(agent("a2"), agent("a1", Presence.NOT_READY)),
        work=(work("w2", sequence=2), work("w1", sequence=1)),
        reservations=(reservation("r1"),),
    )
    await world.one.commit(lease, [turn(1, event=PolicyChanged(policy())), turn(2, rows)])
    expected = ShardImage(
        agents=(agent("a1", Presence.NOT_READY), agent("a2")),
        work=(work("w1", sequence=1), work("w2", sequence=2)),
        reservations=(reservation("r1"),),
        policy_version="p1",
        applied=2,
        clock=T0 + 2,
    )
    assert await world.one.load(lease) == expected
    await world.one.release(lease)
    successor = await world.other.take("n2", LEASE_MS)
    assert (successor.applied, successor.clock) == (2, T0 + 2)
    assert await world.other.load(successor) == expected


async def test_rows_are_replaced_and_deleted(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(
        lease, [turn(1, Changes(agents=(agent("a1"), agent("a2")), work=(work(),), reservations=(reservation(),)))]
    )
    ended = Changes(
        agents=(agent("a1", Presence.OFFLINE),),
        agents_removed=("a2", "unknown"),
        work_closed=("w1",),
        reservations_closed=("r1",),
    )
    await world.one.commit(lease, [turn(2, ended)])
    assert await world.one.load(lease) == ShardImage((agent("a1", Presence.OFFLINE),), (), (), None, 2, T0 + 2)
    assert await world.one.waiting("orders") == []


async def test_a_group_commit_leaves_the_last_word_on_each_row(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    turns = [
        turn(1, Changes(agents=(agent("a1"),), work=(work("w1"),), reservations=(reservation("r1"),))),
        turn(2, Changes(agents=(agent("a1", Presence.NOT_READY),), work_closed=("w1",))),
        turn(3, Changes(reservations_closed=("r1",), work=(work("w2"),))),
        turn(4, Changes(work=(work("w1", queue="returns"),), agents_removed=("a1",))),
    ]
    await world.one.commit(lease, turns)
    image = await world.one.load(lease)
    assert image.agents == ()
    assert image.reservations == ()
    assert {row.work_id: row.queue for row in image.work} == {"w1": "returns", "w2": "orders"}
    assert [entry.sequence for entry in await world.one.read_journal(0, 10)] == [1, 2, 3, 4]


async def test_a_deposed_owner_changes_nothing(world: World) -> None:
    old = await world.one.take("n1", LEASE_MS)
    await world.one.commit(old, [turn(1, Changes(agents=(agent(),)))])
    await world.other.break_lease(old.epoch)
    new = await world.other.take("n2", LEASE_MS)
    before = await state(world.other, new)
    with pytest.raises(Deposed) as deposed:
        await world.one.commit(old, [turn(2, Changes(agents_removed=("a1",), work=(work(),)), PolicyChanged(policy()))])
    assert (deposed.value.held, deposed.value.current) == (old.epoch, new.epoch)
    with pytest.raises(Deposed):
        await world.one.load(old)
    assert await state(world.other, new) == before
    with pytest.raises(UnknownPolicy):
        await world.other.policy("p1")


@pytest.mark.parametrize("first", [2, 3, 5])
async def test_a_gap_is_refused_and_changes_nothing(world: World, first: int) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1)] if first != 2 else [])
    before = await state(world.one, lease)
    with pytest.raises(OutOfOrder) as refused:
        await world.one.commit(lease, [turn(first, Changes(agents=(agent(),)))])
    assert refused.value.first == first
    assert refused.value.applied == before[0].applied
    assert await state(world.one, lease) == before


async def test_turns_of_one_commit_must_be_consecutive(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    for turns in ([turn(1), turn(3)], [turn(1), turn(1)], [turn(2), turn(1)]):
        with pytest.raises(OutOfOrder):
            await world.one.commit(lease, turns)
    assert await world.one.read_journal(0, 10) == []


async def test_a_repeated_commit_changes_nothing(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    turns = [turn(1, Changes(agents=(agent(),))), turn(2, Changes(work=(work(),)))]
    await world.one.commit(lease, turns)
    before = await state(world.one, lease)
    await world.one.commit(lease, turns)
    await world.one.commit(lease, turns[:1])
    assert await state(world.one, lease) == before
    await world.one.trim_journal(1)
    await world.one.commit(lease, turns)


async def test_a_repetition_that_grew_applies_only_what_is_new(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    applied = [turn(1, Changes(work=(work(),))), turn(2, Changes(reservations=(reservation(),)))]
    await world.one.commit(lease, applied)
    await world.one.commit(lease, [*applied, turn(3, Changes(work_closed=("w1",)))])
    image = await world.one.load(lease)
    assert (image.work, image.reservations, image.applied) == ((), (reservation(),), 3)
    assert [entry.sequence for entry in await world.one.read_journal(0, 10)] == [1, 2, 3]


async def test_another_turn_of_an_applied_sequence_is_refused(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1), turn(2)])
    before = await state(world.one, lease)
    forged = turn(2, Changes(agents=(agent(),)), event=NodeLost("n9.1"))
    for turns in ([forged], [turn(1), forged], [forged, turn(3)]):
        with pytest.raises(OutOfOrder):
            await world.one.commit(lease, turns)
    assert await state(world.one, lease) == before


async def test_a_large_commit_is_one_commit(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    agents = tuple(agent(f"a{number:05}") for number in range(6_000))
    works = tuple(work(f"w{number:05}", sequence=number) for number in range(4_200))
    await world.one.commit(lease, [turn(1, Changes(agents=agents, work=works))])
    image = await world.one.load(lease)
    assert (image.agents, image.work) == (agents, works)
    gone = Changes(
        agents_removed=tuple(row.agent_id for row in agents), work_closed=tuple(row.work_id for row in works)
    )
    await world.one.commit(lease, [turn(2, gone)])
    assert await world.one.load(lease) == ShardImage((), (), (), None, 2, T0 + 2)


# Queues


async def test_waiting_work_stands_by_priority_then_time(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    rows = (
        work("late", queued_at=T0 + 9_000_000),
        work("early", queued_at=T0),
        work("urgent", priority=5, queued_at=T0 + 20_000_000),
        work("low", priority=-5, queued_at=T0 - 20_000_000),
        work("offered", state=WorkState.OFFERED),
    )
    await world.one.commit(lease, [turn(1, Changes(work=rows))])
    assert await world.one.waiting("orders") == ["urgent", "early", "late", "low"]
    moved = (work("early", queue="returns"), work("late", state=WorkState.CONNECTED), work("offered"))
    await world.one.commit(lease, [turn(2, Changes(work=moved, work_closed=("low",)))])
    assert await world.one.waiting("orders") == ["urgent", "offered"]
    assert await world.one.waiting("returns") == ["early"]


def _random_changes(chance: random.Random, agents: dict[str, AgentRow], works: dict[str, WorkRow]) -> Changes:
    """Change the model and return the same as Changes."""
    put_agents = {f"a{chance.randrange(5)}": chance.choice(list(Presence)) for _ in range(chance.randrange(3))}
    put_work = {f"w{chance.randrange(8)}" for _ in range(chance.randrange(3))}
    closed = tuple(work_id for work_id in works if work_id not in put_work and chance.random() < 0.2)
    rows = tuple(
        work(
            work_id,
            queue=chance.choice(["orders", "returns"]),
            priority=chance.randrange(-2, 3),
            queued_at=T0 + chance.randrange(10**9),
            state=chance.choice([WorkState.WAITING, WorkState.OFFERED]),
        )
        for work_id in sorted(put_work)
    )
    agents |= {agent_id: agent(agent_id, presence) for agent_id, presence in put_agents.items()}
    works |= {row.work_id: row for row in rows}
    for work_id in closed:
        del works[work_id]
    return Changes(
        agents=tuple(agent(agent_id, presence) for agent_id, presence in put_agents.items()),
        work=rows,
        work_closed=closed,
    )


@pytest.mark.parametrize("seed", range(5))
async def test_rows_and_queues_follow_any_walk(world: World, seed: int) -> None:
    chance = random.Random(seed)
    agents: dict[str, AgentRow] = {}
    works: dict[str, WorkRow] = {}
    lease = await world.one.take("n1", LEASE_MS)
    sequence = 0
    for _ in range(25):
        turns: list[Turn] = []
        for _ in range(chance.randrange(1, 5)):
            sequence += 1
            turns.append(turn(sequence, _random_changes(chance, agents, works)))
        await world.one.commit(lease, turns)
        image = await world.one.load(lease)
        assert {row.agent_id: row for row in image.agents} == agents
        assert {row.work_id: row for row in image.work} == works
        for queue in ("orders", "returns"):
            expected = [row for row in works.values() if row.queue == queue and row.state is WorkState.WAITING]
            expected.sort(key=lambda row: (-row.priority, row.queued_at // 1000, row.work_id))
            assert await world.one.waiting(queue) == [row.work_id for row in expected]


# Journal, policy, inbox


async def test_the_journal_returns_the_turns_and_can_be_trimmed(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    turns = [turn(1, event=PolicyChanged(policy())), *typical_interaction(2, lambda kind: f"{kind}1")]
    await world.one.commit(lease, turns[:5])
    await world.one.commit(lease, turns[5:])
    entries = await world.other.read_journal(0, 100)
    assert [(e.sequence, e.now, e.cause, e.event, e.commands) for e in entries] == [
        (t.sequence, t.now, t.cause, t.event, t.commands) for t in turns
    ]
    assert [entry.sequence for entry in await world.one.read_journal(4, 3)] == [5, 6, 7]
    assert await world.one.trim_journal(6) == 6
    assert [entry.sequence for entry in await world.one.read_journal(0, 2)] == [7, 8]
    assert await world.one.trim_journal(100) == len(turns) - 6
    assert await world.one.read_journal(0, 10) == []
    await world.one.commit(lease, [turn(len(turns) + 1)])
    assert [entry.sequence for entry in await world.one.read_journal(0, 10)] == [len(turns) + 1]


async def test_rows_entries_and_policies_are_read_as_they_are_stored(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    changes = Changes(agents=(agent("a1"), agent("a2")), work=(work(),), reservations=(reservation(),))
    turns = [turn(1, event=PolicyChanged(policy("p1"))), turn(2, changes), turn(3)]
    await world.one.commit(lease, turns)
    raw = await world.other.raw_image(lease)
    assert (raw.policy_version, raw.applied, raw.clock) == ("p1", 3, turns[2].now)
    assert sorted(raw.agents) == [encode_row(agent("a1")), encode_row(agent("a2"))]
    assert (raw.work, raw.reservations) == ((encode_row(work()),), (encode_row(reservation()),))
    assert await world.other.read_raw(1, 5) == [(2, encode_entry(turns[1])), (3, encode_entry(turns[2]))]
    assert await world.other.read_raw(0, 1) == [(1, encode_entry(turns[0]))]
    assert await world.other.policy_bytes("p1") == encode_row(policy("p1"))
    with pytest.raises(UnknownPolicy):
        await world.other.policy_bytes("p9")
    await world.other.take("n1", LEASE_MS)
    with pytest.raises(Deposed):
        await world.one.raw_image(lease)


async def test_heads_of_segments_are_kept_in_order_until_they_are_dropped(world: World) -> None:
    assert await world.one.heads() == {}
    for after in (20, 3, 100):
        await world.one.keep_head(after, bytes([after]))
    await world.one.keep_head(3, b"again")
    assert list((await world.other.heads()).items()) == [(3, b"again"), (20, bytes([20])), (100, bytes([100]))]
    await world.other.drop_head(20)
    await world.other.drop_head(21)
    assert list(await world.one.heads()) == [3, 100]


async def test_policies_are_kept_by_version(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    for number, version in enumerate(["p1", "p2", "p1"], 1):
        await world.one.commit(lease, [turn(number, event=PolicyChanged(policy(version)))])
        assert (await world.one.load(lease)).policy_version == version
    assert await world.other.policy("p2") == policy("p2")
    with pytest.raises(UnknownPolicy) as unknown:
        await world.other.policy("p9")
    assert unknown.value.version == "p9"


async def test_a_policy_version_names_one_content_for_good(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1, event=PolicyChanged(policy("p1", team="east")))])
    with pytest.raises(PolicyConflict):
        await world.other.commit(lease, [turn(2, event=PolicyChanged(policy("p1", team="west")))])
    with pytest.raises(PolicyConflict):
        await world.other.forward("n2.1", 1, [Request("t", PolicyChanged(policy("p1", team="west")))])
    assert await world.other.policy("p1") == policy("p1", team="east")


def requests(*events: Event) -> list[Request]:
    return [Request(f"cause {number}", event) for number, event in enumerate(events, 1)]


async def test_the_inbox_hands_over_events_and_remembers_what_was_applied(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    events: list[Event] = [CustomerLeft("w1"), PolicyChanged(policy()), CustomerLeft("w2")]
    await world.other.enrol("n2.1")
    await world.other.forward("n2.1", 1, requests(*events))
    entries = await world.one.read_inbox(lease.inbox, 10)
    assert [(entry.request, entry.cause, entry.event) for entry in entries] == [
        (f"n2.1/{number}", f"cause {number}", event) for number, event in enumerate(events, 1)
    ]
    ids = [entry.id for entry in entries]
    await world.one.commit(lease, [turn(1, event=events[0])], inbox=ids[0])
    assert [entry.id for entry in await world.one.read_inbox(ids[0], 1)] == [ids[1]]
    await world.one.commit(lease, [turn(1, event=events[0])], inbox=ids[0])  # repeated: no harm
    await world.one.release(lease)
    successor = await world.other.take("n2", LEASE_MS)
    assert successor.inbox == ids[0]
    assert [entry.id for entry in await world.other.read_inbox(successor.inbox, 10)] == ids[1:]
    await world.other.commit(successor, [turn(2, event=events[1]), turn(3, event=events[2])], inbox=ids[2])
    assert await world.other.read_inbox(ids[2], 10) == []
    assert [entry.id for entry in await world.other.read_inbox("", 10)] == ids[2:]  # older ones were trimmed


async def test_a_request_that_is_forwarded_again_is_taken_once(world: World) -> None:
    sent = requests(*(CustomerLeft(f"w{number}") for number in range(1, 6)))
    await world.other.enrol("n2.1")
    await world.other.enrol("n3.1")
    await world.other.forward("n2.1", 1, sent[:2])
    await world.other.forward("n2.1", 1, sent[:3])
    await world.other.forward("n3.1", 1, sent[4:])
    await world.other.enrol("n2.1")  # again: no harm
    await world.other.forward("n2.1", 2, sent[1:4])
    taken = [entry.request for entry in await world.one.read_inbox("", 10)]
    assert taken == ["n2.1/1", "n2.1/2", "n2.1/3", "n3.1/1", "n2.1/4"]


async def test_a_request_that_was_applied_is_not_taken_again(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.other.enrol("n2.1")
    sent = requests(CustomerLeft("w1"), CustomerLeft("w2"))
    await world.other.forward("n2.1", 1, sent)
    last = (await world.one.read_inbox("", 10))[-1].id
    await world.one.commit(lease, [turn(1), turn(2)], inbox=last)
    await world.other.forward("n2.1", 1, sent)
    assert await world.one.read_inbox(last, 10) == []


async def test_who_was_struck_off_forwards_nothing_more_and_its_loss_stands_behind_all_it_said(world: World) -> None:
    with pytest.raises(StruckOff):
        await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))
    await world.other.enrol("n2.1")
    await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))
    last_word = await world.one.strike_off("n2.1")
    with pytest.raises(StruckOff) as refused:
        await world.other.forward("n2.1", 2, requests(CustomerLeft("w2")))
    assert refused.value.label == "n2.1"
    entries = await world.one.read_inbox("", 10)
    assert [entry.event for entry in entries] == [CustomerLeft("w1"), NodeLost("n2.1")]
    assert (entries[1].id, entries[1].request) == (last_word, "")


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


async def test_a_replica_loads_and_follows_without_a_lease(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    turns = [turn(number, Changes(agents=(agent(f"a{number}"),))) for number in range(1, 5)]
    assert await world.other.replica() is None
    await world.one.commit(lease, turns[:2])
    image = await world.other.replica()
    assert image == await world.one.load(lease)
    assert await world.other.follow_journal(image.applied, 10, 1) == []
    await world.one.commit(lease, turns[2:])
    assert [entry.sequence for entry in await world.other.follow_journal(image.applied, 10, 1000)] == [3, 4]
    assert [entry.event for entry in await world.other.follow_journal(2, 1, 1000)] == [turns[2].event]
    await world.one.break_lease(lease.epoch)
    assert await world.other.replica() is None, "the next owner may restore the shard otherwise"


async def test_nodes_enrol_and_withdraw(world: World) -> None:
    await world.one.enrol("n1.1")
    await world.other.enrol("n2.1")
    assert await world.one.senders() == {"n1.1", "n2.1"}
    await world.other.withdraw("n2.1")
    await world.other.withdraw("n2.1")
    assert await world.one.senders() == {"n1.1"}
    with pytest.raises(StruckOff):
        await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))


# Concurrency


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
            if committed >= 60:
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
