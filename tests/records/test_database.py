"""Migrations, transactions and locks on real SQLite files."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from records.database import Database, alembic_config, insert_ignoring, insert_replacing, sqlite_url
from records.tables import customers, identities, metadata, projector_positions


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


async def test_every_migration_goes_back_too(tmp_path: Path) -> None:
    from alembic import command

    database = await Database.open(sqlite_url(tmp_path / "back.sqlite"))

    def down(connection: Connection) -> list[str]:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with database.write() as connection:
        assert await connection.run_sync(down) == ["alembic_version"]
    await database.close()


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


async def test_two_servers_that_start_together(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "shared.sqlite")
    both = await asyncio.gather(Database.open(url), Database.open(url))
    for database in both:
        async with database.read() as connection:
            assert (await connection.execute(select(customers))).all() == []
        await database.close()


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"folder\.sqlite: unable to open"):
        await Database.open(sqlite_url(tmp_path / "no" / "such" / "folder.sqlite"))


async def test_settings_of_a_connection(database: Database) -> None:
    async with database.read() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in ("journal_mode", "foreign_keys")
        ]
    assert found == ["wal", 1]


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


async def test_writers_that_read_first_never_lose_an_update(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(projector_positions).values(shard="s", sequence=0))

    async def increment() -> None:
        async with database.write() as connection:
            found = (await connection.execute(select(projector_positions.c.sequence))).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(
                insert_replacing(connection, projector_positions), {"shard": "s", "sequence": found + 1}
            )

    await asyncio.gather(*(increment() for _ in range(20)))
    async with database.read() as connection:
        assert (await connection.execute(select(projector_positions.c.sequence))).scalar_one() == 20


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
