"""The end of a turn: short ways equal the long one, and one turn never does more than its share."""

from router.events import PolicyChanged, TimePassed
from router.settlement import STEPS_PER_TURN
from router.vocabulary import Presence
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, offers, policy


def test_a_big_burst_is_matched_over_several_turns_in_queue_order(new_world: NewWorld) -> None:
    count = STEPS_PER_TURN + 100
    names = [f"a{index:04}" for index in range(count)]
    world = new_world(policy({name: agent(name, team="away") for name in names}))
    world.post(PolicyChanged(policy({name: agent(name, voice=0) for name in names}, version="v2")))
    world.ready(*names)
    for index in range(count):
        world.queue(f"w{index:04}")
    first = offers(world.post(PolicyChanged(policy({name: agent(name) for name in names}, version="v3"))))
    assert 0 < len(first) < STEPS_PER_TURN
    left_over = world.dispatcher.unfinished
    assert left_over
    assert world.dispatcher.next_deadline() == world.now
    # Somebody more important comes in between and is served before those who are left over.
    between = offers(world.queue("vip", "vip"))
    assert between[0][0] == "vip"
    rest = offers(world.wait(0))
    assert not world.dispatcher.unfinished
    order = [work_id for work_id, _ in first + between[1:] + rest]
    assert order == sorted(order)
    assert len({agent_id for _, agent_id in first + between + rest}) == count
    assert world.dispatcher.waiting("sales") == (f"w{count - 1:04}",)


def test_many_deadlines_come_over_several_turns(new_world: NewWorld) -> None:
    count = STEPS_PER_TURN + 10
    names = [f"a{index:04}" for index in range(count)]
    world = new_world(policy({name: agent(name) for name in names}))
    world.ready(*names)
    for name in names:
        world.disconnect(name)
    last = world.now + 15_000_000
    world.now = last
    first = world.dispatcher.expire(world.now)
    world.store.apply(world.dispatcher.drain_changes())
    assert len(first) == STEPS_PER_TURN
    due = world.dispatcher.next_deadline()
    assert due is not None
    assert due <= world.now
    assert len(world.post(TimePassed())) == 10


def test_one_agent_with_room_takes_several_items_in_one_turn(new_world: NewWorld) -> None:
    world: World = new_world(policy({"ann": agent("ann", voice=3)}))
    for index in range(5):
        world.queue(f"w{index}")
    world.connect("ann")
    assert offers(world.presence("ann", Presence.READY)) == [("w0", "ann"), ("w1", "ann"), ("w2", "ann")]
