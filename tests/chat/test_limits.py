"""Token buckets with time as an argument."""

from chat.limits import Bucket, Buckets

MINUTE = 60_000_000


def test_a_burst_then_the_rate() -> None:
    bucket = Bucket(60, 3, 0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(999_999)
    assert bucket.take(1_000_000)
    assert not bucket.take(1_000_000)
    assert [bucket.take(10 * MINUTE) for _ in range(4)] == [True, True, True, False]


def test_keys_do_not_disturb_each_other_and_are_forgotten() -> None:
    buckets = Buckets(60, 1, most=2)
    assert [buckets.take(key, 0) for key in ("a", "b", "a")] == [True, True, False]
    assert not buckets.take("c", 0), "no place is free"
    assert buckets.take("c", MINUTE)
    assert len(buckets) == 1


def test_other_bounds_begin_anew_and_the_same_ones_do_not() -> None:
    buckets = Buckets(60, 1)
    assert buckets.take("a", 0)
    buckets.reshape(60, 1)
    assert not buckets.take("a", 0)
    buckets.reshape(60, 2)
    assert [buckets.take("a", 0) for _ in range(3)] == [True, True, False]
