import re
from pathlib import Path
from typing import get_args

from agents_ws.messages import ClientMessage, ServerMessage, decode_client, decode_server
from agents_ws.reference import main, render, replace_generated

PAGE = Path(__file__).parents[2] / "docs" / "agents-ws.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert replace_generated(page) == page, "run: python -m agents_ws.reference docs/agents-ws.md"


def test_every_example_on_the_page_decodes() -> None:
    to_server, to_client = PAGE.read_text(encoding="utf-8").split("## Server to client")
    blocks = re.compile(r"```json\n(.*?)```", re.DOTALL)
    sent = [decode_client(block) for block in blocks.findall(to_server)]
    received = [decode_server(block) for block in blocks.findall(to_client)]
    assert {type(message) for message in sent} == set(get_args(ClientMessage))
    assert {type(message) for message in received} == set(get_args(ServerMessage))


def test_every_message_is_described() -> None:
    text = render()
    for union in (ClientMessage, ServerMessage):
        for kind in get_args(union):
            assert f"### {kind.__struct_config__.tag}\n\n{kind.__doc__.splitlines()[0]}" in text


def test_main_rewrites_in_place(tmp_path: Path) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text(encoding="utf-8").replace('"digit": "5"', '"digit": "6"'), encoding="utf-8")
    main(str(copy))
    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
