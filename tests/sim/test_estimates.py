"""What callers are told holds: the interval covers 75 to 85 % of real waits, and the expected wait is not biased."""

from typing import Any

import pytest

from tests.sim.queue_day import QueueDay

# Each is pooled over its seeds: in one day all waits of a bad hour miss together.
DAYS: dict[str, dict[str, Any]] = {
    "ten agents": {"agents": 10, "load": 0.97},
    "exponential talk": {"agents": 10, "load": 0.97, "exponential": True},
    "forty agents": {"agents": 40, "load": 0.98},
    "three agents": {"agents": 3, "load": 0.9},
    "agents shared with another queue": {"agents": 20, "load": 0.97, "second_queue": True},
    "overload with customers who give up": {"agents": 20, "load": 1.15, "patience_s": 300.0},
}


@pytest.mark.parametrize("name", DAYS)
def test_the_interval_covers_four_waits_in_five(name: str) -> None:
    inside = told = 0
    for seed in range(1, 5):
        day = QueueDay(seed=seed, arrivals=2500, **DAYS[name])
        day.run()
        assert 0.85 < day.bias() < 1.15
        inside += round(day.coverage() * len(day.waits))
        told += len(day.waits)
    assert told > 700
    assert 0.75 <= inside / told <= 0.85, inside / told


def test_the_measure_would_notice_intervals_that_are_too_narrow() -> None:
    day = QueueDay(seed=1, agents=10, load=0.97, arrivals=1500)
    day.run()
    narrow = sum(e.expected_us * 9 // 10 <= wait <= e.expected_us * 11 // 10 for e, wait in day.waits)
    assert narrow / len(day.waits) < 0.5
