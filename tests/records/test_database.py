"""Migrations, transactions and locks, on real SQLite files and a real PostgreSQL."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from records.database import Database, DatabaseError, insert_ignoring, insert_replacing, newest_revision, sqlite_url
from records.migration import alembic_config
from records.projection_tables import projector_positions
from records.schema import metadata
from records.tables import customers, identities
from tests.postgres import fresh_database


async def test_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(customers).values(id="c1", created_at=1))
    await database.migrate()
    async with database.read() as connection:
        assert (await connection.execute(select(customers.c.id))).scalars().all() == ["c1"]


async def test_every_migration_goes_back_too(database: Database) -> None:
    from alembic import command

    def down(connection: Connection) -> list[str]:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with database.write() as connection:
        assert await connection.run_sync(down) == ["alembic_version"]


def test_there_is_one_head() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest_revision()]


async def test_servers_that_start_together(database_url: str) -> None:
    for database in await asyncio.gather(*(Database.open(database_url) for _ in range(4))):
        async with database.read() as connection:
            assert (await connection.execute(select(customers))).all() == []
        await database.close()


async def test_a_fresh_file_that_another_server_is_writing_is_waited_for(tmp_path: Path) -> None:
    """SQLite refuses the switch to the write-ahead log at once there, whatever busy_timeout says."""
    path = tmp_path / "fresh.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.2, other.rollback)
    database = await Database.open(sqlite_url(path))
    await database.close()
    other.close()


async def test_tables_of_a_newer_version_are_left_alone(database: Database, database_url: str) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of the future'"))
    with pytest.raises(DatabaseError, match=r"newer version: .*of the future"):
        await Database.open(database_url)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "of the future"


@pytest.mark.parametrize("url", ["sqlite+aiosqlite", "postgresql+asyncpg://ann:word@localhost:port/x"])
async def test_a_url_that_cannot_be_used(url: str) -> None:
    with pytest.raises(DatabaseError, match="the URL of the database cannot be used") as told:
        await Database.open(url)
    assert "word" not in str(told.value)


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"folder\.sqlite: unable to open"):
        await Database.open(sqlite_url(tmp_path / "no" / "such" / "folder.sqlite"))


async def test_a_server_that_cannot_be_reached(tmp_path: Path, postgres_server: str) -> None:
    with pytest.raises(
        DatabaseError, match=r"cannot open the database postgresql\+asyncpg://me:\*\*\*@.* No such file"
    ):
        await Database.open(f"postgresql+asyncpg://me:secret@/records?host={tmp_path}")
    with pytest.raises(DatabaseError, match='role "nobody" does not exist'):
        await Database.open(postgres_server.replace("jackfield@", "nobody@"))
    with pytest.raises(DatabaseError, match=r"the driver for postgresql\+psycopg is missing"):
        await Database.open("postgresql+psycopg://me@/records")


async def test_connections_that_died_are_replaced(postgres_server: str) -> None:
    """A server that was started again must not cost every connection of the pool an error."""
    url = await fresh_database(postgres_server)
    database, other = await Database.open(url), await Database.open(url)
    async with database.read() as connection:
        own = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with other.write() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend({own}, 5000)"))
    await other.close()
    async with database.write() as connection:
        await connection.execute(insert(customers).values(id="c1", created_at=1))
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != own
    await database.close()


async def test_a_reader_cannot_write(postgres_server: str) -> None:
    database = await Database.open(await fresh_database(postgres_server))
    async with database.read() as connection:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await connection.execute(insert(customers).values(id="c1", created_at=1))
    await database.close()


async def test_settings_of_an_sqlite_connection(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "settings.sqlite"))
    async with database.read() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in ("journal_mode", "foreign_keys")
        ]
    assert found == ["wal", 1]
    await database.close()


async def test_foreign_keys_hold(database: Database) -> None:
    row = {"customer_id": "nobody", "kind": "phone", "value": "1", "unverified": True, "created_at": 1}
    async with database.write() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(insert(identities).values(**row))


async def test_an_exception_rolls_back(database: Database) -> None:
    async def fail_midway() -> None:
        async with database.write() as connection:
            await connection.execute(insert(customers).values(id="c1", created_at=1))
            raise LookupError

    with pytest.raises(LookupError):
        await fail_midway()
    async with database.read() as connection:
        assert (await connection.execute(select(customers))).all() == []


async def test_writers_that_read_first_never_lose_an_update(database: Database, database_url: str) -> None:
    """Two servers, ten writers each."""
    other = await Database.open(database_url)
    async with database.write() as connection:
        await connection.execute(insert(projector_positions).values(shard="s", sequence=0))

    async def increment(server: int) -> None:
        async with (database, other)[server].write() as connection:
            found = (await connection.execute(select(projector_positions.c.sequence))).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(
                insert_replacing(connection, projector_positions), {"shard": "s", "sequence": found + 1}
            )

    await asyncio.gather(*(increment(n % 2) for n in range(20)))
    async with database.read() as connection:
        assert (await connection.execute(select(projector_positions.c.sequence))).scalar_one() == 20
    await other.close()


async def test_a_reader_sees_one_state_while_a_writer_commits(database: Database) -> None:
    async with database.read() as reader:
        assert (await reader.execute(select(customers))).all() == []
        async with database.write() as writer:
            await writer.execute(insert(customers).values(id="c1", created_at=1))
        assert (await reader.execute(select(customers))).all() == []
    async with database.read() as reader:
        assert len((await reader.execute(select(customers))).all()) == 1


async def test_insert_ignoring_leaves_the_first(database: Database) -> None:
    async with database.write() as connection:
        for at in (1, 2):
            await connection.execute(insert_ignoring(connection, customers).values(id="c1", created_at=at))
        assert (await connection.execute(select(customers.c.created_at))).scalar_one() == 1


async def test_what_is_done_at_once_is_one_transaction(database: Database) -> None:
    def two(connection: Connection) -> None:
        connection.execute(insert(customers), {"id": "c1", "created_at": 1})
        connection.execute(insert(customers), {"id": "c1", "created_at": 1})

    with pytest.raises(IntegrityError):
        await database.at_once(two)
    await database.at_once(lambda connection: connection.execute(insert(customers), {"id": "c2", "created_at": 1}))
    async with database.read() as connection:
        assert (await connection.execute(select(customers.c.id))).scalars().all() == ["c2"]


async def test_who_writes_at_once_takes_turns_with_the_others(database_url: str) -> None:
    """Two servers on one database; each reads the greatest number and writes the next one."""
    databases = [await Database.open(database_url) for _ in range(2)]

    def next_one(connection: Connection) -> None:
        last = connection.execute(select(func.max(customers.c.created_at))).scalar() or 0
        connection.execute(insert(customers), {"id": f"c{last + 1}", "created_at": last + 1})

    async def by_statements(database: Database) -> None:
        async with database.write() as connection:
            await connection.run_sync(next_one)

    one, two = databases
    turns = [work for _ in range(10) for work in (one.at_once(next_one), by_statements(one), two.at_once(next_one))]
    await asyncio.gather(*turns)
    async with one.read() as connection:
        assert (await connection.execute(select(func.max(customers.c.created_at)))).scalar() == 30
    for database in databases:
        await database.close()
