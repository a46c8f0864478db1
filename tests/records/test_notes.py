"""Notes."""

import pytest

from records.database import Database
from records.notes import MAX_TEXT, Note, Notes


async def test_notes_come_back_oldest_first(database: Database) -> None:
    notes = Notes(database)
    first = await notes.add("i1", "anna", "  first ", 10)
    second = await notes.add("i1", "ben", "second\nline", 5)
    await notes.add("i2", "anna", "elsewhere", 10)
    assert first == Note(first.id, "i1", "anna", "first", 10)
    assert await notes.of("i1") == (first, second)


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MAX_TEXT + 1)])
async def test_blank_and_endless_notes_are_refused(database: Database, text: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        await Notes(database).add("i1", "anna", text, 10)
    assert await Notes(database).of("i1") == ()
