"""Shard time."""

import time

from server.clock import ShardClock, monotonic_us, wall_us


def test_it_goes_on_from_the_stores_time_at_the_monotonic_clocks_pace() -> None:
    clock = ShardClock(5_000_000)
    before = time.monotonic_ns() // 1000
    first = clock.now()
    time.sleep(0.02)
    passed = clock.now() - first
    assert 5_000_000 <= first < 6_000_000
    assert 20_000 <= passed <= time.monotonic_ns() // 1000 - before


def test_it_is_never_below_what_was_journalled() -> None:
    assert ShardClock(5_000_000, 9_000_000).now() >= 9_000_000
    assert ShardClock(9_000_000, 5_000_000).now() >= 9_000_000


def test_wall_and_monotonic_are_in_microseconds() -> None:
    assert abs(wall_us() - time.time() * 1e6) < 1e6
    assert abs(monotonic_us() - time.monotonic() * 1e6) < 1e6
