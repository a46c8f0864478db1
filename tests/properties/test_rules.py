"""Every rule of matching at once: invariants and order after every event, each match as the scan would have made it."""

import pytest

from tests.properties.rules import RuleWalk


@pytest.mark.parametrize("seed", range(40, 42))
def test_small_site_under_all_rules(seed: int) -> None:
    walk = RuleWalk(seed, agents=6, queues=5, skills=3)
    for _ in range(400):
        walk.step()
        walk.world.check()


@pytest.mark.parametrize("seed", [140])
def test_mid_size_site_under_all_rules(seed: int) -> None:
    walk = RuleWalk(seed, agents=30, queues=9, skills=8)
    for index in range(900):
        walk.step()
        if index % 30 == 0:
            walk.world.check()
    walk.world.check()
