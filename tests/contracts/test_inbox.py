"""What every shard store promises to nodes that do not own the shard: inbox, senders, and what replicas load."""

import asyncio
from dataclasses import replace

import pytest

from router.events import CustomerLeft, Event, NodeLost, PolicyChanged
from router.rows import Changes
from store.errors import Deposed, StruckOff
from store.lease import Request
from tests.contracts.conftest import World
from tests.store.samples import agent, policy, turn

LEASE_MS = 60_000


def requests(*events: Event) -> list[Request]:
    return [Request(f"cause {number}", event) for number, event in enumerate(events, 1)]


async def test_the_inbox_hands_over_events_until_they_are_applied(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    events: list[Event] = [CustomerLeft("w1"), PolicyChanged(policy()), CustomerLeft("w2")]
    await world.other.enrol("n2.1")
    await world.other.forward("n2.1", 1, requests(*events))
    entries = await world.one.read_inbox("", 10)
    assert [(entry.request, entry.cause, entry.event) for entry in entries] == [
        (f"n2.1/{number}", f"cause {number}", event) for number, event in enumerate(events, 1)
    ]
    await world.one.commit(lease, [turn(1, event=events[0])], entries[:1])
    assert await world.one.read_inbox(entries[0].id, 1) == [entries[1]]
    await world.one.commit(lease, [turn(1, event=events[0])], entries[:1])  # repeated: no harm
    await world.one.release(lease)
    successor = await world.other.take("n2", LEASE_MS)
    assert await world.other.read_inbox("", 10) == entries[1:], "what is applied is gone"
    await world.other.commit(successor, [turn(2, event=events[1]), turn(3, event=events[2])], entries[1:])
    assert await world.other.read_inbox(entries[2].id, 10) == []
    assert await world.other.read_inbox("", 10) == []


async def test_only_what_was_applied_leaves_the_inbox(world: World) -> None:
    """After a failover with two masters, what another node left at the new one may stand under any id."""
    lease = await world.one.take("n1", LEASE_MS)
    for label in ("n2.1", "n3.1"):
        await world.one.enrol(label)
    await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))
    await world.other.forward("n3.1", 1, requests(CustomerLeft("w2")))
    unread, read = await world.one.read_inbox("", 10)
    await world.one.commit(lease, [turn(1)], [read])
    assert await world.one.read_inbox("", 10) == [unread], "an earlier one"
    namesake = replace(unread, request="n4.1/1")
    await world.one.commit(lease, [turn(2)], [namesake, replace(unread, id="99-0")])
    assert await world.one.read_inbox("", 10) == [unread], "another's, under the same id"
    assert world.one.commit_now(lease, [turn(3)], [unread], lambda _taken: None)
    async with asyncio.timeout(30):
        while await world.one.read_inbox("", 10):
            await asyncio.sleep(0)


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
    await world.one.commit(lease, [turn(1), turn(2)], await world.one.read_inbox("", 10))
    await world.other.forward("n2.1", 1, sent)
    assert await world.one.read_inbox("", 10) == []


async def test_who_was_struck_off_forwards_nothing_more_and_its_loss_stands_behind_all_it_said(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    with pytest.raises(StruckOff):
        await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))
    await world.other.enrol("n2.1")
    await world.other.forward("n2.1", 1, requests(CustomerLeft("w1")))
    last_word = await world.one.strike_off(lease, "n2.1")
    with pytest.raises(StruckOff) as refused:
        await world.other.forward("n2.1", 2, requests(CustomerLeft("w2")))
    assert refused.value.label == "n2.1"
    entries = await world.one.read_inbox("", 10)
    assert [entry.event for entry in entries] == [CustomerLeft("w1"), NodeLost("n2.1")]
    assert (entries[1].id, entries[1].request) == (last_word, "")


async def test_an_owner_that_was_deposed_strikes_nobody_off(world: World) -> None:
    lease = await world.one.take("n1", LEASE_MS)
    await world.one.enrol("n2.1")
    await world.other.break_lease(lease.epoch)
    await world.other.take("n3", LEASE_MS)
    with pytest.raises(Deposed):
        await world.one.strike_off(lease, "n2.1")
    assert await world.other.senders() == {"n2.1"}
    assert await world.other.read_inbox("", 10) == []


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


async def test_what_another_shard_leaves_has_no_number(world: World) -> None:
    """It may come twice; who takes it knows by what it says."""
    for _ in range(2):
        await world.other.leave(CustomerLeft("w1"), "handoff")
    entries = await world.one.read_inbox("", 10)
    assert [(entry.request, entry.cause, entry.event) for entry in entries] == [("", "handoff", CustomerLeft("w1"))] * 2
