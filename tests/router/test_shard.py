"""What was touched since the last drain, and nothing else."""

from router.events import CustomerLeft, WorkQueued
from router.rows import Changes
from router.vocabulary import Medium, Presence
from tests.router.conftest import NewWorld
from tests.router.world import World, agent, policy


def test_a_drain_gives_touched_rows_once(world: World) -> None:
    world.connect("ann")
    assert world.dispatcher.drain_changes() == Changes()


def test_a_turn_that_changes_nothing_touches_nothing(world: World) -> None:
    world.ready("ann")
    world.queue("w1")
    before = dict(world.store.work), dict(world.store.agents)
    world.leave("unknown")
    world.presence("ann", Presence.READY)
    assert before == (world.store.work, world.store.agents)


def test_a_row_is_never_written_and_deleted(world: World) -> None:
    world.ready("ann")
    dispatcher = world.dispatcher
    dispatcher.drain_changes()
    world.dispatcher.handle(_queued("w1"), world.now)
    world.dispatcher.handle(_left("w1"), world.now)
    changes = dispatcher.drain_changes()
    assert changes == Changes(work_closed=("w1",), reservations_closed=("w1.1",))


def _queued(work_id: str) -> WorkQueued:
    return WorkQueued(work_id, "i", Medium.VOICE, "sales")


def _left(work_id: str) -> CustomerLeft:
    return CustomerLeft(work_id)


def test_agents_of_the_policy_have_no_row_before_they_do_something(new_world: NewWorld) -> None:
    world = new_world(policy({f"a{index}": agent(f"a{index}") for index in range(50)}))
    assert world.dispatcher.drain_changes() == Changes()
