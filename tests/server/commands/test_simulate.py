"""`python -m server simulate`: its arguments, what it prints, the picture and the progress bar."""

import io
import json
from pathlib import Path

import pytest

from server.commands.cli import main
from server.commands.simulate import progress_bar

EXAMPLE = Path(__file__).resolve().parents[3] / "simulator" / "examples" / "day.toml"


def test_tables_json_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(EXAMPLE), "--replications", "2", "--seed", "3"]) == 0
    printed = capsys.readouterr()
    assert "A day with two lines: 2 replications, seed 3" in printed.out
    assert printed.err == "", "no progress bar where nobody watches"
    picture = tmp_path / "day.svg"
    assert main(["simulate", str(EXAMPLE), "--replications", "2", "--json", "--plot", str(picture)]) == 0
    assert json.loads(capsys.readouterr().out)["replications"] == 2
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_a_wrong_scenario_is_status_2_with_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[work.calls]\n")
    assert main(["simulate", str(wrong)]) == 2
    assert "wrong.toml: work.calls.talk" in capsys.readouterr().err


def test_a_picture_without_a_place_is_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = tmp_path / "none" / "day.svg"
    assert main(["simulate", str(EXAMPLE), "--replications", "1", "--plot", str(where)]) == 2
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--replications", "0"], ["--seed", "-1"], ["--processes", "many"]])
def test_bad_numbers_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", str(EXAMPLE), *arguments])
    assert ended.value.code == 2
    assert "is not a whole number" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_fills_up_and_ends_its_line() -> None:
    terminal = Terminal()
    bar = progress_bar(terminal)
    assert bar is not None
    for share in (0.0, 0.004, 0.5, 1.0):
        bar(share)
    drawn = terminal.getvalue()
    assert drawn.count("\r") == 3, "only what changes is drawn"
    assert "]  50 %" in drawn
    assert drawn.endswith("100 %\n")
    assert progress_bar(io.StringIO()) is None
