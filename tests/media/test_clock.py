import asyncio
import time

from media.clock import monotonic_us, ntp_now


async def test_it_is_the_loop_clock_in_microseconds() -> None:
    before = monotonic_us()
    assert abs(asyncio.get_running_loop().time() * 1e6 - before) < 1e6
    assert monotonic_us() >= before


def test_ntp_counts_from_1900() -> None:
    assert abs((ntp_now() >> 32) - 2_208_988_800 - time.time()) < 2
    assert ntp_now() < 1 << 64
