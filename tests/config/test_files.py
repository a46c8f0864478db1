"""Files that are whole, missing, no text and no TOML."""

from pathlib import Path

import pytest

from config.files import in_file, read_file
from ivr.reading import FlowProblem


@pytest.mark.parametrize(
    ("content", "missing", "message"),
    [
        (None, None, None),
        (None, "create it", "the file is missing"),
        (b"\xff", None, "the file cannot be read"),
        (b"a =", None, "is not valid TOML"),
        (b"a = 1", None, None),
    ],
)
def test_what_cannot_be_read_is_an_empty_table_and_a_problem(
    tmp_path: Path, content: bytes | None, missing: str | None, message: str | None
) -> None:
    path, problems = tmp_path / "one.toml", list[FlowProblem]()
    if content is not None:
        path.write_bytes(content)
    table = read_file(path, problems, missing)
    assert dict(table.values) == ({"a": 1} if content == b"a = 1" else {})
    assert [message in each.message for each in problems if message] == [True] * bool(message)
    table.problem("a", "is odd")
    assert [each.path for each in problems][-1:] == ["a"]


def test_a_problem_is_told_with_its_file() -> None:
    (problem,) = in_file("one.toml", [FlowProblem("a.b", "is odd", "make it even")])
    assert str(problem) == "one.toml: a.b: is odd (make it even)"
