"""test-flows and draw-flows, by the command line's own door."""

import shutil
from pathlib import Path

import pytest

from server.commands import cli
from tests.server.sites import DEMO


@pytest.fixture(autouse=True)
def _quiet_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telemetry.logs.configure", lambda *_args, **_kwargs: None)


def test_the_demos_flow_tests_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["test-flows", "--site", str(DEMO)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith(f"{len(lines) - 1} flow tests, 0 failed")


def test_a_failing_flow_test_is_printed_with_its_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    shutil.copytree(DEMO, site, ignore=shutil.ignore_patterns("prompts"))
    (site / "prompts").symlink_to(DEMO / "prompts", target_is_directory=True)
    tests = site / "flows" / "tests" / "main.toml"
    tests.write_text(tests.read_text(encoding="utf-8").replace("priority = 5", "priority = 6"), encoding="utf-8")
    assert cli.main(["test-flows", "--site", str(site)]) == 1
    told = capsys.readouterr().out
    assert "FAILED: priority is 5, expected 6" in told
    assert "    main: digit (1 orders)" in told
    tests.write_text(tests.read_text(encoding="utf-8").replace('at = "main"', 'at = "mian"'), encoding="utf-8")
    for command in ("test-flows", "check-config"):
        assert cli.main([command, "--site", str(site)]) == 2
        assert 'flows/tests/main.toml: test[0].steps[0].at: "mian" is not known' in capsys.readouterr().err


def test_every_flow_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["draw-flows", "--site", str(DEMO), "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow-main.svg", "flow-services.svg"]
    assert "flow-main.svg" in capsys.readouterr().out
