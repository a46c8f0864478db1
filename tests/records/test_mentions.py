"""Notes that name colleagues: kept with the note, listed until they are seen, and a way into the interaction."""

import pytest

from records.database import Database
from records.interactions import Filter, Interactions
from records.mentions import Mentions
from records.notes import Notes
from records.projector import Projector
from tests.records.turns import opened, turn


async def test_whoever_is_named_is_told_once_until_they_have_seen_it(database: Database) -> None:
    mentions = Mentions(database)
    note, made = await mentions.add("i1", "anna", " @Ben look ", ["ben", "cai", "ben"], 5)
    assert (note.text, [one.agent_id for one in made]) == ("@Ben look", ["ben", "cai"])
    assert await Notes(database).of("i1") == (note,)
    (waiting,) = await mentions.unseen("ben")
    assert waiting.note == note
    assert not await mentions.seen(waiting.id, "cai", 6), "it is not theirs"
    assert await mentions.seen(waiting.id, "ben", 6)
    assert await mentions.unseen("ben") == ()
    assert len(await mentions.unseen("cai")) == 1
    assert await mentions.unseen("anna") == ()


async def test_one_who_is_named_may_see_the_interaction(database: Database) -> None:
    await Projector(database).apply([turn(1, 0, opened("i1")), turn(2, 1, opened("i2"))])
    asked = Interactions(database)
    assert not await asked.offered_to("i1", "ben")
    await Mentions(database).add("i1", "anna", "@Ben look", ["ben"], 5)
    assert await asked.offered_to("i1", "ben")
    assert not await asked.offered_to("i2", "ben")
    assert [record.id for record in await asked.list(Filter(seen_by="ben"))] == ["i1"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001])
async def test_no_note(database: Database, text: str) -> None:
    with pytest.raises(ValueError, match="20000 characters"):
        await Mentions(database).add("i1", "anna", text, ["ben"], 5)
    assert await Mentions(database).unseen("ben") == ()
