"""The ledger of the live board, followed through a dispatcher's turns, equals the board at every flush."""

import asyncio
from random import Random

from http_api.board_messages import BoardWork, Key, QueueTrend, Thing
from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    Event,
    OfferAccepted,
    PolicyChanged,
    PresenceSet,
    WorkCancelled,
    WorkDirected,
    WorkMoved,
    WorkQueued,
)
from router.rows import Turn
from router.vocabulary import Medium, Presence
from server.floor.board import Board
from server.floor.live import MAX_GONE, LiveFeed
from tests.properties.walk import Walk
from tests.router.world import policy


class Followed:
    """A dispatcher with a feed behind it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.board = Board(dispatcher, lambda: 0)
        self.feed = LiveFeed(self.board, dispatcher, set, 0.0)
        self.sequence = 0

    def post(self, event: Event, now: int = 0) -> None:
        commands = self.dispatcher.handle(event, now or self.sequence * 1000)
        self.sequence += 1
        self.feed.observe(Turn(self.sequence, now, "t", event, tuple(commands), self.dispatcher.drain_changes()))


async def flushed() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_versions_follow_what_happens() -> None:
    followed = Followed(Dispatcher(policy()))
    followed.post(WorkQueued("w0", "i0", Medium.VOICE, "sales"))
    feed = followed.feed
    assert feed.version == 0  # nobody watches
    feed.subscribe()
    assert ("work", "w0") in feed.everything()
    before = feed.version
    waiter = asyncio.create_task(feed.wait(before))
    followed.post(WorkQueued("w1", "i1", Medium.VOICE, "sales"))
    followed.post(WorkMoved("w1", "vip", "sam"))
    followed.post(WorkDirected("w1", "ann", "sam"))
    await asyncio.wait_for(waiter, 30)
    assert feed.version == before + 1
    changes = feed.since(before)
    assert changes is not None
    assert set(changes) == {("work", "w1"), ("queues", "vip")}  # sales is as it was
    assert feed.since(feed.version) == {}
    assert feed.since(before - 1) is None
    followed.post(AgentConnected("ann", 1))
    followed.post(PresenceSet("ann", Presence.READY))
    await flushed()
    assert set(feed.since(before + 1) or ()) >= {("agents", "ann"), ("work", "w1"), ("queues", "vip")}
    feed.unsubscribe()
    assert feed.everything() == {}


async def test_who_has_an_item_is_told_until_its_end() -> None:
    followed = Followed(Dispatcher(policy()))
    followed.feed.subscribe()
    followed.board.customer_of = {"i0": "+3225550100"}.get  # type: ignore[assignment]
    followed.post(AgentConnected("ann", 1), 5)
    followed.post(PresenceSet("ann", Presence.READY), 6)
    followed.post(WorkQueued("w0", "i0", Medium.VOICE, "sales"), 7)
    (held,) = followed.dispatcher.reservations_of("ann")
    await flushed()
    offered = followed.feed.everything()["work", "w0"]
    assert isinstance(offered, BoardWork)
    assert (offered.state, offered.offered_to, offered.agent_id, offered.customer) == (
        "offered",
        "ann",
        None,
        "+3225550100",
    )
    followed.post(OfferAccepted(held.reservation_id, "ann"), 8)
    await flushed()
    taken = followed.feed.everything()["work", "w0"]
    assert isinstance(taken, BoardWork)
    assert (taken.state, taken.offered_to, taken.agent_id) == ("assigned", None, "ann")
    followed.post(WorkCancelled("w0", "sam"), 9)
    await flushed()
    assert ("work", "w0") not in followed.feed.everything()


async def test_watchers_are_woken_for_new_names() -> None:
    followed = Followed(Dispatcher(policy()))
    followed.feed.refresh()
    followed.feed.subscribe()
    before = followed.feed.version
    followed.feed.refresh()
    await asyncio.wait_for(followed.feed.wait(before), 30)
    assert followed.feed.since(before) == {}


async def test_a_queue_is_told_anew_when_agents_change_its_expected_wait() -> None:
    followed = Followed(Dispatcher(policy()))
    waits = {"sales": 5}
    followed.board = Board(followed.dispatcher, lambda: 0, wait_per_place=waits.get)
    followed.feed = LiveFeed(followed.board, followed.dispatcher, set, 0.0)
    followed.feed.subscribe()
    before = followed.feed.version
    waits["sales"] = 3
    followed.post(AgentConnected("ann", 1))
    await flushed()
    assert set(followed.feed.since(before) or ()) == {("agents", "ann"), ("queues", "sales")}


async def test_a_random_walk_never_differs_from_the_board() -> None:
    walk = Walk(11, agents=6, queues=4, skills=3)
    followed = Followed(Dispatcher(walk.first))
    followed.feed.subscribe()
    known: dict[Key, Thing] = dict(followed.feed.everything())
    seen, random = followed.feed.version, Random(1)
    for _ in range(600):
        walk.step()
    for event, now, _ in walk.trace:
        core = followed.dispatcher
        commands = core.expire(now) if event is None else core.handle(event, now)
        changes = followed.dispatcher.drain_changes()
        said = event if event is not None else PresenceSet("", Presence.READY)
        followed.feed.observe(Turn(1, now, "walk", said, tuple(commands), changes))
        if random.random() < 0.3:
            await flushed()
            for key, thing in (followed.feed.since(seen) or {}).items():
                known.pop(key, None)
                if thing is not None:
                    known[key] = thing
            seen = followed.feed.version
            assert known == followed.feed.everything() == followed.feed._all()


async def test_what_changes_without_a_turn_is_told_when_it_is_touched() -> None:
    now = 0
    followed = Followed(Dispatcher(policy()))
    waits: dict[str, int] = {}
    followed.board = Board(followed.dispatcher, lambda: now, wait_per_place=waits.get)
    feed = followed.feed = LiveFeed(followed.board, followed.dispatcher, set, 0.0)
    feed.touch([("queues", "sales")])
    assert not feed._dirty  # nobody watches
    feed.subscribe()
    before, waits["sales"] = feed.version, 9
    feed.touch([("queues", "sales"), ("alerts", "7"), ("work", "gone")])
    await flushed()
    assert set(feed.since(before) or ()) == {("queues", "sales")}


class Shelf:
    """A part that a test fills."""

    def __init__(self) -> None:
        self.kept: dict[str, QueueTrend] = {}

    def things(self) -> list[tuple[str, QueueTrend]]:
        return list(self.kept.items())

    def thing(self, name: str) -> QueueTrend | None:
        return self.kept.get(name)


async def test_other_parts_are_shown_when_they_say_that_they_changed() -> None:
    followed, shelf = Followed(Dispatcher(policy())), Shelf()
    feed = followed.feed
    changed = feed.attach("trends", shelf)
    shelf.kept["sales"] = QueueTrend("sales", ())
    feed.subscribe()
    assert feed.everything()["trends", "sales"] == shelf.kept["sales"]
    before = feed.version
    shelf.kept["vip"] = QueueTrend("vip", ())
    del shelf.kept["sales"]
    for name in ("sales", "vip"):
        changed(name)
    await flushed()
    assert feed.since(before) == {("trends", "sales"): None, ("trends", "vip"): shelf.kept["vip"]}


async def test_the_ledger_is_bounded() -> None:
    followed = Followed(Dispatcher(policy()))
    followed.feed.subscribe()
    start = followed.feed.version
    anybody = followed.board.agents()[0]
    for number in range(MAX_GONE + 10):
        followed.feed._put(("agents", str(number)), anybody, start)
        followed.feed._put(("agents", str(number)), None, start + 1 + number)
    followed.feed._bound()
    assert followed.feed.since(start) is None
    assert len(followed.feed._ledger) < MAX_GONE
    assert followed.feed.everything()


async def test_a_policy_touches_everything() -> None:
    followed = Followed(Dispatcher(policy()))
    followed.feed.subscribe()
    rules = policy(version="v2")
    agents = {name: agent for name, agent in rules.agents.items() if name != "bob"}
    followed.post(PolicyChanged(policy(agents, dict(rules.queues), "v2")))
    await flushed()
    assert ("agents", "bob") not in followed.feed.everything()
    assert ("agents", "ann") in followed.feed.everything()
