"""The one reader of clocks. Shard time is the store's time when the lease was taken plus the local monotonic clock."""

import time


class ShardClock:
    """Integer microseconds since the epoch, never below the last journalled value and never backwards."""

    def __init__(self, base_us: int, floor_us: int = 0) -> None:
        self._started = time.monotonic_ns()
        self._base = max(base_us, floor_us)

    def now(self) -> int:
        """Shard time in microseconds."""
        return self._base + (time.monotonic_ns() - self._started) // 1000


def wall_us() -> int:
    """Wall-clock microseconds since the epoch, for what is not a shard's: log-in expiry, nonces."""
    return time.time_ns() // 1000


def monotonic_us() -> int:
    """Local monotonic microseconds, for durations."""
    return time.monotonic_ns() // 1000
