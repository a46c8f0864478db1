"""A pump for each way in which its commits are answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.server.pump_rig import Rig


@pytest.fixture(params=["at once", "by task"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made = Rig()
    made.committer.at_once = request.param == "at once"
    yield made
    if made.task is not None and not made.task.done():
        made.pump.close()
        await asyncio.wait_for(made.task, 30)
