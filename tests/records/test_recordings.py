"""Rows of recordings on both databases: their life from the first word to the day when the file goes."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.recordings import EndedRecording, NewRecording, Pause, Recording, Recordings

DAY = 86_400_000_000
NEW = NewRecording(
    interaction_id="i1",
    work_id="w1",
    queue="orders",
    node="n.1",
    told="announced",
    file="abc.ogg",
    began_at=100,
    keep_days=2,
)
ENDED = EndedRecording(
    state="complete",
    ended_at=500,
    agents=("anna", "ben"),
    pauses=(Pause(10, 20, "anna"),),
    duration_us=400,
    size=77,
    sha256="ab",
)


async def test_a_recording_begins_and_ends(database: Database) -> None:
    records = Recordings(database)
    recording_id = await records.begin(NEW)
    (open_one,) = await records.open_ones()
    assert (open_one.id, open_one.state, open_one.agents, open_one.keep_until) == (recording_id, "recording", (), None)
    await records.end(recording_id, ENDED)
    await records.end(recording_id, replace(ENDED, state="incomplete"))
    assert await records.open_ones() == ()
    found = await records.of_interaction("i1")
    assert found == await records.get(recording_id)
    assert found == Recording(
        interaction_id="i1",
        work_id="w1",
        queue="orders",
        node="n.1",
        told="announced",
        file="abc.ogg",
        began_at=100,
        keep_days=2,
        id=recording_id,
        state="complete",
        agents=("anna", "ben"),
        ended_at=500,
        duration_us=400,
        pauses=(Pause(10, 20, "anna"),),
        size=77,
        sha256="ab",
        keep_until=500 + 2 * DAY,
    )
    assert await records.get(recording_id + 1) is None
    assert await records.of_interaction("i2") is None


async def test_an_interaction_has_one(database: Database) -> None:
    records = Recordings(database)
    await records.begin(NEW)
    with pytest.raises(IntegrityError):
        await records.begin(NEW)


async def test_what_a_crash_left_keeps_what_was_known(database: Database) -> None:
    records = Recordings(database)
    recording_id = await records.begin(NEW)
    await records.end(recording_id, EndedRecording(state="incomplete", ended_at=300, reason="gone", duration_us=9))
    found = await records.get(recording_id)
    assert found is not None
    assert (found.state, found.reason, found.agents, found.pauses) == ("incomplete", "gone", (), ())


async def test_days_run_from_the_end_and_0_is_for_ever(database: Database) -> None:
    records = Recordings(database)
    for name, days in (("late", 3), ("soon", 1), ("ever", 0)):
        recording_id = await records.begin(replace(NEW, interaction_id=name, keep_days=days))
        await records.end(recording_id, ENDED)
    assert await records.due(500 + DAY - 1) == ()
    due = await records.due(500 + 3 * DAY)
    assert [one.interaction_id for one in due] == ["late", "soon"]
    assert await records.due(500 + 3 * DAY, limit=1) == due[:1]
    assert await records.due(500 + 3 * DAY, due[0].id) == due[1:]


async def test_what_is_removed_stays_as_a_row(database: Database) -> None:
    records = Recordings(database)
    recording_id = await records.begin(NEW)
    assert not await records.removed(recording_id, 600, "sam"), "it is still being written"
    await records.end(recording_id, ENDED)
    assert await records.removed(recording_id, 600, "sam")
    assert not await records.removed(recording_id, 700, "retention")
    found = await records.get(recording_id)
    assert found is not None
    assert (found.state, found.file, found.removed_at, found.removed_by) == ("removed", None, 600, "sam")
    assert await records.due(500 + 9 * DAY) == ()
