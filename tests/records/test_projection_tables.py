"""The projection stands alone."""

from records import tables
from records.projection_tables import interactions, offers, projector_positions, statistics_slots, steps


def test_no_foreign_key_leads_into_the_projection_or_out_of_it() -> None:
    """Else the projection could not be thrown away and built again, and people could not write before it."""
    projected = {interactions, offers, steps, projector_positions, statistics_slots}
    assert not any(table.foreign_keys for table in projected)
    written = set(tables.customers.metadata.tables.values()) - projected
    assert len(written) > 20
    assert {key.column.table for table in written for key in table.foreign_keys}.isdisjoint(projected)
