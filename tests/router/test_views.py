"""What others read between turns."""

from router.policy import QueuePolicy
from router.views import QueueOverview
from router.vocabulary import Medium, OfferState, Presence, WorkState
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, policy


def test_places_follow_those_before(world: World) -> None:
    for work_id in ("w1", "w2", "w3"):
        world.queue(work_id)
    assert [world.dispatcher.place(work_id) for work_id in ("w1", "w2", "w3")] == [1, 2, 3]
    world.leave("w1")
    assert world.dispatcher.place("w3") == 2
    world.queue("w4", priority=1)
    assert world.dispatcher.place("w3") == 3
    assert world.dispatcher.place("unknown") is None


def test_offered_work_has_no_place(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    assert world.dispatcher.place("w1") is None


def test_overview_counts_and_dates(world: World) -> None:
    world.queue("w1")
    first = world.now
    world.queue("w2", priority=5)
    assert world.dispatcher.queues() == {
        "sales": QueueOverview(2, first),
        "vip": QueueOverview(0, None),
        "chat": QueueOverview(0, None),
    }
    assert world.dispatcher.waiting("nowhere") == ()


def test_rows_of_things_and_none_for_unknown(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    work, held, row = world.dispatcher.work("w1"), world.dispatcher.reservation("w1.1"), world.dispatcher.agent("ann")
    assert work is not None
    assert held is not None
    assert row is not None
    assert (work.state, held.state, row.presence) == (WorkState.OFFERED, OfferState.OFFERED, Presence.READY)
    assert world.dispatcher.reservations_of("ann") == (held,)
    assert (world.dispatcher.load("ann"), world.dispatcher.load("nobody")) == (1, 0)
    assert world.dispatcher.reservations_of("nobody") == ()
    dispatcher = world.dispatcher
    assert (dispatcher.work("x"), dispatcher.reservation("x"), dispatcher.agent("x")) == (None, None, None)


def test_agents_clock_and_policy(new_world: NewWorld) -> None:
    world = new_world(policy({"bob": agent("bob"), "ann": agent("ann")}))
    assert [row.agent_id for row in world.dispatcher.agents()] == ["bob", "ann"]
    world.connect("ann")
    assert world.dispatcher.clock == world.now
    assert world.dispatcher.policy.version == "v1"


def test_holders_are_those_who_have_an_offer_or_the_item(new_world: NewWorld) -> None:
    world = new_world(policy(queues={"sales": QueuePolicy("sales", Medium.VOICE, offer_to=2)}))
    world.ready("ann", "bob")
    world.queue("w")
    assert [row.agent_id for row in world.dispatcher.holders("w")] == ["ann", "bob"]
    world.accept("w.2")
    assert [row.agent_id for row in world.dispatcher.holders("w")] == ["bob"]
    assert world.dispatcher.holders("nothing") == ()
