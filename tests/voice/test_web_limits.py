"""What one address may do."""

from voice.web_limits import AddressLimits, Bucket, WebCallLimits

SECOND = 1_000_000


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(2, SECOND, 3, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(SECOND // 2 - 1)
    assert bucket.take(SECOND // 2)
    assert not bucket.full(SECOND)
    assert bucket.full(10 * SECOND)
    assert [bucket.take(10 * SECOND) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0), "time that goes back gives nothing"
    assert not bucket.take(10 * SECOND), "nor when it comes again"


def test_an_address_has_so_many_calls_at_once() -> None:
    limits = AddressLimits(WebCallLimits(calls_per_address=2, starts_per_minute=100))
    assert limits.enter("a", 0)
    assert limits.enter("a", 0)
    assert not limits.enter("a", 0)
    assert limits.enter("b", 0), "others are not concerned"
    limits.leave("a")
    assert limits.enter("a", 0)


def test_an_address_may_begin_so_many_in_a_minute() -> None:
    limits = AddressLimits(WebCallLimits(starts_per_minute=2))
    for _ in range(2):
        assert limits.enter("a", 0)
        limits.leave("a")
    assert not limits.enter("a", 0)
    assert not limits.enter("a", 29 * SECOND)
    assert limits.enter("a", 30 * SECOND)


def test_quiet_addresses_are_forgotten() -> None:
    limits = AddressLimits(WebCallLimits())
    for number in range(100):
        assert limits.enter(f"10.0.0.{number}", 0)
        limits.leave(f"10.0.0.{number}")
    assert len(limits) == 100
    assert limits.enter("a", 120 * SECOND)
    assert len(limits) == 1
