"""Draws the generated part of docs/agents-ws.md from the structs: `python -m agents_ws.reference docs/agents-ws.md`."""

import inspect
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from agents_ws.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES
from agents_ws.messages import CLOSE_CODES, ClientMessage, ServerMessage, encode
from agents_ws.session import TRANSITIONS, Phase, Step

BEGIN = "<!-- begin generated: python -m agents_ws.reference docs/agents-ws.md -->"
END = "<!-- end generated -->"


def render() -> str:
    """The generated part, without its marks."""
    parts = ["## Client to server", *_messages(CLIENT_EXAMPLES)]
    parts += ["## Server to client", *_messages(SERVER_EXAMPLES)]
    parts += ["## How a connection ends", _table(("code", "close code"), [(c, str(n)) for c, n in CLOSE_CODES.items()])]
    rows = [(phase, *(TRANSITIONS.get((phase, step), "") for step in Step)) for phase in Phase]
    parts += ["## Phases of a session", "An empty field can not happen.", _table(("phase", *Step), rows)]
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
