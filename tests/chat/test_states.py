"""The drawing of the machine is that of its table."""

from pathlib import Path

from chat import states
from chat.machine import ChatState

PAGE = Path(__file__).parents[2] / "docs" / "states" / "chat.md"


def test_the_drawing_is_current(tmp_path: Path) -> None:
    states.main(tmp_path)
    assert (tmp_path / "chat.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_each_state_has_a_meaning() -> None:
    assert set(states.MEANING) == set(ChatState)
