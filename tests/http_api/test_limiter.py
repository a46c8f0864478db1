"""The limiter, with time as an argument."""

from hypothesis import given
from hypothesis import strategies as st

from http_api.limiter import AttemptLimiter


def test_a_burst_then_one_each_interval() -> None:
    limiter = AttemptLimiter(burst=3, period_us=300)
    assert [limiter.charge("a", 1000) for _ in range(4)] == [0, 0, 0, 100]
    assert limiter.charge("a", 1099) == 1
    assert limiter.charge("a", 1100) == 0
    assert limiter.charge("a", 1100) == 100
    assert limiter.charge("b", 1100) == 0


def test_what_was_refused_does_not_prolong() -> None:
    limiter = AttemptLimiter(burst=1, period_us=100)
    limiter.charge("a", 0)
    for now in range(0, 100, 10):
        assert limiter.charge("a", now) == 100 - now
    assert limiter.charge("a", 100) == 0


def test_a_refund() -> None:
    limiter = AttemptLimiter(burst=1, period_us=100)
    for _ in range(5):
        assert limiter.charge("a", 0) == 0
        limiter.refund("a")
    limiter.refund("unknown")
    assert limiter.charge("a", 0) == 0
    assert limiter.charge("a", 0) > 0


def test_memory_is_bounded_and_the_busy_are_remembered() -> None:
    limiter = AttemptLimiter(burst=2, period_us=100, max_keys=10)
    for number in range(1000):
        limiter.charge("busy", 0)
        limiter.charge(f"key{number}", 0)
    assert len(limiter) == 10
    # Refused attempts do not keep a key alive: it goes when ten others were charged after it.
    limiter = AttemptLimiter(burst=1000, period_us=1000, max_keys=10)
    for number in range(100):
        assert limiter.charge("busy", 0) == 0
        limiter.charge(f"key{number}", 0)
    assert "busy" in limiter._whole_at


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 5))
def test_never_more_than_the_burst_in_a_period(gaps: list[int], burst: int) -> None:
    limiter = AttemptLimiter(burst, period_us=100 * burst)
    now, allowed = 0, []
    for gap in gaps:
        now += gap
        if limiter.charge("a", now) == 0:
            allowed.append(now)
    for start in allowed:
        assert len([at for at in allowed if start <= at < start + 100]) <= burst + 1
