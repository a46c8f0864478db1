"""A loop that never sleeps."""

import asyncio
from contextlib import suppress

from server.spinning import spin


async def test_the_loop_goes_on_turning_and_everybody_has_their_turn() -> None:
    loop, turns = asyncio.get_running_loop(), 0
    spinning = asyncio.create_task(spin())
    heard = loop.create_future()
    loop.call_later(0.01, heard.set_result, None)
    while not heard.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 1
    assert not spinning.done()
    spinning.cancel()
    with suppress(asyncio.CancelledError):
        await spinning
    assert spinning.cancelled()
