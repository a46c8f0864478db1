"""A shard restored from its rows goes on exactly as the one that it was stored from."""

import pytest

from router.events import AgentConnected, AgentDisconnected, TimePassed
from tests.properties.walk import Walk
from tests.router.world import World


def places(world: World) -> dict[str, tuple[str, ...]]:
    return {name: world.dispatcher.waiting(name) for name in world.dispatcher.queues()}


def disconnect_all(walk: Walk) -> None:
    """What a restart is for the agents and for what was due; it makes the living dispatcher comparable."""
    world = walk.world
    for row in world.dispatcher.agents():
        if row.grace_deadline is not None:
            walk.generation += 1
            world.post(AgentConnected(row.agent_id, walk.generation), after=0)
    for row in world.dispatcher.agents():
        world.post(AgentDisconnected(row.agent_id, row.generation), after=0)
    while (due := world.dispatcher.next_deadline()) is not None and due <= world.now:
        world.post(TimePassed(), after=0)


@pytest.mark.parametrize("rules", [False, True])
@pytest.mark.parametrize("seed", range(20, 26))
def test_restored_shard_continues_alike(seed: int, rules: bool) -> None:
    walk = Walk(seed, agents=8, queues=5, skills=5, rules=rules)
    for _ in range(walk.random.randint(100, 700)):
        walk.step()
    disconnect_all(walk)
    other = walk.world.restored()
    assert places(other) == places(walk.world)
    other.check()

    connected = dict(walk.connected)
    walk.connected.clear()
    start = len(walk.trace)
    walk.generation += 1
    for agent_id in connected:
        back = AgentConnected(agent_id, walk.generation)
        assert walk.world.post(back, after=0) == other.dispatcher.handle(back, walk.world.now)
        walk.connected[agent_id] = walk.generation
    for _ in range(400):
        walk.step()
    for event, now, commands in walk.trace[start:]:
        again = other.dispatcher.expire(now) if event is None else other.dispatcher.handle(event, now)
        assert again == commands, event
    assert places(other) == places(walk.world)
    assert other.dispatcher.next_deadline() == walk.world.dispatcher.next_deadline()


@pytest.mark.parametrize("rules", [False, True])
def test_restore_at_every_step_keeps_places_rows_and_invariants(rules: bool) -> None:
    walk = Walk(31, agents=5, queues=4, skills=4, rules=rules)
    for index in range(600):
        walk.step()
        if index % 5 == 0:
            other = walk.world.restored()
            other.check()
            assert places(other) == places(walk.world)
            assert other.store.work == walk.world.store.work
            assert other.store.reservations == walk.world.store.reservations
