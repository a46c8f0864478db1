"""Long random walks: the invariants after every event, each match as the dense oracle would have made it."""

import pytest

from router.commands import CloseWork, SendOffer
from router.events import WorkQueued
from tests.properties.walk import Walk
from tests.router.world import kinds


@pytest.mark.parametrize("seed", range(6))
def test_small_site_keeps_its_invariants_after_every_event(seed: int) -> None:
    walk = Walk(seed, agents=5, queues=4, skills=4)
    for _ in range(1000):
        walk.step()
        walk.world.check()


@pytest.mark.parametrize("seed", [100, 101])
def test_mid_size_site_keeps_its_invariants(seed: int) -> None:
    walk = Walk(seed, agents=40, queues=12, skills=15)
    for index in range(1500):
        walk.step()
        if index % 25 == 0:
            walk.world.check()
    walk.world.check()


@pytest.mark.parametrize("seed", [7, 8])
def test_nothing_is_closed_twice_or_offered_after_its_end(seed: int) -> None:
    walk = Walk(seed, agents=8, queues=4, skills=4)
    for _ in range(3000):
        walk.step()
    opened: set[str] = set()
    offered: set[tuple[str, int]] = set()
    closed = 0
    for event, _, commands in walk.trace:
        if isinstance(event, WorkQueued) and "Refuse" not in kinds(commands):
            opened.add(event.work_id)
        for command in commands:
            if isinstance(command, SendOffer):
                assert command.work_id in opened
                assert (command.reservation_id, command.queued_at) not in offered
                offered.add((command.reservation_id, command.queued_at))
            elif isinstance(command, CloseWork):
                opened.remove(command.work_id)
                closed += 1
    assert opened == set(walk.world.store.work)
    assert len(offered) > 150
    assert closed > 150


def test_walks_reach_every_command() -> None:
    walk = Walk(3, agents=8, queues=4, skills=4)
    for _ in range(3000):
        walk.step()
    seen = {type(command).__name__ for _, _, commands in walk.trace for command in commands}
    assert seen == {
        "SendOffer",
        "WithdrawOffer",
        "JoinLegs",
        "PartLegs",
        "StartWrapUp",
        "EndWrapUp",
        "RequeueWork",
        "CloseWork",
        "ShowPresence",
        "Refuse",
    }
