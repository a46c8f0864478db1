"""Scripted callers on Jackfield's own SIP and media stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from tests.audio import RATE_HZ, write_wav
from tests.e2e.server import Server
from tests.e2e.site import ORDERS, Direct
from tools.call.caller import Caller

PATIENT_S = 60.0


@asynccontextmanager
async def calling(server: Server, folder: Path, number: str, entry: Direct = ORDERS) -> AsyncIterator[Caller]:
    """A caller who has been answered on this entry; hangs up at the end. `folder` holds what `say` may say.

    Until then there is silence on the line, as with any telephone: one that sends nothing at all is hung up on after a
    minute, which is no longer than a test in a browser may take on a busy machine.
    """
    hush = write_wav(folder / f"hush-{number}.wav", np.zeros(RATE_HZ, dtype=np.int16))
    async with Caller(number, folder) as caller:
        await caller.dial(f"sip:{entry.number}@{server.sip}", PATIENT_S)
        try:
            await caller.speak_on(hush.name)
            yield caller
        finally:
            caller.hang_up()
