"""The walks of tests/properties, long: every event and every rule, the invariants and the order checked all along."""

import pytest

from tests.properties.rules import RuleWalk
from tests.properties.walk import Walk

STEPS = 3_000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(200, 206))
def test_small_site(seed: int) -> None:
    walk = Walk(seed, agents=5, queues=4, skills=4)
    for _ in range(STEPS):
        walk.step()
        walk.world.check()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(200, 206))
def test_small_site_with_every_rule(seed: int) -> None:
    walk = Walk(seed, agents=8, queues=5, skills=2, rules=True)
    for _ in range(STEPS):
        walk.step()
        walk.world.check()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(200, 206))
def test_small_site_with_every_rule_of_matching(seed: int) -> None:
    walk = RuleWalk(seed, agents=6, queues=5, skills=3)
    for _ in range(STEPS):
        walk.step()
        walk.world.check()
