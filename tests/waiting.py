"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[..., object], what: str = "condition", seconds: float = 30.0) -> None:
    """Returns when it is true; fails with `what` when it has not come about in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never within {seconds} s: {what}")
        await asyncio.sleep(0.002)
