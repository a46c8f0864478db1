"""Work that overflows from one shard to another, on a real store, while the owners of either are killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from router import events as facts
from router.commands import AnswerHandoff, Command
from router.dispatcher import Dispatcher
from router.events import Event, HandoffAnswered, HandoffAsked
from router.policy import AgentPolicy, Elsewhere, Exit, Policy, QueuePolicy
from router.rows import NeighbourRow, Turn, WorkRow
from router.vocabulary import Medium, Outcome, Presence, WorkState
from server.core.courier import Courier
from tests.server.crew import Crew, Crewman
from tests.waiting import until


def north(south: str, name: str) -> Policy:
    """A queue that is closed and sends all its work to the other shard."""
    queue = QueuePolicy("mail", Medium.EMAIL, closed=True, when_closed=Exit(queue="far"))
    there = {"far": Elsewhere(south, Medium.EMAIL)}
    return Policy(f"{name}-1", {"mail": queue}, {}, elsewhere=there)


def south(name: str) -> Policy:
    """A queue with one agent, who takes any number."""
    agent = AgentPolicy("ann", "t", capacity={Medium.EMAIL: 100}, total_units=100)
    return Policy(f"{name}-1", {"far": QueuePolicy("far", Medium.EMAIL)}, {"ann": agent})


def mail(name: str) -> facts.WorkQueued:
    return facts.WorkQueued(name, f"i-{name}", Medium.EMAIL, "mail")


class Site:
    """Two shards with two members each, on one store."""

    def __init__(self, url: str, shard: str) -> None:
        self.names = (f"{shard}-north", f"{shard}-south")
        self.policies = (north(self.names[1], self.names[0]), south(self.names[1]))
        self.crews = tuple(Crew(url, name, 60_000_000, group=name) for name in self.names)

    async def hire(self) -> None:
        for crew, policy in zip(self.crews, self.policies, strict=True):
            for _ in range(2):
                await crew.hire(policy)

    async def kill_owner(self, which: int) -> Crewman:
        """The other member of that shard, which owns it then."""
        crew = self.crews[which]
        owner = next(man for man in crew.all if man.member.owning)
        other = next(man for man in crew.all if man is not owner and not man.failed)
        await owner.die()
        crew.all.remove(owner)
        await other.member.store.break_lease((await other.member.store.head()).epoch)
        await until(lambda: other.member.owning, "the other member takes over")
        return other

    def owner(self, which: int) -> Crewman:
        return next(man for man in self.crews[which].all if man.member.owning)


@asynccontextmanager
async def site_of(url: str, shard: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        site = Site(url, shard)
        for crew in site.crews:
            stack.push_async_callback(_close, crew)
        await site.hire()
        yield site


async def _close(crew: Crew) -> None:
    await asyncio.gather(*(man.aclose() for man in crew.all))


def states(man: Crewman) -> list[WorkState]:
    return [row.state for row in man.member.dispatcher.works()]


async def begun(man: Crewman) -> list[str]:
    """The items that the shard took from the other one, as its journal has them."""
    entries = await man.member.store.read_journal(0, 10_000)
    answers = [command for entry in entries for command in entry.commands if isinstance(command, AnswerHandoff)]
    return [one.work_id for one in answers if one.first and not one.refused]


async def test_an_item_overflows_and_is_offered_there(store_url: str, shard: str) -> None:
    async with site_of(store_url, shard) as site:
        here, there = site.crews[0].all[1], site.crews[1].all[1]
        there.member.tell(facts.AgentConnected("ann", 1, there.member.member.label), "t")
        await there.member.post(facts.PresenceSet("ann", Presence.READY), "t")
        await here.member.post(mail("w"), "t")
        await until(lambda: states(there) == [WorkState.OFFERED], "it is offered by the other shard")
        assert await there.member.post(facts.OfferAccepted("w.1", "ann"), "t")
        await until(lambda: states(here) == [], "its own shard has forgotten it")
        await site.crews[0].alike(*site.crews[0].all)
        await site.crews[1].alike(*site.crews[1].all)


async def test_owners_of_either_shard_are_killed_and_each_item_is_begun_once(store_url: str, shard: str) -> None:
    async with site_of(store_url, shard) as site:
        for lot, which in enumerate((1, 0)):
            for number in range(40):
                site.owner(0).member.tell(mail(f"w{lot}-{number}"), "t")
                if number == 20:
                    # Some are under way, some not committed yet.
                    await site.owner(0).member.drain()
                    await site.kill_owner(which)
        sent = await _sent(site)
        await until(lambda: states(site.owner(0)) == [], "nothing is on its way")
        await site.owner(1).member.drain()
        found = await begun(site.owner(1))
        assert sorted(found) == sorted(sent)
        assert len(sent) == 80
        assert sorted(row.work_id for row in site.owner(1).member.dispatcher.works()) == sorted(sent)


async def _sent(site: Site) -> list[str]:
    """What the first shard's journal says was queued there."""
    await site.owner(0).member.drain()
    entries = await site.owner(0).member.store.read_journal(0, 10_000)
    return [entry.event.work_id for entry in entries if isinstance(entry.event, facts.WorkQueued)]


# --- what is said, and what is not yet


class Line:
    """An inbox that keeps what is left in it."""

    def __init__(self) -> None:
        self.said: list[Event] = []

    async def leave(self, event: Event, cause: str) -> None:
        assert cause == "handoff"
        self.said.append(event)


class Rig:
    """A dispatcher whose turns are committed when the test says so, and its courier."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(north("south", "north"))
        self.line = Line()
        self.courier = Courier("north", lambda _shard: self.line, again_s=0.01)
        self.courier.begin(self.dispatcher, ())
        self.now = 0

    def turn(self, event: Event) -> Turn:
        self.now += 1
        commands: tuple[Command, ...] = tuple(self.dispatcher.handle(event, self.now))
        return Turn(self.now, self.now, "t", event, commands, self.dispatcher.drain_changes())

    def asked(self) -> list[tuple[int, int, Outcome | None]]:
        return [(one.token, one.settled, one.ended) for one in self.line.said if isinstance(one, HandoffAsked)]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    running = asyncio.ensure_future(made.courier.run())
    await asyncio.sleep(0)
    yield made
    running.cancel()
    await asyncio.wait({running})


async def test_nothing_is_said_before_it_is_committed(rig: Rig) -> None:
    first = rig.turn(mail("w1"))
    second = rig.turn(mail("w2"))
    rig.courier.heard(first)
    await until(lambda: len(rig.asked()) > 2, "it is asked for again and again")
    assert set(rig.asked()) == {(1, 0, None)}
    rig.courier.heard(second)
    await until(lambda: (2, 0, None) in rig.asked(), "the second")


async def test_an_end_is_said_when_it_is_committed_and_meanwhile_nothing(rig: Rig) -> None:
    rig.courier.heard(rig.turn(mail("w1")))
    await until(rig.asked, "it is asked for")
    left = rig.turn(facts.CustomerLeft("w1"))
    rig.courier.heard(rig.turn(mail("w2")))
    await until(lambda: (3, 0, None) in rig.asked(), "the second")
    assert all(ended is None for _, _, ended in rig.asked())
    rig.courier.heard(left)
    await until(lambda: (1, 0, Outcome.ABANDONED) in rig.asked(), "its end")


async def lately(rig: Rig) -> list[tuple[int, int, Outcome | None]]:
    """What is asked from now on, without what was under way."""
    rig.line.said.clear()
    await until(lambda: len(rig.asked()) > 4, "it is asked for")
    return rig.asked()[2:]


async def test_an_answer_counts_as_heard_when_its_turn_is_committed(rig: Rig) -> None:
    """Were it forgotten there before, an owner that dies here now would leave an item that nobody answers for."""
    for name in ("w1", "w2"):
        rig.courier.heard(rig.turn(mail(name)))
    await until(lambda: (2, 0, None) in rig.asked(), "both are asked for")
    taken = rig.turn(HandoffAnswered("south", 1, "", ended=False))
    assert set(await lately(rig)) == {(2, 0, None)}
    rig.courier.heard(taken)
    assert set(await lately(rig)) == {(2, 1, None)}


async def test_what_the_rows_have_is_asked_for_by_the_next_owner() -> None:
    rig = Rig()
    rig.turn(mail("w1"))
    rows: tuple[WorkRow, ...] = rig.dispatcher.works()
    courier = Courier("north", lambda _shard: rig.line)
    courier.begin(rig.dispatcher, rows)
    running = asyncio.ensure_future(courier.run())
    await until(rig.asked, "it is asked for")
    running.cancel()
    await asyncio.wait({running})
    assert rig.asked()[0] == (1, 0, None)


async def test_a_repeat_is_answered_each_time(rig: Rig) -> None:
    asked = HandoffAsked("east", 7, 6, facts.WorkQueued("e", "i", Medium.EMAIL, "gone"))
    for _ in range(2):
        rig.courier.heard(rig.turn(asked))
    await until(lambda: len(rig.line.said) == 2, "both are answered")
    assert set(rig.line.said) == {HandoffAnswered("north", 7, "unknown_queue", ended=False)}
    assert rig.dispatcher.image(0, 0).neighbours == (NeighbourRow("east", 0, 6, ((7, "unknown_queue"),)),)
