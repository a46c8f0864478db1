"""The command: what it says and how it ends (a run to its end: tests/e2e/test_load.py)."""

import sys
from pathlib import Path

import pytest

from loadtests.judge import Finding, Subject, Verdict
from loadtests.run import main, say
from loadtests.scale import LARGEST

SLOW = Finding(Subject.GENERATOR, "lateness, p99 ms", 741.0, "<= 100", passed=False)
BAD = Finding(Subject.SERVER, "errors", 3, "0", passed=False)
USED = {"generator": {"cpu": 0.34, "waited": 0.41, "cores": 2, "load_average": [10.0, 16.0]}}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["loadtests.run", *arguments])
    return main()


def test_a_late_generator_is_named_with_its_lateness_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    say(USED, [SLOW, BAD], Verdict.SATURATED)
    said = capsys.readouterr().out
    assert "FAILED  generator: lateness, p99 ms: 741 (expected <= 100)" in said
    assert "verdict: generator saturated\n  741 ms late at p99; it used 34% of a core and waited for one 41%" in said
    assert "Nothing is concluded about the server" in said


def test_a_server_that_failed_is_not_excused(capsys: pytest.CaptureFixture[str]) -> None:
    say(USED, [BAD], Verdict.FAILED)
    said = capsys.readouterr().out
    assert said == "FAILED  server: errors: 3 (expected 0)\nverdict: failed\n"


def test_mistakes_have_a_status_of_their_own_and_leave_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "no_such_day") == 2
    assert "no_such_day" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scale", ["0", "-1", str(LARGEST + 1), "x"])
def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, scale: str) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "ordinary_day", "--scale", scale)


def test_the_site_of_a_scaled_scenario_can_be_had_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    arguments = ["ordinary_day", "--scale", "0.5", "--out", str(tmp_path / "out"), "--only-site", str(tmp_path)]
    assert run(monkeypatch, *arguments) == 0
    agents = (tmp_path / "site" / "agents.toml").read_text()
    assert agents.count("sip_user") == 9
