"""`python -m server replay`."""

from pathlib import Path

import pytest

from server.commands.cli import main
from server.persistence.build import code_version
from store.segment import Segment, pack, pack_head
from tests.server.persistence.test_replaying import changed
from tests.server.recorded import offers_of, recorded, with_offer


def file_of(path: Path, segments: list[Segment]) -> Path:
    path.write_bytes(b"".join(pack(pack_head(one.head), one.policies, one.entries) for one in segments))
    return path


def test_a_journal_that_comes_out_alike_is_status_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segments = recorded(seed=4, steps=200, every=50, code=code_version())
    assert main(["replay", str(file_of(tmp_path / "day.journal", segments))]) == 0
    said = capsys.readouterr().out
    assert (
        said
        == f"{len(segments)} segments, {segments[-1].last} turns\nidentical: every turn gave the recorded commands\n"
    )


def test_a_folder_is_its_files_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segments = recorded(seed=4, steps=200, every=50)
    for number, segment in enumerate(segments):
        file_of(tmp_path / f"{number}.journal", [segment])
    assert main(["replay", str(tmp_path)]) == 0
    assert f"recorded by test, replayed by {code_version()}" in capsys.readouterr().out


def test_a_difference_is_status_1_with_sequence_expected_and_got(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segments = recorded(seed=3, steps=900, every=100)
    index = with_offer(segments)
    at, _ = offers_of(segments[index])[0]
    segments[index] = changed(segments[index], at, agent_id="nobody")
    path = file_of(tmp_path / "day.journal", segments)
    assert main(["replay", str(path)]) == 1
    said = capsys.readouterr().out
    assert f"first difference at turn {at} " in said
    assert "agent_id='nobody'" in said.partition("expected")[2].partition("got")[0]
    assert "agent_id='nobody'" not in said.partition("got")[2]


def test_segments_that_do_not_follow_each_other_are_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segments = recorded(seed=4, steps=200, every=50)
    assert main(["replay", str(file_of(tmp_path / "day.journal", [segments[0], segments[2]]))]) == 1
    assert f"ends with turn {segments[0].last}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "why"), [("page.journal", "no journal file"), ("none", "No such file"), ("", "there is no file")]
)
def test_what_cannot_be_read_is_status_2_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "page.journal").write_bytes(b"<html>" * 9) if name else None
    assert main(["replay", str(folder / name)]) == 2
    assert why in capsys.readouterr().err
