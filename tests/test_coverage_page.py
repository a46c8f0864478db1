"""docs/coverage.md speaks of every requirement once, in one of three states, and names only what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
LAST = {"A": 8, "B": 9, "C": 4, "D": 9, "E": 4, "F": 7, "G": 3, "H": 5, "I": 6, "J": 8}
NUMBERS = [f"{section}{number}" for section, last in LAST.items() for number in range(1, last + 1)]
STATES = {"works", "in part", "not yet"}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
FILES = sorted(set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", PAGE)))


def test_every_requirement_stands_once_and_in_order() -> None:
    assert [row[0] for row in ROWS] == NUMBERS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_a_state_and_says_what_it_rests_on(row: list[str]) -> None:
    _number, requirement, state, where = row
    assert requirement
    assert state in STATES
    assert state == "not yet" or where, "what works is shown, and what is missing is said"
    assert state != "works" or "`" in where, "a test, a command or a page shows it"


@pytest.mark.parametrize("path", FILES)
def test_every_file_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_files_were_found() -> None:
    assert len(FILES) > 30
    assert any(path.startswith("soak/") for path in FILES)
