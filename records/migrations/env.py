"""Alembic's environment: always on the connection that records.database hands over, never from a file or URL."""

from alembic import context

import records.projection_tables
import records.tables  # noqa: F401 - these two fill the schema
from records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things in place: Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
