"""One SQL database: engine, transactions, migrations. SQLite with a write-ahead log by default, PostgreSQL by URL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import msgspec
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.schema import Table

from records.looks import Looks
from records.near import Near
from records.turns import Turns

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 10_000
_BUSY_RETRY_S = 0.01
# Safe with a write-ahead log: a power cut can lose the last commits, which the journal then projects again.
_PRAGMAS = ("synchronous=NORMAL", "foreign_keys=ON")
# The key of PostgreSQL's advisory lock that writers take; any number does, as long as every version uses the same.
_WRITERS = 7291


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file; the file is made when it is first opened, its folder is not."""
    return f"sqlite+aiosqlite:///{path}"


def newest_revision() -> str:
    """The last migration, by the names of the files: alembic's head without alembic."""
    versions = Path(__file__).parent / "migrations" / "versions"
    return max(path.stem.partition("_")[0] for path in versions.glob("v*.py"))


class DatabaseError(OSError):
    """The database cannot be used as it is; the text says which one and why, for whoever starts the server."""


class Database:
    """Open with `await Database.open(url)`, which also migrates; use `read()` and `write()`; `close()` at the end."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite has one writer at a time: waiting here is fair and costs no retry, waiting in the file is neither.
        self._turns = Turns()
        parsed = make_url(url)
        is_file = self._is_sqlite and parsed.database
        self._near = Near(parsed, self._turns, _PRAGMAS, _BUSY_TIMEOUT_MS, _JSON) if is_file else None
        self._looks = Looks(parsed, _PRAGMAS, _BUSY_TIMEOUT_MS, _JSON) if is_file else None

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connects and brings the tables up to date.

        Raises DatabaseError when it cannot be reached or opened, or is newer than this code;
        sqlalchemy.exc.SQLAlchemyError for all else.
        """
        await asyncio.to_thread(_probe, url)
        try:
            database = cls(url)
        except ModuleNotFoundError as error:
            raise DatabaseError(
                f"the driver for {make_url(url).drivername} is missing (docs/records.md): {error}"
            ) from error
        try:
            await database.reach()
            await database.migrate()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, for tools and tests."""
        return self._engine

    async def reach(self) -> None:
        """Connects once. Raises DatabaseError when that fails, whatever the driver calls it."""
        try:
            async with self._engine.connect():
                pass
        except (OSError, DBAPIError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            shown = self._engine.url.render_as_string(hide_password=True)
            raise DatabaseError(f"cannot open the database {shown}: {reason}") from error

    async def migrate(self, revision: str = "head") -> None:
        """Runs the migrations up to `revision` in one transaction; two servers that start together take turns.

        Raises DatabaseError when a newer server has migrated it further than this code knows.
        """
        if revision == "head" and await self._is_newest():
            return
        from records.migration import NewerError, upgrade  # alembic takes longer to import than all else here

        try:
            async with self.write() as connection:
                await connection.run_sync(upgrade, revision)
        except NewerError as error:
            raise DatabaseError(f"the database was made by a newer version: {error}") from error

    async def _is_newest(self) -> bool:
        """Whether there is nothing to migrate: so it is at nearly every start."""
        async with self.read() as connection:
            if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
                return False
            return bool(await connection.scalar(text("SELECT version_num FROM alembic_version")) == newest_revision())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it sees one state of the database from beginning to end."""
        async with self._engine.connect() as connection:
            if not self._is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; committed at the end, rolled back by an exception.

        Writers take turns from their first statement to their commit, over all servers of one database: what a writer
        has read is still so when it writes. On SQLite it takes the write lock at once, because a reader that turns
        writer midway can be refused without a wait; on PostgreSQL an advisory lock. docs/records.md has the price.
        """
        if not self._is_sqlite:
            async with self._engine.begin() as connection:
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
                yield connection
            return
        async with self._turns.turn(), self._engine.connect() as connection:
            await connection.execution_options(begin_immediate=True)
            async with connection.begin():
                yield connection

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """`write` for what waits for nothing but the database: `work` makes its statements one after the other.

        On SQLite that is one way to a thread and back, in place of two for each statement, which cost more than the
        statements do, and one transaction with whoever else waits (records.near): `work` may be run a second time and
        must do nothing but its statements. It runs to its end and is committed even when the caller is cancelled.
        """
        if self._near is None:
            async with self.write() as connection:
                return await connection.run_sync(work)
        return await self._near.run(work)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """What `work` finds by a few short statements, each of which sees what was committed when it began.

        On SQLite that is one way to a thread and back, for all who look at the time (records.looks); `read` makes some
        ten such ways.
        """
        if self._looks is None:
            async with self.read() as connection:
                return await connection.run_sync(work)
        return await self._looks.run(work)

    async def close(self) -> None:
        """Closes every connection; the object is of no use afterwards."""
        if self._near is not None:
            await self._near.close()
        if self._looks is not None:
            await self._looks.close()
        await self._engine.dispose()


def insert_ignoring(connection: AsyncConnection | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that leaves an existing row alone (ON CONFLICT DO NOTHING), for the connection's own dialect."""
    return ignoring(connection.dialect.name, table)


@cache
def ignoring(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The same for the dialect of that name."""
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_replacing(connection: AsyncConnection | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that overwrites the row with the same primary key (upsert), for the connection's own dialect."""
    return replacing(connection.dialect.name, table)


@cache
def replacing(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The same for the dialect of that name."""
    # Built once a table: building the statement costs more than SQLite takes to run it.
    keys = [column.name for column in table.primary_key]
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    changed = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


_JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


def _engine(url: str) -> AsyncEngine:
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_async_engine(
        url,
        **_JSON,
        # A connection may have died with a server that has been started again since.
        pool_pre_ping=not is_sqlite,
    )
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _probe(url: str) -> None:
    """A failed open leaves a thread of aiosqlite behind that outlives the loop, so it is found out without it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseError(f"the URL of the database cannot be used: {error}") from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    try:
        sqlite3.connect(parsed.database).close()
    except sqlite3.OperationalError as error:
        raise DatabaseError(f"cannot open the database {parsed.database}: {error}") from error


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own guesses about when to begin leave DDL and reads outside transactions; _begin_sqlite says it.
    dbapi_connection.isolation_level = None
    dbapi_connection.run_async(_set_pragmas)


async def _set_pragmas(connection: aiosqlite.Connection) -> None:
    await _pragma(connection, f"busy_timeout={_BUSY_TIMEOUT_MS}")
    await _use_write_ahead_log(connection)
    for setting in _PRAGMAS:
        await _pragma(connection, setting)


async def _pragma(connection: aiosqlite.Connection, setting: str) -> None:
    async with connection.execute(f"PRAGMA {setting}"):
        pass


async def _use_write_ahead_log(connection: aiosqlite.Connection) -> None:
    """SQLite does not wait for others here, whatever busy_timeout says: two that open a fresh file get in the way."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            await _pragma(connection, "journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or loop.time() > deadline:
                raise
            await asyncio.sleep(_BUSY_RETRY_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("begin_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
