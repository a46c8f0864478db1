"""Histories are read as they were written, also after a kill."""

from pathlib import Path

from tests.failure.history import Diary, merged, read


def test_what_is_written_is_there_at_once(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "a.history")
    first = diary.write("ann", "snapshot", held=(("i.1", "offered", "chat"),), presence="ready")
    assert read(tmp_path / "a.history") == [first]
    with Diary(tmp_path / "a.history") as again:  # after a kill
        second = again.write("ann", "lost")
    diary.close()
    assert read(tmp_path / "a.history") == [first, second]


def test_histories_are_one_by_time(tmp_path: Path) -> None:
    with Diary(tmp_path / "a.history") as one, Diary(tmp_path / "b.history") as two:
        written = [one.write("a", "lost"), two.write("b", "lost"), one.write("a", "lost")]
    assert merged(tmp_path.glob("*.history")) == written
