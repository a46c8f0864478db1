"""The tables keep personal data out of what is projected from the journal."""

from records.tables import interactions, metadata, offers, steps


def test_no_foreign_key_leads_into_the_projection() -> None:
    """Else the projection could not be thrown away and built again, and people could not write before it."""
    projected = {interactions.name, offers.name, steps.name}
    targets = {key.column.table.name for table in metadata.tables.values() for key in table.foreign_keys}
    assert targets.isdisjoint(projected)


def test_every_time_is_a_64_bit_integer() -> None:
    columns = [
        column
        for table in metadata.tables.values()
        for column in table.columns
        if column.name == "at" or column.name.endswith(("_at", "_us"))
    ]
    assert len(columns) > 20
    assert {type(column.type).__name__ for column in columns} == {"BigInteger"}
