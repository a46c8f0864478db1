"""The folder of journal files."""

import os
from pathlib import Path

import pytest

from server.persistence.journal_files import JournalFolder
from store.segment import SegmentError, pack, pack_head
from tests.server.recorded import recorded

(SEGMENT,) = recorded(seed=5, steps=20, every=999)
DATA = pack(pack_head(SEGMENT.head), SEGMENT.policies, SEGMENT.entries)


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path / "journal", "s0")


def test_a_segment_is_written_whole_and_found_by_its_turns(folder: JournalFolder) -> None:
    assert (folder.files(), folder.find(1)) == ([], None)
    later = folder.write(20, 30, DATA)
    first = folder.write(0, 20, DATA)
    assert folder.files() == [first, later]
    assert [folder.find(sequence) for sequence in (0, 1, 20, 21, 31)] == [None, first, first, later, None]
    assert first.read() == SEGMENT
    assert [path.suffix for path in folder.path.iterdir()] == [".journal", ".journal"]


def test_what_is_there_stays_as_it_is(folder: JournalFolder) -> None:
    folder.write(0, 20, DATA)
    assert folder.write(0, 20, b"other").read() == SEGMENT


def test_files_of_others_are_left_alone(folder: JournalFolder) -> None:
    JournalFolder(folder.path, "s0-000000000001").write(0, 20, DATA)
    JournalFolder(folder.path, "s1").write(0, 20, DATA)
    (folder.path / "s0-notes.journal").write_bytes(b"")
    assert folder.files() == []


def test_a_start_removes_drafts_and_sets_turns_aside_that_the_store_lost(folder: JournalFolder) -> None:
    kept, lost = folder.write(0, 20, DATA), folder.write(20, 30, DATA)
    (folder.path / "draft.tmp").write_bytes(b"half")
    folder.begin(20)
    assert folder.files() == [kept]
    assert not (folder.path / "draft.tmp").exists()
    assert lost.path.with_suffix(".lost").read_bytes() == DATA


def test_a_damaged_or_vanished_file_is_named(folder: JournalFolder) -> None:
    file = folder.write(0, 20, DATA[:-1])
    with pytest.raises(SegmentError, match=r"s0-000000000001-000000000020.journal: the file is cut off"):
        file.read()
    file.path.write_bytes(DATA + DATA)
    with pytest.raises(SegmentError, match="too many values"):
        file.read()
    file.path.unlink()
    with pytest.raises(SegmentError, match="No such file"):
        file.read()


@pytest.mark.parametrize(("days", "left"), [(0, 2), (9, 2), (7, 1), (1, 0)])
def test_old_files_go(folder: JournalFolder, days: int, left: int) -> None:
    now = 1_790_000_000
    for after, age in ((0, 8), (20, 2)):
        path = folder.write(after, after + 20, DATA).path
        os.utime(path, (now - age * 86_400, now - age * 86_400))
    assert folder.expire(days, now) == 2 - left
    assert len(folder.files()) == left
