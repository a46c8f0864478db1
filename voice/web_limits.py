"""How many calls one address may have, and how fast it may begin them. Pure."""

from dataclasses import dataclass

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class WebCallLimits:
    """Bounds of web callers. An address may be a whole office behind one router, so they are wide."""

    calls_per_address: int = 20
    starts_per_minute: int = 30
    messages_per_second: int = 10
    burst: int = 40
    first_message_s: float = 5.0
    resume_within_s: float = 5.0
    heartbeat_s: float = 10.0
    write_timeout_s: float = 5.0
    queued_messages: int = 64


class Bucket:
    """A token bucket in integers: `rate` tokens in `per_us`, `burst` at once. Times are microseconds."""

    __slots__ = ("_at", "_burst", "_credit", "_per", "_rate")

    def __init__(self, rate: int, per_us: int, burst: int, now: int) -> None:
        self._rate = rate
        self._per = per_us
        self._burst = burst * per_us
        self._credit = self._burst
        self._at = now

    def take(self, now: int) -> bool:
        """Whether one more is within the limit."""
        self._refill(now)
        if self._credit < self._per:
            return False
        self._credit -= self._per
        return True

    def full(self, now: int) -> bool:
        """Whether nothing was taken for long enough to be forgotten."""
        self._refill(now)
        return self._credit == self._burst

    def _refill(self, now: int) -> None:
        self._credit = min(self._burst, self._credit + max(0, now - self._at) * self._rate)
        self._at = max(self._at, now)


class AddressLimits:
    """Counts open sockets and starts of each address; forgets addresses that have been quiet."""

    def __init__(self, limits: WebCallLimits) -> None:
        self._limits = limits
        self._open: dict[str, int] = {}
        self._starts: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._open.keys() | self._starts.keys())

    def enter(self, address: str, now: int) -> bool:
        """One more socket from there; False when it has too many, or began too many of late."""
        for known in [one for one, bucket in self._starts.items() if bucket.full(now)]:
            del self._starts[known]
        limits = self._limits
        if self._open.get(address, 0) >= limits.calls_per_address:
            return False
        bucket = self._starts.get(address)
        if bucket is None:
            rate = limits.starts_per_minute
            bucket = self._starts[address] = Bucket(rate, 60 * _US, rate, now)
        if not bucket.take(now):
            return False
        self._open[address] = self._open.get(address, 0) + 1
        return True

    def leave(self, address: str) -> None:
        """A socket that had entered is gone."""
        left = self._open.get(address, 0) - 1
        if left > 0:
            self._open[address] = left
        else:
            self._open.pop(address, None)
