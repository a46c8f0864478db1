"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def wait_until(
    condition: Callable[[], Awaitable[T | None]], deadline_s: float, what: str, every_s: float = 0.05
) -> T:
    """The first true value of `condition`. Fails after `deadline_s` with `what` and the last value."""
    end = time.monotonic() + deadline_s
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what} (last: {value!r})")
        await asyncio.sleep(every_s)
