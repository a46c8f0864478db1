"""What every shard store promises of commits, against the twin, Valkey and the oldest supported Redis."""

import asyncio
import random

import pytest

from router.events import NodeLost, PolicyChanged
from router.rows import AgentRow, Changes, NeighbourRow, ShardImage, Turn, WorkRow
from router.vocabulary import Presence, WorkState
from store.errors import Deposed, OutOfOrder, UnknownPolicy
from store.lease import Lease
from tests.contracts.conftest import Store, World
from tests.store.samples import T0, agent, policy, reservation, turn, work

LEASE_MS = 60_000


async def state(store: Store, lease: Lease) -> tuple[ShardImage, list[object]]:
    """Everything that can be seen of a shard."""
    return await store.load(lease), list(await store.read_journal(0, 1000))


async def test_load_returns_exactly_what_was_committed(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    rows = Changes(
        agents=(agent("a2"), agent("a1", Presence.NOT_READY)),
        work=(work("w2", sequence=2), work("w1", sequence=1)),
        reservations=(reservation("r1"),),
        neighbours=(NeighbourRow("south", 7, 3, ((4, ""), (5, "queue_full"))), NeighbourRow("east", 1)),
    )
    await world.one.commit(lease, [turn(1, event=PolicyChanged(policy())), turn(2, rows)])
    expected = ShardImage(
        agents=(agent("a1", Presence.NOT_READY), agent("a2")),
        work=(work("w1", sequence=1), work("w2", sequence=2)),
        reservations=(reservation("r1"),),
        policy_version="p1",
        applied=2,
        clock=T0 + 2,
        neighbours=(NeighbourRow("east", 1), NeighbourRow("south", 7, 3, ((4, ""), (5, "queue_full")))),
    )
    assert await world.one.load(lease) == expected
    await world.one.release(lease)
    successor = await world.other.take("n2", LEASE_MS)
    assert (successor.applied, successor.clock) == (2, T0 + 2)
    assert await world.other.load(successor) == expected


def now(store: Store, lease: Lease, turns: list[Turn]) -> asyncio.Future[bool] | None:
    """What `commit_now` answers; None where it leaves the turns to `commit`."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    return answer if store.commit_now(lease, turns, (), answer.set_result) else None


async def test_a_commit_at_once_is_a_commit(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1)])
    rows = Changes(agents=(agent("a1"),), work=(work("w1"),), reservations=(reservation("r1"),))
    for turns in ([turn(2, rows)], [turn(3), turn(4)], [turn(2, rows)]):  # the last one again: no harm
        answer = now(world.one, lease, turns)
        assert answer is not None
        assert not answer.done(), "told when it is read, not before"
        assert await answer is True
    image = await world.one.load(lease)
    assert (image.applied, image.agents, image.work, image.reservations) == (
        4,
        rows.agents,
        rows.work,
        rows.reservations,
    )
    assert [entry.sequence for entry in await world.one.read_journal(0, 10)] == [1, 2, 3, 4]


async def test_a_commit_at_once_that_is_not_taken_changes_nothing_and_commit_says_why(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1)])
    assert now(world.one, lease, [turn(2, event=PolicyChanged(policy()))]) is None, "a policy is looked up first"
    early = now(world.one, lease, [turn(3)])
    assert early is not None
    assert await early is False
    with pytest.raises(OutOfOrder):
        await world.one.commit(lease, [turn(3)])
    await world.one.release(lease)
    successor = await world.other.take("n2", LEASE_MS)
    late = now(world.one, lease, [turn(2)])
    assert late is not None
    assert await late is False
    with pytest.raises(Deposed):
        await world.one.commit(lease, [turn(2)])
    assert (await world.other.load(successor)).applied == 1


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
async def test_rows_follow_any_walk(world: World, seed: int) -> None:
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
