from hypothesis import given
from hypothesis import strategies as st

from agents_ws.limits import RateLimit


def test_a_burst_then_the_rate() -> None:
    limit = RateLimit(per_second=2, burst=3, now=0)
    assert [limit.take(0) for _ in range(4)] == [True, True, True, False]
    assert not limit.take(499_999)
    assert limit.take(500_000)
    assert not limit.take(500_000)


@given(st.lists(st.integers(0, 400_000), max_size=200))
def test_never_more_than_burst_and_rate_allow(gaps: list[int]) -> None:
    limit = RateLimit(per_second=5, burst=4, now=1_000)
    now, taken = 1_000, 0
    for gap in gaps:
        now += gap
        taken += limit.take(now)
        assert taken * 1_000_000 <= 4_000_000 + (now - 1_000) * 5


def test_a_clock_that_steps_back_gives_no_credit() -> None:
    limit = RateLimit(per_second=1, burst=1, now=10_000_000)
    assert limit.take(10_000_000)
    assert not limit.take(0)
    assert not limit.take(10_000_001)
