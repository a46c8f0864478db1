"""A world whose invariants are checked when the test is over."""

from collections.abc import Callable, Iterator

import pytest

from router.policy import Policy
from tests.router.world import World, agent, policy

NewWorld = Callable[..., World]


@pytest.fixture
def new_world() -> Iterator[NewWorld]:
    """Makes worlds; each is checked at the end of the test."""
    made: list[World] = []

    def make(rules: Policy | None = None) -> World:
        world = World(rules or policy())
        made.append(world)
        return world

    yield make
    for world in made:
        world.check()


@pytest.fixture
def world(new_world: NewWorld) -> World:
    """A world with the usual small policy, checked at the end of the test."""
    return new_world()


@pytest.fixture
def solo(new_world: NewWorld) -> World:
    """One ready agent."""
    world = new_world(policy({"ann": agent("ann", {"en": 5})}))
    world.ready("ann")
    return world


@pytest.fixture
def talking(solo: World) -> World:
    """The agent is connected on w1, and w2 waits."""
    solo.queue("w1")
    solo.join("w1.1")
    solo.queue("w2")
    return solo
