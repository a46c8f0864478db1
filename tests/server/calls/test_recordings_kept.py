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
        self.kept = RecordingsKept(folder, self.records, lambda: self.now)

    async def add(self, name: str, days: int) -> int:
        (self.folder / f"{name}.ogg").write_bytes(b"sound")
        new = NewRecording(
            interaction_id=name,
            work_id=name,
            queue="orders",
            node="n",
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


async def test_it_looks_again_and_again_and_survives_a_bad_day(shelf: Shelf) -> None:
    stuck = await shelf.add("stuck", 1)
    (shelf.folder / "stuck.ogg").unlink()
    (shelf.folder / "stuck.ogg").mkdir()  # cannot be unlinked
    shelf.now = DAY
    task = asyncio.create_task(shelf.kept.run(every_s=0.01), name="retention")
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while shelf.files != ["stuck"]:
            await asyncio.sleep(0.01)
        (shelf.folder / "stuck.ogg").rmdir()
        while (await shelf.state(stuck))[0] != "removed":
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
