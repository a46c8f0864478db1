"""One SQL database: engine, transactions, migrations. SQLite with a write-ahead log by default, PostgreSQL by URL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.schema import Table

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_MS = 10_000


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file; the file is made when it is first opened, its folder is not."""
    return f"sqlite+aiosqlite:///{path}"


def alembic_config() -> Config:
    """Alembic's configuration without a file; a connection is handed over in its `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


class Database:
    """Open with `await Database.open(url)`, which also migrates; use `read()` and `write()`; `close()` at the end."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite has one writer at a time: waiting here is fair and costs no retry, waiting in the file is neither.
        self._writer = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connects and brings the tables up to date.

        Raises OSError when an SQLite file cannot be opened, sqlalchemy.exc.SQLAlchemyError for all else.
        """
        await asyncio.to_thread(_probe, url)
        database = cls(url)
        try:
            await database.migrate()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, for tools and tests."""
        return self._engine

    async def migrate(self, revision: str = "head") -> None:
        """Runs the migrations up to `revision` in one transaction; two servers that start together take turns."""
        async with self.write() as connection:
            if not self._is_sqlite:
                await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7291)")
            await connection.run_sync(_upgrade, revision)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it sees one state of the database from beginning to end."""
        async with self._engine.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; committed at the end, rolled back by an exception.

        On SQLite it takes the write lock at once: a reader that turns writer midway can be refused without a wait.
        """
        if not self._is_sqlite:
            async with self._engine.begin() as connection:
                yield connection
            return
        async with self._writer, self._engine.connect() as connection:
            await connection.execution_options(begin_immediate=True)
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        """Closes every connection; the object is of no use afterwards."""
        await self._engine.dispose()


def insert_ignoring(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that leaves an existing row alone (ON CONFLICT DO NOTHING), for the connection's own dialect."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_replacing(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that overwrites the row with the same primary key (upsert), for the connection's own dialect."""
    keys = [column.name for column in table.primary_key]
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    changed = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def _upgrade(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url, json_serializer=lambda value: msgspec.json.encode(value).decode(), json_deserializer=msgspec.json.decode
    )
    if make_url(url).get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _probe(url: str) -> None:
    """A failed open leaves a thread of aiosqlite behind that outlives the loop, so it is found out without it."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    try:
        sqlite3.connect(parsed.database).close()
    except sqlite3.OperationalError as error:
        raise OSError(f"cannot open the database {parsed.database}: {error}") from error


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own guesses about when to begin leave DDL and reads outside transactions; _begin_sqlite says it.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        # Safe with a write-ahead log: a power cut can lose the last commits, which the journal then projects again.
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("begin_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
