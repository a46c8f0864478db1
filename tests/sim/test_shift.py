"""A simulated shift: nothing lost, nothing doubled, capacity never exceeded, nobody stuck, and all of it again."""

import pytest

from router.vocabulary import Outcome
from tests.sim.shift import Shift


@pytest.mark.parametrize(("seed", "agents"), [(1, 6), (2, 12), (3, 25)])
def test_a_shift_loses_and_doubles_nothing(seed: int, agents: int) -> None:
    shift = Shift(seed, agents, arrivals=1500)
    shift.run()
    assert set(shift.closed) == {f"w{number}" for number in range(1500)}
    assert set(shift.outcomes) == {Outcome.HANDLED, Outcome.ABANDONED}
    assert shift.world.store.work == {}
    assert shift.world.store.reservations == {}
    assert shift.peak == 3
    assert not +shift.held
    shift.world.check()


def test_more_agents_mean_fewer_abandons_and_shorter_waits() -> None:
    few, many = Shift(5, 6, arrivals=500), Shift(5, 30, arrivals=500)
    few.run()
    many.run()
    assert many.outcomes[Outcome.ABANDONED] < few.outcomes[Outcome.ABANDONED]
    assert sorted(many.waits)[len(many.waits) // 2] < sorted(few.waits)[len(few.waits) // 2]


def test_the_same_seed_is_the_same_shift() -> None:
    first, second = Shift(9, 10, arrivals=300), Shift(9, 10, arrivals=300)
    first.run()
    second.run()
    assert first.closed == second.closed
    assert list(first.offered.values()) == list(second.offered.values())
