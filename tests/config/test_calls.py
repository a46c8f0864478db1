"""calls.toml: optional, and each mistake named."""

from pathlib import Path

import pytest

from config.calls import FILE, CallsConfig, TrunkConfig, read_calls
from ivr.reading import FlowProblem


def read(folder: Path, text: str) -> tuple[CallsConfig, list[FlowProblem]]:
    (folder / FILE).write_text(text, encoding="utf-8")
    problems: list[FlowProblem] = []
    return read_calls(folder, {"SECRET": "s"}, problems), problems


def test_a_site_without_the_file(tmp_path: Path) -> None:
    problems: list[FlowProblem] = []
    assert read_calls(tmp_path, {}, problems) == CallsConfig(show_listeners=True)
    assert problems == []


def test_listeners_may_be_kept_from_the_agents(tmp_path: Path) -> None:
    assert read(tmp_path, "show_listeners = false")[0] == CallsConfig(show_listeners=False)


def test_mistakes(tmp_path: Path) -> None:
    assert [problem.path for problem in read(tmp_path, 'show_listeners = "no"')[1]] == ["show_listeners"]
    assert [problem.path for problem in read(tmp_path, "show_listener = true")[1]] == ["show_listener"]
    assert "not valid TOML" in read(tmp_path, "show_listeners =")[1][0].message
    (tmp_path / FILE).write_bytes(b"\xff")
    problems: list[FlowProblem] = []
    read_calls(tmp_path, {}, problems)
    assert "cannot be read" in problems[0].message


TRUNK = """
[trunks.main]
server = "192.0.2.1:5080"
transport = "tcp"
user = "4711"
password_env = "SECRET"
register = true
dial = ["0755*", "+861XXXXXXXXXX", "110"]
"""


def test_a_trunk(tmp_path: Path) -> None:
    config, problems = read(tmp_path, TRUNK)
    assert problems == []
    trunk = config.trunks["main"]
    assert (trunk.server, trunk.transport, trunk.register, trunk.session_s) == ("192.0.2.1:5080", "tcp", True, 1800)
    assert config.trunk_for("07551234") is trunk


@pytest.mark.parametrize(
    ("pattern", "number", "fits"),
    [
        ("0755*", "0755", True),
        ("0755*", "07551234567", True),
        ("0755*", "0754", False),
        ("0755*", "0755#", False),
        ("+861XXXXXXXXXX", "+8613800138000", True),
        ("+861XXXXXXXXXX", "+861380013800", False),
        ("+861XXXXXXXXXX", "8613800138000", False),
        ("110", "1100", False),
        ("*", "+442071234567", True),
        ("*", "", False),
        ("*", "0" * 21, False),
    ],
)
def test_patterns(pattern: str, number: str, fits: bool) -> None:
    assert TrunkConfig("t", "192.0.2.1", dial=(pattern,)).allows(number) is fits


def test_without_a_pattern_nothing_may_be_called() -> None:
    assert not TrunkConfig("t", "192.0.2.1").allows("110")
    assert CallsConfig().trunk_for("110") is None


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('server = "sip:192.0.2.1"', "trunks.main.server"),
        ('transport = "sctp"', "trunks.main.transport"),
        ('password_env = "NOT_SET"', "trunks.main.password_env"),
        ('dial = ["0755*", "07*55"]', "trunks.main.dial[1]"),
        ("session_s = 30", "trunks.main.session_s"),
        ('server = "sip.example.org:50600"', ""),
        ('server = "sip.example.org:70000"', "trunks.main.server"),
        ('colour = "red"', "trunks.main.colour"),
    ],
)
def test_mistakes_of_a_trunk(tmp_path: Path, line: str, path: str) -> None:
    rows = {each.partition(" ")[0]: each for each in TRUNK.strip().splitlines()[1:]}
    rows[line.partition(" ")[0]] = line
    problems = read(tmp_path, "[trunks.main]\n" + "\n".join(rows.values()))[1]
    assert [problem.path for problem in problems] == ([path] if path else [])


def test_who_registers_has_a_name(tmp_path: Path) -> None:
    problems = read(tmp_path, '[trunks.main]\nserver = "192.0.2.1"\nregister = true\n')[1]
    assert [problem.path for problem in problems] == ["trunks.main.register"]
