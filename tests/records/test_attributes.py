"""Facts about customers by name: one's own stay one's own, whoever they are merged with."""

import pytest

from records.attributes import MAX_ATTRIBUTES, Attribute, Attributes
from records.database import Database
from records.merging import Merges
from tests.records.test_merging import people


async def test_they_are_written_over_and_taken_away(database: Database) -> None:
    (one,) = await people(database, 1)
    attributes = Attributes(database)
    await attributes.set(Attribute(one, "language", "Dutch", "anna", 1))
    await attributes.set(Attribute(one, "language", "French", "ben", 2))
    assert await attributes.of(one) == (Attribute(one, "language", "French", "ben", 2),)
    await attributes.remove(one, "language")
    assert await attributes.of(one) == ()


async def test_a_group_has_all_and_each_keeps_its_own(database: Database) -> None:
    one, two = await people(database, 2)
    attributes, merges = Attributes(database), Merges(database)
    await attributes.set(Attribute(one, "stage", "new", "anna", 1))
    await attributes.set(Attribute(two, "stage", "loyal", "anna", 2))
    await merges.merge(one, two, "ada", 3)
    assert [(each.customer_id, each.value) for each in await attributes.of(two)] == [(two, "loyal"), (one, "new")]
    await merges.undo(two, "ada", 4)
    assert [each.value for each in await attributes.of(one)] == ["new"]
    assert [each.value for each in await attributes.of(two)] == ["loyal"]


async def test_limits(database: Database) -> None:
    (one,) = await people(database, 1)
    attributes = Attributes(database)
    for name, value in (("", "x"), ("x", ""), ("x" * 41, "x"), ("x", "y" * 1001)):
        with pytest.raises(ValueError, match="characters"):
            await attributes.set(Attribute(one, name, value, "anna", 1))
    for number in range(MAX_ATTRIBUTES):
        await attributes.set(Attribute(one, f"a{number}", "x", "anna", 1))
    with pytest.raises(ValueError, match="at most"):
        await attributes.set(Attribute(one, "one more", "x", "anna", 1))
