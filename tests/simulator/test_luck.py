"""A customer's numbers are the same whoever asks, and in whatever order."""

from dataclasses import replace

from simulator.distributions import Constant, Exponential
from simulator.luck import Luck
from simulator.scenario import Group
from simulator.streams import Streams
from tests.simulator.models import agents, queue, scenario, seconds, work

CALLS = replace(work("calls", 60, seconds(100), 1), talk_by={"slow": Exponential(200e6), "robots": Constant(5)})
MODEL = scenario([queue("calls")], {"quick": agents("quick", 1)}, [CALLS], 1)


def luck() -> Luck:
    return Luck(MODEL, Streams(1, 0), (50,))


def test_a_slower_group_takes_longer_for_the_same_customer() -> None:
    drawn = luck()
    for customer in range(50):
        assert abs(2 * drawn.talk(CALLS, customer, "quick") - drawn.talk(CALLS, customer, "slow")) <= 1
        assert drawn.talk(CALLS, customer, "robots") == 5


def test_the_order_of_questions_does_not_matter() -> None:
    first, second = luck(), luck()
    patience, delay, group = seconds(60), seconds(300), Group("quick", {}, ring=seconds(5))
    forward = [
        first.talk(CALLS, 7, "quick"),
        first.patience(CALLS, patience, 7, 1),
        first.ring(CALLS, 7, 2, group),
        first.share("retry", CALLS, 7, 0),
        first.retry_delay(CALLS, delay, 7, 0),
        first.wrap_up(CALLS, 7, "quick"),
    ]
    backward = [
        second.wrap_up(CALLS, 7, "quick"),
        second.retry_delay(CALLS, delay, 7, 0),
        second.share("retry", CALLS, 7, 0),
        second.ring(CALLS, 7, 2, group),
        second.patience(CALLS, patience, 7, 1),
        second.talk(CALLS, 7, "quick"),
    ]
    assert forward == backward[::-1]
    assert first.patience(CALLS, patience, 7, 0) != first.patience(CALLS, patience, 7, 1), "each try has its own"


def test_later_turns_are_drawn_one_by_one_and_hold() -> None:
    first, second, ring = luck(), luck(), Group("quick", {}, ring=seconds(5))
    rings = [first.ring(CALLS, 7, offer, ring) for offer in range(40)]
    assert len(set(rings)) == 40
    assert [second.ring(CALLS, 7, offer, ring) for offer in reversed(range(40))] == rings[::-1]
    assert abs(sum(rings) / 40 / 5e6 - 1) < 0.5
    assert first.share("answer", CALLS, 7, 30) == second.share("answer", CALLS, 7, 30)
    assert first.share("answer", CALLS, 7, 30) != first.share("answer", CALLS, 8, 30)
