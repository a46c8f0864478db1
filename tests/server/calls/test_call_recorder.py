"""Recordings with the real engine and the real records: rows, pauses, and all that can go wrong."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media.engine import EngineSettings, InProcessEngine
from media.errors import MediaError
from media.events import MediaEvent
from records.database import Database
from records.recordings import NewRecording, Pause, Recording, Recordings
from server.calls.call_recorder import CallRecorder, close_left_open, measure
from server.tasks import TaskOwner
from telemetry.metrics import Metrics
from tests.databases import migrated
from tests.server.sites import small_site
from tests.waiting import until
from voice.events import SetRecording

BEGIN = SetRecording(heard=True, queue="orders", work_id="w", told="announced", agents=("anna",))
SILENT = SetRecording(heard=False, queue="orders", work_id="w", told="announced", agents=("anna",))
PAUSED = SetRecording(heard=False, queue="orders", work_id="w", told="announced", agents=("anna",), paused_by="anna")


class Booth:
    """An engine with one leg, "leg", whose clock is the test's."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder / "recordings"
        self.now = 1_000_000_000
        self.records = Recordings(database)
        self.tasks = TaskOwner()
        self.metrics = Metrics()
        self.lost: list[str] = []
        self.engine = InProcessEngine(EngineSettings(prompt_root=folder, rtp_ports=(27_100, 27_119)), self._happened)
        self.recorder = CallRecorder(
            self.engine,
            self.folder,
            self.records,
            self.tasks,
            self.metrics,
            node="n.1",
            site=small_site,
            wall=lambda: self.now,
        )
        self.recorder.lost = self.lost.append

    def _happened(self, event: MediaEvent) -> None:
        if event.kind == "record_failed":
            self.recorder.failed(event.path or "", event.reason or "")

    async def follow(self, wanted: SetRecording, interaction: str = "i") -> bool:
        return await self.recorder.follow(interaction, "leg", wanted)

    async def row(self) -> Recording:
        """The row, after everything that was begun is done."""
        await until(lambda: not len(self.tasks), what="the rows")
        found = await self.records.of_interaction("i")
        assert found is not None
        return found


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    database = await migrated(tmp_path / "records.sqlite")
    made = Booth(tmp_path, database)
    await made.engine.open_rtp("leg")
    yield made
    await made.tasks.aclose()
    await made.engine.aclose()
    await database.close()


async def test_a_call_has_a_row_from_its_first_word_and_all_that_is_known_at_its_end(booth: Booth) -> None:
    assert await booth.follow(BEGIN)
    row = await booth.row()
    assert (row.state, row.queue, row.told, row.keep_days) == ("recording", "orders", "announced", 90)
    assert row.file is not None
    assert len(row.file) == 36, "24 random bytes, and nothing of the call"
    assert booth.folder.stat().st_mode & 0o777 == 0o700
    booth.now += 5_000_000
    assert await booth.follow(PAUSED)
    booth.now += 2_000_000
    assert await booth.follow(BEGIN)
    booth.now += 1_000_000
    await booth.recorder.over("i")
    row = await booth.row()
    data = (booth.folder / (row.file or "")).read_bytes()
    assert (row.state, row.agents, row.reason) == ("complete", ("anna",), None)
    assert row.pauses == (Pause(5_000_000, 7_000_000, "anna"),)
    assert (row.size, row.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert row.ended_at == booth.now
    assert b'jackfield_recordings_total{result="complete"} 1.0' in booth.metrics.render()
    assert len(booth.recorder) == 0
    await booth.recorder.over("i")


async def test_a_hold_is_no_pause_and_a_pause_ends_with_the_call(booth: Booth) -> None:
    await booth.follow(BEGIN)
    booth.now += 1_000_000
    await booth.follow(SILENT)
    booth.now += 1_000_000
    await booth.follow(PAUSED)
    booth.now += 1_000_000
    await booth.recorder.over("i")
    assert (await booth.row()).pauses == (Pause(2_000_000, 3_000_000, "anna"),)


async def test_a_folder_that_cannot_be_made_costs_the_recording_only(booth: Booth) -> None:
    booth.folder.write_text("in the way")
    assert not await booth.follow(BEGIN)
    assert not await booth.follow(SILENT)
    await booth.recorder.over("i")
    row = await booth.row()
    assert (row.state, row.size, row.sha256) == ("failed", 0, None)
    assert "exists" in (row.reason or "")


async def test_a_disk_that_is_full_in_mid_call_is_told(booth: Booth) -> None:
    await booth.follow(BEGIN)
    opened = booth.recorder._open["i"]
    booth.recorder.failed(str(booth.folder / "another.ogg"), "full")
    assert booth.lost == []
    booth.recorder.failed(str(opened.path), "No space left on device")
    booth.recorder.failed(str(opened.path), "again")
    assert booth.lost == ["i"]
    assert not await booth.follow(SILENT)
    await booth.recorder.over("i")
    row = await booth.row()
    assert (row.state, row.reason) == ("failed", "No space left on device")
    assert b'jackfield_recordings_total{result="failed"} 1.0' in booth.metrics.render()


async def test_a_leg_that_is_gone_leaves_an_incomplete_recording(booth: Booth) -> None:
    await booth.follow(BEGIN)
    await booth.engine.close_leg("leg")
    assert await booth.follow(SILENT), "the agent's leg goes with the same worker, and is told of first"
    await booth.recorder.over("i")
    assert (await booth.row()).state == "incomplete"


async def test_a_pause_that_does_not_come_about_ends_the_recording(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(*_: object) -> None:
        raise MediaError("timeout", "the worker does not answer")

    await booth.follow(BEGIN)
    monkeypatch.setattr(booth.engine, "mute_record", no_answer)
    assert not await booth.follow(PAUSED)
    assert not booth.engine._legs["leg"].recorders
    await booth.recorder.over("i")
    assert (await booth.row()).state == "failed"


async def test_a_worker_that_died_leaves_an_incomplete_recording(booth: Booth) -> None:
    await booth.follow(BEGIN)
    await booth.engine.close_leg("leg")
    await booth.recorder.over("i")
    row = await booth.row()
    assert (row.state, row.reason) == ("incomplete", None)
    assert row.sha256 is not None


async def test_a_database_that_was_away_gets_the_row_at_the_end(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, calls = booth.records.begin, list[NewRecording]()

    async def away_at_first(new: NewRecording) -> int:
        calls.append(new)
        if len(calls) == 1:
            raise OSError("away")
        return await begin(new)

    monkeypatch.setattr(booth.records, "begin", away_at_first)
    assert await booth.follow(BEGIN)
    await booth.recorder.over("i")
    assert (await booth.row()).state == "complete"


async def test_what_a_crash_cut_off_is_closed_at_the_next_start(booth: Booth) -> None:
    await booth.follow(BEGIN)
    file = (await booth.row()).file or ""
    elsewhere = NewRecording(
        interaction_id="other",
        work_id="w",
        queue="orders",
        node="n2.1",
        told="nothing",
        file="elsewhere.ogg",
        began_at=0,
        keep_days=0,
    )
    await booth.records.begin(elsewhere)
    await close_left_open(booth.folder, booth.records, lambda: booth.now)
    row = await booth.row()
    assert (row.state, row.file, row.reason) == ("incomplete", file, "the server ended")
    assert [one.interaction_id for one in await booth.records.open_ones()] == ["other"], "another node's goes on"
    await booth.recorder.over("i")
    assert (await booth.row()).state == "incomplete", "the first end stands"


def test_there_is_nothing_to_measure_in_a_file_that_is_not_there(tmp_path: Path) -> None:
    nothing: tuple[Any, ...] = (0, 0, None)
    assert measure(tmp_path / "none.ogg") == nothing
