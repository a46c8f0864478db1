"""What every shard store promises of its journal, its segments and the policies by version."""

import pytest

from router.events import PolicyChanged
from router.rows import Changes
from store.codec import encode_entry, encode_row
from store.errors import Deposed, PolicyConflict, UnknownPolicy
from store.lease import Request
from tests.contracts.conftest import World
from tests.store.samples import agent, policy, reservation, turn, typical_interaction, work

LEASE_MS = 60_000


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


async def test_policies_that_ceased_to_hold_before_a_turn_are_dropped_when_asked(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    for number, version in enumerate(["p1", "p2", "p3", "p1", "p4"], 1):
        await world.one.commit(lease, [turn(number, event=PolicyChanged(policy(version)))])
    assert await world.one.drop_policies(2) == 0  # p2 held until turn 3
    assert await world.one.drop_policies(4) == 2
    assert await world.other.policy_bytes("p1") == encode_row(policy("p1"))
    for gone in ("p2", "p3"):
        with pytest.raises(UnknownPolicy):
            await world.other.policy_bytes(gone)
    await world.one.commit(lease, [turn(6, event=PolicyChanged(policy("p2")))])
    assert await world.one.drop_policies(100) == 2
    assert await world.other.policy_bytes("p2") == encode_row(policy("p2"))


async def test_a_policy_that_is_on_its_way_is_not_dropped(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    for number, version in enumerate(["p1", "p2"], 1):
        await world.one.commit(lease, [turn(number, event=PolicyChanged(policy(version)))])
    await world.one.enrol("n2.1")
    await world.other.forward("n2.1", 1, [Request("t", PolicyChanged(policy("p1")))])
    assert await world.one.drop_policies(100) == 0
    (entry,) = await world.one.read_inbox("", 10)
    await world.one.commit(lease, [turn(3, event=entry.event)], [entry])
    await world.one.commit(lease, [turn(4, event=PolicyChanged(policy("p2")))])
    assert await world.one.drop_policies(4) == 1


async def test_a_policy_version_names_one_content_for_good(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.commit(lease, [turn(1, event=PolicyChanged(policy("p1", team="east")))])
    with pytest.raises(PolicyConflict):
        await world.other.commit(lease, [turn(2, event=PolicyChanged(policy("p1", team="west")))])
    with pytest.raises(PolicyConflict):
        await world.other.forward("n2.1", 1, [Request("t", PolicyChanged(policy("p1", team="west")))])
    assert await world.other.policy("p1") == policy("p1", team="east")
