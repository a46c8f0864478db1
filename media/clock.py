"""The only place in media that reads the monotonic clock."""

from __future__ import annotations

import time


def monotonic_us() -> int:
    """Monotonic time in integer microseconds; the base of asyncio's and uvloop's `loop.time()` too."""
    return time.monotonic_ns() // 1000


def ntp_now() -> int:
    """Wall-clock time as a 64-bit NTP timestamp (RFC 3550 section 4), for RTCP sender reports."""
    unix_ns = time.time_ns()
    seconds, fraction = divmod(unix_ns, 1_000_000_000)
    return ((seconds + 2_208_988_800) << 32) | ((fraction << 32) // 1_000_000_000)
