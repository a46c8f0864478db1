"""The tables' migrations, by alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerError(Exception):
    """A newer server has migrated the database further than this code knows."""


def alembic_config() -> Config:
    """Alembic's configuration without a file; a connection is handed over in its `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(connection: Connection, revision: str) -> None:
    """Migrates up to `revision`, in the connection's transaction. Raises NewerError."""
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise NewerError(str(error)) from error
