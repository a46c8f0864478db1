"""A world whose invariants are checked when the test is over."""

from collections.abc import Callable, Iterator

import pytest

from router.policy import Policy
from tests.router.world import World, policy

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
