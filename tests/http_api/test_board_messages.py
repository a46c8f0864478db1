"""The page about the board's WebSocket has an example of each message, and each is what is really said."""

import re
from pathlib import Path

import msgspec
import pytest

from http_api import board_messages as messages

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "board-ws.md"
KINDS = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_config__.tag is not None
]


def examples() -> dict[str, bytes]:
    """The indented blocks that are messages, by type."""
    found = {}
    for block in re.findall(r"(?:^ {4}.*\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        found[re.findall(r'"type": "(\w+)"', block)[0]] = block.encode()
    return found


def test_there_are_no_examples_of_other_messages() -> None:
    assert {str(kind.__struct_config__.tag) for kind in KINDS} == set(examples())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_example_has_every_field(kind: type[msgspec.Struct]) -> None:
    example = examples()[str(kind.__struct_config__.tag)]
    read = msgspec.json.decode(example, type=kind)
    assert set(msgspec.json.decode(example)) - {"type"} == set(kind.__struct_fields__)
    assert msgspec.json.decode(msgspec.json.encode(read), type=kind) == read
