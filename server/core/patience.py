"""Waiting for what passes: a database or a store that is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from server.persistence.projection import AWAY

log = structlog.get_logger(__name__)

T = TypeVar("T")

AGAIN_S = 1.0


async def patiently(step: Callable[[], Awaitable[T]], what: str, again_s: float = AGAIN_S) -> T:
    """What `step` returns, which must bear being done again; told once that it has to wait. Until cancelled."""
    told = False
    while True:
        try:
            return await step()
        except AWAY as error:
            if not told:
                log.warning("waits_until_it_is_back", what=what, error=str(error))
            told = True
            await asyncio.sleep(again_s)
