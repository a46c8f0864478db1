"""calls.toml: optional, and each mistake named."""

from pathlib import Path

from config.calls import FILE, CallsConfig, read_calls
from ivr.reading import FlowProblem


def read(folder: Path, text: str) -> tuple[CallsConfig, list[FlowProblem]]:
    (folder / FILE).write_text(text, encoding="utf-8")
    problems: list[FlowProblem] = []
    return read_calls(folder, problems), problems


def test_a_site_without_the_file(tmp_path: Path) -> None:
    problems: list[FlowProblem] = []
    assert read_calls(tmp_path, problems) == CallsConfig(show_listeners=True)
    assert problems == []


def test_listeners_may_be_kept_from_the_agents(tmp_path: Path) -> None:
    assert read(tmp_path, "show_listeners = false")[0] == CallsConfig(show_listeners=False)


def test_mistakes(tmp_path: Path) -> None:
    assert [problem.path for problem in read(tmp_path, 'show_listeners = "no"')[1]] == ["show_listeners"]
    assert [problem.path for problem in read(tmp_path, "show_listener = true")[1]] == ["show_listener"]
    assert "not valid TOML" in read(tmp_path, "show_listeners =")[1][0].message
    (tmp_path / FILE).write_bytes(b"\xff")
    problems: list[FlowProblem] = []
    read_calls(tmp_path, problems)
    assert "cannot be read" in problems[0].message
