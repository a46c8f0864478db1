"""A fresh, migrated database for each test: once an SQLite file, once on a real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.database import Database, sqlite_url
from tests.databases import migrated
from tests.postgres import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of this test's own."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "records.sqlite")
    return await fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    sqlite = database_url == sqlite_url(tmp_path / "records.sqlite")
    opened = await (migrated(tmp_path / "records.sqlite") if sqlite else Database.open(database_url))
    yield opened
    await opened.close()
