"""The days of a recording are over: the file goes, the row says so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records.database import Database
from records.recordings import EndedRecording, NewRecording, Recordings
from server.calls.recordings_kept import RecordingsKept
from tests.databases import migrated

DAY = 86_400_000_000


class Shelf:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.now = 0
        self.records = Recordings(database)
        self.kept = RecordingsKept(folder, self.records, lambda: self.now, "n")

    async def add(self, name: str, days: int, node: str = "n.1") -> int:
        (self.folder / f"{name}.ogg").write_bytes(b"sound")
        new = NewRecording(
            interaction_id=name,
            work_id=name,
            queue="orders",
            node=node,
            told="nothing",
            file=f"{name}.ogg",
            began_at=0,
            keep_days=days,
        )
        recording_id = await self.records.begin(new)
        await self.records.end(recording_id, EndedRecording(state="complete", ended_at=0))
        return recording_id

    async def state(self, recording_id: int) -> tuple[str, str | None]:
        found = await self.records.get(recording_id)
        assert found is not None
        return found.state, found.removed_by

    @property
    def files(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.ogg"))


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = await migrated(tmp_path / "records.sqlite")
    yield Shelf(tmp_path, database)
    await database.close()


async def test_each_goes_after_its_own_days(shelf: Shelf) -> None:
    soon, late, ever = [await shelf.add(name, days) for name, days in (("soon", 1), ("late", 3), ("ever", 0))]
    assert await shelf.kept.remove_due() == 0
    shelf.now = DAY
    assert await shelf.kept.remove_due() == 1
    assert shelf.files == ["ever", "late"]
    assert await shelf.state(soon) == ("removed", "retention")
    shelf.now = 1000 * DAY
    assert await shelf.kept.remove_due() == 1
    assert shelf.files == ["ever"]
    assert await shelf.state(late) == ("removed", "retention")
    assert await shelf.state(ever) == ("complete", None)


async def test_a_file_that_is_gone_already_does_no_harm(shelf: Shelf) -> None:
    soon = await shelf.add("soon", 1)
    (shelf.folder / "soon.ogg").unlink()
    shelf.now = DAY
    assert await shelf.kept.remove_due() == 1
    assert await shelf.state(soon) == ("removed", "retention")


async def test_what_another_node_recorded_is_removed_by_that_node_alone(shelf: Shelf, tmp_path: Path) -> None:
    own, theirs, before = [
        await shelf.add(name, 1, node) for name, node in (("a", "n.2"), ("b", "m.1"), ("c", "old.7"))
    ]
    (tmp_path / "there").mkdir()
    (shelf.folder / "b.ogg").rename(tmp_path / "there" / "b.ogg")
    shelf.now = DAY
    assert await shelf.kept.remove_due() == 2, "what is here is this node's, by whatever name it recorded it"
    assert [await shelf.state(one) for one in (own, before)] == [("removed", "retention")] * 2
    assert await shelf.state(theirs) == ("complete", None)
    found = await shelf.records.get(theirs)
    assert found is not None
    assert not await shelf.kept.remove(found, "sue")
    other = RecordingsKept(tmp_path / "there", shelf.records, lambda: shelf.now, "m")
    assert await other.remove_due() == 1
    assert list((tmp_path / "there").iterdir()) == []


async def test_it_looks_again_and_again_and_survives_a_bad_day(shelf: Shelf) -> None:
    stuck = await shelf.add("stuck", 1)
    other = await shelf.add("other", 1)
    (shelf.folder / "stuck.ogg").unlink()
    (shelf.folder / "stuck.ogg").mkdir()  # cannot be unlinked
    shelf.now = DAY
    task = asyncio.create_task(shelf.kept.run(every_s=0.01), name="retention")
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while (await shelf.state(other))[0] != "removed":
            await asyncio.sleep(0.01)
        (shelf.folder / "stuck.ogg").rmdir()
        while (await shelf.state(stuck))[0] != "removed":
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
