"""The protocols' pages: up to date, complete, and their examples are what the server understands."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from agents_ws import messages as agents
from chat import messages as chat
from tools.protocol_pages import PAGES, ROOT, main

PROTOCOLS: list[tuple[str, Any, str]] = [
    ("docs/agents-ws.md", agents, "## Server to client"),
    ("docs/chat.md", chat, "## Server to page"),
]


def test_the_pages_are_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in PAGES:
        old = re.sub(r"```json.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(old, encoding="utf-8")
    main(tmp_path)
    assert capsys.readouterr().out.split() == list(PAGES)
    for name in PAGES:
        drawn = (tmp_path / name).read_text(encoding="utf-8")
        assert "```json" in drawn
        assert (ROOT / name).read_text(encoding="utf-8") == drawn, "run: python -m tools.protocol_pages"


@pytest.mark.parametrize(("name", "protocol", "middle"), PROTOCOLS)
def test_every_message_has_an_example_that_decodes(name: str, protocol: Any, middle: str) -> None:
    drawn = PAGES[name]()
    to_server, to_client = drawn.split(middle)
    blocks = re.compile(r"```json\n(.*?)```", re.DOTALL)
    sides: list[tuple[str, Callable[[str], object], Any]] = [
        (to_server, protocol.decode_client, protocol.ClientMessage),
        (to_client, protocol.decode_server, protocol.ServerMessage),
    ]
    for text, decode, union in sides:
        assert {type(decode(block)) for block in blocks.findall(text)} == set(get_args(union))
        for kind in get_args(union):
            assert f"### {kind.__struct_config__.tag}\n\n{kind.__doc__.splitlines()[0]}" in text
