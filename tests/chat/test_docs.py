"""The pages of the documentation are those of the code."""

from pathlib import Path

from chat import reference, states
from chat.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from chat.messages import ClientMessage, ServerMessage

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_current() -> None:
    page = (DOCS / "chat.md").read_text(encoding="utf-8")
    assert reference.replace_generated(page) == page


def test_the_drawing_of_the_machine_is_current(tmp_path: Path) -> None:
    states.main(tmp_path)
    assert (tmp_path / "chat.md").read_text(encoding="utf-8") == (DOCS / "states" / "chat.md").read_text(
        encoding="utf-8"
    )


def test_each_message_has_an_example() -> None:
    assert {type(example) for example in CLIENT_EXAMPLES} == set(ClientMessage.__args__)
    assert {type(example) for example in SERVER_EXAMPLES} == set(ServerMessage.__args__)
