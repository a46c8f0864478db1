"""What people and programs write can be erased whole."""

from records import tables
from records.schema import metadata


def test_what_belongs_to_a_row_goes_with_it() -> None:
    keys = [key for table in metadata.tables.values() for key in table.foreign_keys]
    assert {key.column.table for key in keys} >= {tables.customers, tables.notes, tables.accounts}
    assert {key.ondelete for key in keys} == {"CASCADE"}
