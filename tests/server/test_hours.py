"""Looking at the clock, once at the start and then behind each full minute."""

import asyncio

import pytest

from server.hours import BEHIND_US, MINUTE_US, Hours, until_next_us


@pytest.mark.parametrize("now", [0, 1, BEHIND_US, BEHIND_US - 1, MINUTE_US - 1, 1_767_787_200_123_456])
def test_the_next_look_is_just_behind_a_minute(now: int) -> None:
    wait = until_next_us(now)
    assert 0 < wait <= MINUTE_US
    assert (now + wait) % MINUTE_US == BEHIND_US


async def test_it_looks_at_once_and_again_until_it_is_closed() -> None:
    looked = asyncio.Semaphore(0)

    async def look() -> None:
        looked.release()

    hours = Hours(look, lambda: BEHIND_US - 1_000)
    task = asyncio.create_task(hours.run())
    async with asyncio.timeout(30):
        for _ in range(3):
            await looked.acquire()
        hours.close()
        await task
