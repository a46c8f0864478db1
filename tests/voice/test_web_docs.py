"""docs/media.md shows the web callers' messages as they are."""

import re
from pathlib import Path

from voice import web_messages as m

PAGE = (Path(__file__).parents[2] / "docs" / "media.md").read_text(encoding="utf-8")


def test_every_message_has_an_example_that_is_one() -> None:
    shown = re.findall(r"`(\{\"type\".*?\})`", PAGE)
    found: set[type] = set()
    for example in shown:
        try:
            found.add(type(m.decode_client(example)))
        except m.BadMessageError:
            found.add(type(m.decode_server(example)))
    assert found == {*m.ClientMessage.__args__, *m.ServerMessage.__args__}
