"""Sums, classes of waits, and the formulas by an example from the literature."""

from random import Random

import pytest

from router.counters import (
    Counters,
    add_packed,
    bucket,
    bucket_end_us,
    levels,
    mean,
    occupancy,
    pack,
    percentile,
    ppm,
    total,
)

S = 1_000_000


def test_classes_are_in_order_and_narrow() -> None:
    random, before = Random(1), -1
    for duration in sorted(random.randrange(10_000 * S) for _ in range(5000)):
        index = bucket(duration)
        assert index >= before
        assert duration < bucket_end_us(index) <= duration + max(S // 10, duration // 16 + S // 10)
        before = index
    assert bucket(-5) == bucket(0) == 0


@pytest.mark.parametrize("percent", [1, 50, 90, 99, 100])
def test_a_percentile_is_at_most_a_sixteenth_too_long(percent: int) -> None:
    random, waits = Random(percent), Counters()
    durations = sorted(round(random.lognormvariate(3, 1) * S) for _ in range(999))
    for duration in durations:
        waits.add(Counters(waits={bucket(duration): 1}))
    real = durations[-(-len(durations) * percent // 100) - 1]
    found = percentile(waits.waits, percent)
    assert found is not None
    assert real < found <= real * 17 // 16 + S // 10
    assert percentile({}, percent) is None


def test_the_formulas_by_icmi_s_example() -> None:
    """1000 answered, 860 of them in time; 60 abandoned, 20 of them in time and 10 within 5 s."""
    day = Counters(answered=1000, within=860, abandoned=60, abandoned_within=20, short_abandoned=10)
    found = levels(day)
    assert found.with_early == 880 * S // 1060
    assert found.of_answered == 860_000
    assert found.of_settled == 860 * S // 1060
    assert found.without_early == 860 * S // 1040
    assert found.without_short == 860 * S // 1050
    none = levels(Counters())
    assert (none.of_answered, none.of_settled, none.with_early) == (None, None, None)


def test_sums_and_shares() -> None:
    one = Counters(arrived=1, busy_us=30, idle_us=10, waits={1: 2})
    both = total([one, Counters(arrived=2, diverted=1, waits={1: 1, 4: 1})])
    assert (both.arrived, both.settled, both.waits, both.numbers()["busy_us"]) == (3, 1, {1: 3, 4: 1}, 30)
    assert one.waits == {1: 2}
    assert occupancy(one) == 750_000
    assert (ppm(1, 0), mean(1, 0), mean(7, 2), occupancy(Counters())) == (None, None, 3, None)


def test_packed_and_back() -> None:
    some = Counters(arrived=1, wait_us=10**15, away_us=3, waits={0: 2, 77: 1})
    assert add_packed(Counters(), pack(some)) == some
    assert add_packed(Counters(arrived=2, busy_us=1, waits={77: 1}), pack(some)) == Counters(
        arrived=3, wait_us=10**15, away_us=3, busy_us=1, waits={77: 2, 0: 2}
    )
    assert add_packed(Counters(), pack(Counters())) == Counters()
    assert len(pack(Counters(arrived=1, wait_us=2, idle_us=3))) == 32
