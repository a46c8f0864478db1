"""A database, a store's connection, and the whole house."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.database import Database
from store.connection import StoreConnection, open_store
from tests.databases import migrated
from tests.server.house import House, built


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await migrated(tmp_path / "records.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
async def connection(store_url: str) -> AsyncIterator[StoreConnection]:
    opened = await open_store(store_url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with built(tmp_path / "house") as made:
        yield made
