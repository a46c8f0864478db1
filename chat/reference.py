"""Draws the generated part of docs/chat.md from the structs: `python -m chat.reference docs/chat.md`."""

import inspect
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from chat.endpoint import STATUS_OF
from chat.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from chat.messages import CLOSE_CODES, ClientMessage, ServerMessage, encode

BEGIN = "<!-- begin generated: python -m chat.reference docs/chat.md -->"
END = "<!-- end generated -->"


def render() -> str:
    """The generated part, without its marks."""
    parts = ["## Page to server", *_messages(CLIENT_EXAMPLES)]
    parts += ["## Server to page", *_messages(SERVER_EXAMPLES)]
    codes = [(code, str(status)) for code, status in STATUS_OF.items()]
    parts += ["## Codes of `refused`, and their status over REST", _table(("code", "status"), codes)]
    closes = [(code, str(number)) for code, number in CLOSE_CODES.items()]
    parts += ["## How a connection ends", _table(("code", "close code"), closes)]
    return "\n\n".join(parts)


def replace_generated(page: str) -> str:
    """The page with its generated part drawn anew. Raises ValueError when the marks are missing."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{render()}\n\n{END}{after}"


def _messages(examples: Sequence[ClientMessage | ServerMessage]) -> Iterable[str]:
    seen: set[str] = set()
    for example in examples:
        tag = str(type(example).__struct_config__.tag)
        if tag not in seen:
            seen.add(tag)
            yield f"### {tag}"
            yield inspect.cleandoc(type(example).__doc__ or "")
        yield f"```json\n{msgspec.json.format(encode(example), indent=2).decode()}\n```"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(path: str) -> None:
    """Rewrite the page in place."""
    page = Path(path)
    page.write_text(replace_generated(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
