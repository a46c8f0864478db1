"""The house: all of the node's parts that a call touches."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.house import House, built


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path) as made:
        yield made
