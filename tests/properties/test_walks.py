"""Random walks: the invariants after every event, each match as the dense oracle would have made it.

The long ones are in soak/test_walks.py.
"""

from itertools import product
from typing import get_args

import pytest

from router import agenda, dispatcher, settlement
from router.commands import CloseWork, Command, SendOffer, WithdrawOffer
from router.events import RoutingEvent, TimePassed, WorkQueued
from router.vocabulary import Outcome, WithdrawReason
from tests.properties.walk import Walk
from tests.router.world import kinds


@pytest.mark.parametrize("seed", range(2))
def test_small_site_keeps_its_invariants_after_every_event(seed: int) -> None:
    walk = Walk(seed, agents=5, queues=4, skills=4)
    for _ in range(500):
        walk.step()
        walk.world.check()


@pytest.mark.parametrize("seed", [40, 41, 214])
def test_every_rule_keeps_the_invariants_after_every_event(seed: int) -> None:
    walk = Walk(seed, agents=8, queues=5, skills=2, rules=True)
    for _ in range(500):
        walk.step()
        walk.world.check()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_rule_keeps_the_invariants_where_much_is_left_to_the_next_turn(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agenda, "_AT_ONCE", 0)
    monkeypatch.setattr(settlement, "_TAKEN_IN_PER_STEP", 3)
    for module in (settlement, dispatcher):
        monkeypatch.setattr(module, "STEPS_PER_TURN", 6)
    walk = Walk(seed, agents=8, queues=5, skills=2, rules=True)
    left = 0
    for _ in range(500):
        walk.step()
        left += walk.world.dispatcher.unfinished
        walk.world.check()
    assert left > 5


@pytest.mark.parametrize("seed", [100])
def test_mid_size_site_keeps_its_invariants(seed: int) -> None:
    walk = Walk(seed, agents=40, queues=12, skills=15)
    for index in range(1500):
        walk.step()
        if index % 25 == 0:
            walk.world.check()
    walk.world.check()


@pytest.mark.parametrize("seed", [7])
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
    assert len(offered) > 100
    assert closed > 100


def test_walks_reach_every_event_command_reason_and_outcome() -> None:
    walks = [Walk(seed, agents=12, queues=5, skills=2, rules=True) for seed in (1, 2, 8)]
    for walk in walks:
        for _ in range(3000):
            walk.step()
    trace = [entry for walk in walks for entry in walk.trace]
    commands = [command for _, _, commands in trace for command in commands]
    assert {type(command) for command in commands} == set(get_args(Command))
    events = {type(event) for event, _, _ in trace if event is not None}
    assert events == set(get_args(RoutingEvent)) - {TimePassed}
    assert {one.reason for one in commands if isinstance(one, WithdrawOffer)} == set(WithdrawReason)
    assert {one.outcome for one in commands if isinstance(one, CloseWork)} == set(Outcome)
    offers = [one for one in commands if isinstance(one, SendOffer)]
    assert {(one.auto_accept, one.callback) for one in offers} == set(product((False, True), repeat=2))
