"""A migrated SQLite database for each test: migrated once, copied from then on."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine

from records.database import Database, sqlite_url
from records.migration import upgrade


async def migrated(path: Path) -> Database:
    """A new database at `path`, with all tables and nothing in them."""
    path.write_bytes(template())
    return await Database.open(sqlite_url(path))


def made(path: Path) -> str:
    """The URL of such a database for servers: to make the tables takes one most of a second."""
    path.write_bytes(template())
    return sqlite_url(path)


@cache
def template() -> bytes:
    """The file of an SQLite database with all tables and nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            upgrade(connection, "head")
        engine.dispose()
        return path.read_bytes()
