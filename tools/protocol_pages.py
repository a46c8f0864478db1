"""`python -m tools.protocol_pages`: the generated parts of docs/agents-ws.md and docs/chat.md, from the structs."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from agents_ws import examples as agents_examples
from agents_ws import messages as agents
from agents_ws.session import TRANSITIONS, Phase, Step
from chat import examples as chat_examples
from chat import messages as chat
from chat.rest import STATUS_OF

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- begin generated: python -m tools.protocol_pages -->"
END = "<!-- end generated -->"


def agents_part() -> str:
    """The agents' protocol."""
    parts = ["## Client to server", *_messages(agents_examples.CLIENT_EXAMPLES, agents.encode)]
    parts += ["## Server to client", *_messages(agents_examples.SERVER_EXAMPLES, agents.encode)]
    parts += ["## How a connection ends", _codes("close code", agents.CLOSE_CODES)]
    rows = [(phase, *(TRANSITIONS.get((phase, step), "") for step in Step)) for phase in Phase]
    parts += ["## Phases of a session", "An empty field can not happen.", _table(("phase", *Step), rows)]
    return "\n\n".join(parts)


def chat_part() -> str:
    """The visitors' protocol."""
    parts = ["## Page to server", *_messages(chat_examples.CLIENT_EXAMPLES, chat.encode)]
    parts += ["## Server to page", *_messages(chat_examples.SERVER_EXAMPLES, chat.encode)]
    parts += ["## Codes of `refused`, and their status over REST", _codes("status", STATUS_OF)]
    parts += ["## How a connection ends", _codes("close code", chat.CLOSE_CODES)]
    return "\n\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {"docs/agents-ws.md": agents_part, "docs/chat.md": chat_part}


def replace_generated(page: str, part: str) -> str:
    """The page with this as its generated part. Raises ValueError when the marks are missing."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def _messages(examples: Sequence[msgspec.Struct], encode: Callable[..., bytes]) -> Iterable[str]:
    seen: set[str] = set()
    for example in examples:
        tag = str(type(example).__struct_config__.tag)
        if tag not in seen:
            seen.add(tag)
            yield f"### {tag}"
            yield inspect.cleandoc(type(example).__doc__ or "")
        yield f"```json\n{msgspec.json.format(encode(example), indent=2).decode()}\n```"


def _codes(title: str, numbers: Mapping[str, int] | Mapping[agents.ByeCode, int] | Mapping[chat.ByeCode, int]) -> str:
    return _table(("code", title), [(code, str(number)) for code, number in numbers.items()])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(root: Path = ROOT) -> None:
    """Rewrites the pages in place."""
    for name, part in PAGES.items():
        page = root / name
        page.write_text(replace_generated(page.read_text(encoding="utf-8"), part()), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
