"""What holds for every table."""

from sqlalchemy import Column, MetaData, Table, create_engine, select

from records import projection_tables, tables
from records.schema import RowId, metadata


def test_every_time_is_a_64_bit_integer() -> None:
    assert {tables.recordings, projection_tables.interactions} <= set(metadata.tables.values())
    columns = [
        column
        for table in metadata.tables.values()
        for column in table.columns
        if column.name == "at" or column.name.endswith(("_at", "_us"))
    ]
    assert len(columns) > 20
    assert {type(column.type).__name__ for column in columns} == {"BigInteger"}


def test_sqlite_numbers_rows_by_itself() -> None:
    """It does so only in a column that is declared INTEGER."""
    table = Table("numbered", MetaData(), Column("id", RowId, primary_key=True))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values())
        assert connection.execute(select(table.c.id)).scalars().all() == [1]
    engine.dispose()
