"""Committing for those who cannot wait for ever: a request over HTTP."""

import asyncio

from http_api.problems import ProblemError
from router.commands import Command
from router.events import Event
from server.core.routing import Routing

COMMIT_S = 5.0


async def prompt(routing: Routing, event: Event, cause: str) -> tuple[Command, ...]:
    """As `Routing.post`, for so long. Raises ProblemError 503: the event is decided, and holds once the store is back.

    Who asks again meanwhile changes nothing that was not asked for: the event is the same.
    """
    try:
        async with asyncio.timeout(COMMIT_S):
            return await routing.post(event, cause)
    except TimeoutError:
        detail = "The store is away. What was asked for is decided and is done as soon as the store is back."
        raise ProblemError(503, "store-away", detail) from None
