"""Scripted callers on Jackfield's own SIP and media stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.server import Server
from tests.e2e.site import ORDERS, Direct
from tools.call.caller import Caller


@asynccontextmanager
async def calling(server: Server, folder: Path, number: str, entry: Direct = ORDERS) -> AsyncIterator[Caller]:
    """A caller who has been answered on this entry; hangs up at the end. `folder` holds what `say` may say."""
    async with Caller(number, folder) as caller:
        await caller.dial(f"sip:{entry.number}@{server.sip}")
        try:
            yield caller
        finally:
            caller.hang_up()
