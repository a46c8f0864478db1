"""Weighted time before given times."""

import numpy as np

from simulator.trace import Ending, Waits, intervals


def test_time_is_counted_up_to_each_moment() -> None:
    found = intervals([(10_000_000, 20_000_000, 1), (15_000_000, 40_000_000, 3)], 5_000_000)
    assert found.until(np.array([0.0, 5.0, 10.0, 15.0, 35.0, 99.0])).tolist() == [0, 0, 5, 25, 85, 85]
    assert intervals([], 0).until(np.array([1.0])).tolist() == [0]


def test_endings_are_flags() -> None:
    none = np.zeros(3)
    waits = Waits(none.astype(int), none, none, none, np.array([1, 2, 0]), none.astype(int), none.astype(int), none)
    assert waits.ended(Ending.ABANDONED).tolist() == [False, True, False]
    assert waits.ended(Ending.UNSERVED).tolist() == [False, False, True]
