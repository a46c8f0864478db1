"""A shard with several members on a real server: who owns it, what the others have, and who comes next."""

import asyncio
import random
from typing import Any

import pytest

from router import events as facts
from router.commands import Refuse, SendOffer
from router.errors import RoutingEndedError
from router.policy import AgentPolicy
from router.vocabulary import EndedBy, Medium, OfferState, Presence
from server.core.member import Role, ShardMember
from store.codec import JournalEntry
from store.connection import open_store
from store.errors import StoreLost, StruckOff
from store.nodes import NodeRegister
from store.shard import RedisShardStore
from tests.server.crew import AGENTS, POLICY, Crew, Crewman, crew_of
from tests.waiting import until


def ready(man: Crewman, agent_id: str, generation: int = 1) -> None:
    man.member.tell(facts.AgentConnected(agent_id, generation, man.member.member.label), "t")
    man.member.tell(facts.PresenceSet(agent_id, Presence.READY), "t")


def chat(name: str) -> facts.WorkQueued:
    return facts.WorkQueued(name, name, Medium.CHAT, "orders")


async def test_the_first_owns_the_shard_and_the_others_follow(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 3) as crew:
        owner, *others = crew.all
        assert owner.member.role is Role.OWNER
        assert [man.member.role for man in others] == [Role.FOLLOWER, Role.FOLLOWER]
        await crew.alike(*crew.all)
        assert others[0].member.dispatcher.policy == POLICY


async def test_a_follower_posts_and_has_the_answer_in_its_own_replica(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 3) as crew:
        owner, one, two = crew.all
        ready(one, "a0")
        await one.member.drain()
        commands = await two.member.post(chat("w1"), "t")
        assert [type(command) for command in commands] == [SendOffer]
        row = two.member.dispatcher.reservation("w1.1")
        assert row is not None
        assert (row.agent_id, row.state) == ("a0", OfferState.OFFERED)
        refused = await one.member.post(facts.OfferAccepted("w1.1", "a1"), "t")
        assert [type(command) for command in refused] == [Refuse]
        assert await one.member.post(facts.OfferAccepted("w1.1", "a0"), "t")
        await crew.alike(owner, one, two)
        assert [turn.commands for turn in one.spoken] == [turn.commands for turn in owner.spoken[-len(one.spoken) :]]
        assert abs(one.member.now() - owner.member.now()) < 5_000_000


def something(man: Crewman, rng: random.Random, number: int) -> facts.Event:
    """An event as the parts of a node post it."""
    held = [row for agent in AGENTS for row in man.member.dispatcher.reservations_of(agent)]
    agent = rng.choice(AGENTS)
    match rng.randrange(9):
        case 0:
            return facts.AgentConnected(agent, number, man.member.member.label)
        case 1:
            known = man.member.dispatcher.agent(agent)
            return facts.AgentDisconnected(agent, known.generation if known else 0)
        case 2 | 3:
            return facts.PresenceSet(agent, rng.choice((Presence.READY, Presence.READY, Presence.NOT_READY)))
        case 4 if held:
            row = rng.choice(held)
            return facts.OfferAccepted(row.reservation_id, row.agent_id)
        case 5 if held:
            return facts.AssignmentConnected(rng.choice(held).reservation_id)
        case 6 if held:
            return facts.AssignmentEnded(rng.choice(held).reservation_id, EndedBy.AGENT)
        case 7 if held:
            row = rng.choice(held)
            return facts.WrapUpFinished(row.reservation_id, row.agent_id)
        case _:
            return chat(f"w{number}")


async def storm(men: list[Crewman], seed: int, count: int) -> None:
    rng = random.Random(seed)
    for number in range(1, count + 1):
        man = rng.choice(men)
        man.member.tell(something(man, rng, seed * 1_000_000 + number), "storm")
        if rng.random() < 0.2:
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whoever_posts_what_everybody_has_the_same_in_the_end(store_url: str, shard: str, seed: int) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        await storm(crew.all, seed, 300)
        late = await crew.hire()  # joins in the middle of it
        assert late.member.following is not None
        late.member.following.compare_s = 0.0
        await storm(crew.all, seed + 10, 300)
        await crew.alike(*crew.all)
        journal = await late.member.store.read_journal(0, 5_000)
        assert sum(entry.cause.endswith("storm") for entry in journal) == 600


async def test_an_owner_that_leaves_hands_over_and_nothing_is_lost(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 3) as crew:
        owner, one, two = crew.all
        ready(owner, "a0")
        ready(one, "a1")
        await owner.leave()
        await until(lambda: one.member.owning or two.member.owning, "a follower takes over")
        assert await two.member.post(chat("w1"), "t")
        assert await one.member.post(chat("w2"), "t")
        await crew.alike(one, two)
        assert {one.member.role, two.member.role} == {Role.OWNER, Role.FOLLOWER}
        agents = {row.agent_id: row.connected for row in one.member.dispatcher.agents()}
        assert agents["a1"]


async def killed_while_busy(crew: Crew, seed: int) -> list[Crewman]:
    owner, *others = crew.all
    posted = asyncio.ensure_future(storm(others, seed, 400))
    await until(lambda: owner.member.sequence > 30, "the owner is busy")
    await owner.die()
    await others[0].member.store.break_lease((await others[0].member.store.head()).epoch)
    await posted
    return others


async def test_what_an_owner_is_told_at_the_very_end_is_committed_before_it_gives_the_shard_back(
    store_url: str, shard: str
) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        owner, heir = crew.all
        await owner.member.drain()
        for number in range(20):
            owner.member.tell(chat(f"w{number}"), "t")
        owner.member.close()
        owner.tasks.cancel("lease")
        await owner.member.release()
        await owner.tasks.aclose(5)
        assert owner.failed == []
        await until(lambda: heir.member.owning, "the follower takes over")
        assert all(heir.member.dispatcher.work(f"w{number}") is not None for number in range(20))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_killed_owner_is_replaced_and_each_request_is_applied_once(
    store_url: str, shard: str, seed: int
) -> None:
    async with crew_of(store_url, shard, 3) as crew:
        label = crew.all[0].member.member.label
        ready(crew.all[0], "a0")
        await crew.all[0].member.drain()
        others = await killed_while_busy(crew, seed)
        await until(lambda: any(man.member.owning for man in others), "somebody takes over")
        await crew.alike(*others)
        journal = await others[0].member.store.read_journal(0, 5_000)
        requests = [entry.cause.partition(" ")[0] for entry in journal if entry.cause.endswith(" storm")]
        assert len(requests) == len(set(requests)) == 400
        assert [entry.sequence for entry in journal] == list(range(1, len(journal) + 1))
        assert all(len(man.spoken) == len({turn.sequence for turn in man.spoken}) for man in others)
        await others[0].register.declare_lost(label)
        await until(lambda: facts.NodeLost(label) in [turn.event for turn in others[0].spoken], "its loss is told")
        await crew.alike(*others)


async def test_a_silent_owner_is_replaced_when_its_lease_runs_out_and_is_fenced(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 2, lease_us=300_000) as crew:
        owner, follower = crew.all
        owner.tasks.cancel("lease")  # it has stopped, but nobody sees a connection break
        await until(lambda: follower.member.owning, "the lease runs out")
        spoken = len(owner.spoken)
        with pytest.raises(RoutingEndedError):
            await owner.member.post(chat("w1"), "t")
        await until(lambda: "pump" in owner.failed, "it learns that it is deposed")
        assert not owner.member.owning
        assert owner.member.trouble
        assert len(owner.spoken) == spoken
        assert await follower.member.post(chat("w2"), "t") == ()
        assert follower.member.dispatcher.work("w1") is None
        await until(lambda: facts.NodeLost(owner.member.member.label) in [turn.event for turn in follower.spoken])


async def test_a_takeover_does_not_wait_for_ever_when_a_cancellation_is_lost(
    store_url: str, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        owner, follower = crew.all
        tail = follower.member._tail
        asked: list[int] = []
        lost: list[int] = []
        follow = tail.follow_journal

        async def as_wait_for_may(after: int, count: int, block_ms: int) -> list[JournalEntry]:
            asked.append(after)
            try:
                return await follow(after, count, block_ms)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(after)
                raise StoreLost("the reply came too late") from None

        monkeypatch.setattr(tail, "follow_journal", as_wait_for_may)
        await until(lambda: bool(asked), "the follower asks for the next turns")
        await owner.leave()
        await until(lambda: follower.member.owning, "the follower takes over")
        assert lost
        assert await follower.member.post(chat("w1"), "t") == ()


async def test_a_store_that_breaks_in_the_middle_of_a_takeover_does_not_end_the_node(
    store_url: str, shard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crew_of(store_url, shard, 2, lease_us=300_000) as crew:
        owner, follower = crew.all
        label = owner.member.member.label
        broken: list[str] = []

        def breaks_once(part: object, name: str) -> None:
            works = getattr(part, name)

            async def broken_at_first(*args: Any) -> Any:
                if name not in broken:
                    broken.append(name)
                    raise StoreLost(f"{name} has no answer")
                return await works(*args)

            monkeypatch.setattr(part, name, broken_at_first)

        await follower.member.post(chat("w1"), "t")
        await owner.die()
        for part, name in (
            (follower.register, "declare_lost"),
            (follower.register, "alive"),
            (follower.member._tail, "read_inbox"),
        ):
            breaks_once(part, name)
        await until(lambda: follower.member.owning, "the follower takes over")
        assert broken == ["declare_lost", "alive", "read_inbox"]
        assert await follower.member.post(chat("w9"), "t") == ()
        await until(lambda: facts.NodeLost(label) in [turn.event for turn in follower.spoken], "the other one is lost")
        await crew.alike(follower)


async def test_who_came_late_and_takes_over_goes_on_with_the_numbers_of_the_rows(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 1) as crew:
        (owner,) = crew.all
        for number in range(5):
            await owner.member.post(chat(f"gone{number}"), "t")
            await owner.member.post(facts.CustomerLeft(f"gone{number}"), "t")
        late = await crew.hire()
        await owner.member.post(chat("w1"), "t")
        await crew.alike(owner, late)
        await owner.leave()
        await until(lambda: late.member.owning, "the late one takes over")
        await late.member.post(chat("w2"), "t")
        await crew.alike(late)


async def test_a_follower_that_was_struck_off_says_nothing_more(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        owner, paused = crew.all
        await paused.member.post(facts.AgentConnected("a0", 1, paused.member.member.label), "t")
        await owner.register.declare_lost(paused.member.member.label)
        await until(lambda: not _connected(owner, "a0"), "its agents are expected back")
        paused.member.tell(facts.AgentConnected("a0", 2, paused.member.member.label), "t")
        await until(lambda: "forward" in paused.failed, "it learns that it is lost")
        assert not _connected(owner, "a0")


def _connected(man: Crewman, agent_id: str) -> bool:
    row = man.member.dispatcher.agent(agent_id)
    return row is not None and row.connected


async def test_a_follower_with_other_rules_makes_them_current(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        agents = {**POLICY.agents, "new": AgentPolicy("new", "east", capacity={Medium.CHAT: 1}, total_units=1)}
        newer = await crew.hire(type(POLICY)("p2", POLICY.queues, agents))
        await newer.member.drain()
        await crew.alike(*crew.all)
        assert [man.member.dispatcher.policy.version for man in crew.all] == ["p2", "p2", "p2"]


async def test_a_restarted_node_of_the_same_name_need_not_wait(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 0) as crew:
        first = await crew.hire(name="alone")
        ready(first, "a0")
        await first.member.post(chat("w1"), "t")
        await first.die()
        again = await crew.hire(name="alone")
        assert again.member.owning
        assert not _connected(again, "a0")
        assert again.member.dispatcher.work("w1") is not None


async def test_a_follower_that_takes_over_puts_back_what_the_store_has_lost(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 2) as crew:
        owner, follower = crew.all
        await follower.member.post(chat("w1"), "t")
        await owner.die()
        connection = await open_store(store_url)
        await connection.run("HSET", f"jf:{{{shard}}}:head", "applied", 1)
        await connection.aclose()
        await follower.member.store.break_lease((await follower.member.store.head()).epoch)
        assert await follower.member.post(chat("w2"), "t") == ()
        await crew.alike(follower)


async def test_an_unknown_label_is_refused_by_the_store(store_url: str, shard: str) -> None:
    async with crew_of(store_url, shard, 1) as crew:
        with pytest.raises(StruckOff):
            await crew.all[0].member.store.forward("nobody.1", 1, [])


async def test_what_a_node_forwarded_before_it_died_is_seen_to_by_whoever_starts_next(
    store_url: str, shard: str
) -> None:
    """Owner and follower are gone; the follower's customer stands in the inbox only."""
    async with crew_of(store_url, shard, 2) as crew:
        owner, follower = crew.all
        await owner.die()
        label = follower.member.member.label
        follower.member.tell(facts.WorkQueued("w1", "w1", Medium.CHAT, "orders", node=label), "t")
        connection = await open_store(store_url)
        store = RedisShardStore(connection, shard)
        async with asyncio.timeout(30):
            while not await store.read_inbox("", 10):
                await asyncio.sleep(0.01)
        await follower.die()
        seen: list[tuple[str, list[str]]] = []

        def before(member: ShardMember, lost: str) -> None:
            seen.append((lost, [row.work_id for row in member.dispatcher.works() if row.node == lost]))

        await NodeRegister(connection).declare_lost(label)
        await crew.hire(name=owner.member.member.name, before=before)
        assert (label, ["w1"]) in seen
        await connection.aclose()


async def test_an_item_of_a_node_that_is_gone_is_its_owner_s_once_that_takes_it_up(store_url: str, shard: str) -> None:
    """What is done of it is undone when the owner is lost in its turn: the next one knows whose it was."""
    async with crew_of(store_url, shard, 2) as crew:
        owner, follower = crew.all
        await owner.member.post(facts.WorkQueued("w1", "w1", Medium.CHAT, "orders", node="gone.1"), "t")
        await until(lambda: follower.member.dispatcher.work("w1") is not None, "it is known")
        assert await owner.member.take_up("w1")
        assert await owner.member.take_up("w1")
        row = owner.member.dispatcher.work("w1")
        assert row is not None
        assert row.node == owner.member.member.label
        assert not await owner.member.take_up("unknown")
        await until(lambda: crew.all[1].member.here("w1") is False, "it is another's")
