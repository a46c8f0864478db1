"""The generated part of docs/chat.md is that of the code."""

from pathlib import Path

from chat import reference

PAGE = Path(__file__).parents[2] / "docs" / "chat.md"


def test_the_reference_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert reference.replace_generated(page) == page
