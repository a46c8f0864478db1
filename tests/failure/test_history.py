"""Histories are read as they were written, also after a kill."""

from pathlib import Path

from tests.failure.history import Diary, Following, merged, read


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


def test_a_file_is_followed_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.history"
    with Diary(path) as diary:
        page = Following(path)
        assert page.read() == []
        first, second = diary.write("a", "lost"), diary.write("a", "lost")
        assert page.read() == [first, second]
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"at":1,"who":"a",')
        assert page.read() == []
        path.write_bytes(whole + b'{"at":1,"who":"a","what":"lost"}\n')
        assert [entry.at for entry in page.read()] == [1]
