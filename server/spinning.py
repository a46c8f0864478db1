"""A loop that never sleeps: an event finds the process awake, its caches warm, for the price of a processor."""

import asyncio


async def spin() -> None:
    """Until it is cancelled. Whatever is ready comes in each turn, as ever; only the loop's wait is gone."""
    while True:  # noqa: ASYNC110 - to wait for something is what it avoids
        await asyncio.sleep(0)
