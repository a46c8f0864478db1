"""A fresh, migrated SQLite file for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.database import Database, sqlite_url


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url(tmp_path / "records.sqlite"))
    yield opened
    await opened.close()
