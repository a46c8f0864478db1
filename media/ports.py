"""The allocator of RTP ports: even numbers, so that RTCP has the odd one above (RFC 3550 section 11)."""

from __future__ import annotations

from collections import deque

from media.errors import MediaError

DEFAULT_COOL_DOWN_US = 2_000_000


class PortAllocator:
    """Hands out each even port of a range once, oldest released first, never sooner than the cool-down.

    The cool-down keeps late packets of an ended call out of the next call that gets its port.
    """

    def __init__(self, low: int, high: int, cool_down_us: int = DEFAULT_COOL_DOWN_US) -> None:
        """`low`..`high` inclusive; ValueError when no even port with its odd neighbour is inside."""
        first = low + (low & 1)
        if not 0 < low <= high <= 65535 or first + 1 > high:
            raise ValueError(f"no even RTP port with its RTCP port in {low}-{high}")
        self._cool_down_us = cool_down_us
        self._free: deque[tuple[int, int]] = deque((0, port) for port in range(first, high, 2))
        self._taken: set[int] = set()

    def acquire(self, now: int) -> int:
        """A port that is free at `now` (microseconds); MediaError ports_exhausted when there is none."""
        if not self._free or self._free[0][0] > now:
            raise MediaError("ports_exhausted", f"{len(self._taken)} in use, {len(self._free)} cooling down")
        port = self._free.popleft()[1]
        self._taken.add(port)
        return port

    def release(self, port: int, now: int) -> None:
        """Give a port back; ValueError when it was not taken."""
        if port not in self._taken:
            raise ValueError(f"port {port} was not taken")
        self._taken.remove(port)
        self._free.append((now + self._cool_down_us, port))

    @property
    def in_use(self) -> int:
        """How many ports are taken."""
        return len(self._taken)

    def __len__(self) -> int:
        return len(self._free)
