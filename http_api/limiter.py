"""How often something may be tried: the generic cell rate algorithm (ITU-T I.371), one number for each key."""

from collections import OrderedDict


class AttemptLimiter:
    """`burst` attempts at once, then one each `period_us / burst`. Pure: `now` is an argument, in microseconds.

    At most `max_keys` are remembered; the key that was longest not tried is forgotten first.
    """

    def __init__(self, burst: int, period_us: int, max_keys: int = 10_000) -> None:
        self._interval = period_us // burst
        self._period = self._interval * burst
        self._max_keys = max_keys
        # Key -> when its allowance is whole again.
        self._whole_at: OrderedDict[str, int] = OrderedDict()

    def charge(self, key: str, now: int) -> int:
        """Counts an attempt and returns 0, or counts nothing and returns the microseconds until the next is allowed."""
        whole_at = max(now, self._whole_at.get(key, 0)) + self._interval
        wait = whole_at - self._period - now
        if wait > 0:
            return wait
        self._whole_at[key] = whole_at
        self._whole_at.move_to_end(key)
        if len(self._whole_at) > self._max_keys:
            self._whole_at.popitem(last=False)
        return 0

    def refund(self, key: str) -> None:
        """Takes back one attempt: it was not one of those that are limited."""
        if key in self._whole_at:
            self._whole_at[key] -= self._interval

    def __len__(self) -> int:
        return len(self._whole_at)
