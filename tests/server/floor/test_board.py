"""The live board: what the dispatcher holds now."""

from config.policy import site_policy
from router import events as facts
from router.dispatcher import Dispatcher
from router.vocabulary import Medium, Presence
from server.floor.board import Board, Checks
from telemetry.metrics import QueueGauge
from tests.server.sites import agent, small_site


def dispatcher() -> Dispatcher:
    made = Dispatcher(site_policy(small_site({"anna": agent("anna"), "ben": agent("ben")})))
    made.handle(facts.AgentConnected("anna", 1), 1_000)
    made.handle(facts.PresenceSet("anna", Presence.READY), 2_000)
    for number in (1, 2, 3):
        made.handle(facts.WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, "orders"), 2_000 + number)
    return made


def test_queues_with_their_oldest() -> None:
    (queue,) = Board(dispatcher(), lambda: 9_000, wait_per_place={"orders": 5}.get).queues()
    assert (queue.queue, queue.medium, queue.waiting, queue.oldest_queued_at) == ("orders", "voice", 2, 2_002)
    assert queue.wait_per_place_us == 5


def test_gauges_say_how_long_the_oldest_waits() -> None:
    assert list(Board(dispatcher(), lambda: 9_002).gauges()) == [QueueGauge("orders", 2, 7_000)]
    empty = Dispatcher(site_policy(small_site()))
    assert list(Board(empty, lambda: 9_002).gauges()) == [QueueGauge("orders", 0, 0)]


def test_agents_with_what_they_hold() -> None:
    anna, ben = Board(dispatcher(), lambda: 9_000).agents()
    assert (anna.agent_id, anna.team, anna.presence, anna.connected, anna.load) == ("anna", "line1", "ready", True, 1)
    (held,) = anna.held
    assert (held.interaction_id, held.queue, held.state, held.since) == ("i1", "orders", "offered", 2_001)
    assert (ben.presence, ben.connected, ben.load, ben.held) == ("offline", False, 0, ())


async def test_checks_are_asked_at_the_moment() -> None:
    wrong: list[str | None] = [None]
    checks = Checks({"store": lambda: wrong[0], "media": lambda: "no media process is alive"})
    assert await checks.checks() == {"store": None, "media": "no media process is alive"}
    wrong[0] = "away"
    assert (await checks.checks())["store"] == "away"
