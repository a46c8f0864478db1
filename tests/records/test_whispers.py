"""What supervisors whisper: kept in order, by chat."""

from records.database import Database
from records.whispers import Whisper, Whispers


async def test_they_come_back_in_order(database: Database) -> None:
    whispers = Whispers(database)
    for text in ("first", "second"):
        await whispers.add(Whisper(0, "c", 3, "sue", "Sue", "ann", text, 5))
    found = await whispers.of("c")
    assert [(one.text, one.after, one.by) for one in found] == [("first", 3, "sue"), ("second", 3, "sue")]
    assert found[0].id < found[1].id
    assert await whispers.of("other") == ()
