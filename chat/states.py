"""Draws docs/states/chat.md from the machine's table: `python -m chat.states docs/states`."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from chat.machine import TABLE, ChatState

MEANING: Mapping[ChatState, str] = {
    ChatState.WAITING: "in the queue, offered or not; the router knows which",
    ChatState.TALKING: "an agent has the chat",
    ChatState.PARKED: "it waits for its customer; what they say brings it back",
    ChatState.ENDED: "over; it can be read and rated",
}


def draw() -> str:
    """The page."""
    head = "Drawn from `TABLE` in chat/machine.py by `python -m chat.states docs/states`."
    lines = ["# States of a chat", "", head, ""]
    lines += [f"- **{state}**: {words}" for state, words in MEANING.items()]
    lines += ["", "```mermaid", "stateDiagram-v2", f"    [*] --> {ChatState.WAITING}"]
    rows = [(state, _words(event.__name__), after) for (state, event), after in TABLE.items()]
    lines += [f"    {state} --> {to}: {event}" for state, event, after in rows for to in after if to is not state]
    lines += [f"    {ChatState.ENDED} --> [*]", "```", "", "| state | event | next state |", "|---|---|---|"]
    lines += [f"| {state} | {event} | {', '.join(after)} |" for state, event, after in sorted(rows)]
    lines += [
        "",
        "An event that a state does not list changes nothing there: it came late. A deadline stops the sign that",
        "somebody types, lets a visitor leave who is gone too long while waiting, gives a chat back whose agent's page",
        "is gone too long, and asks for place and wait. A chat never ends by itself: whoever leaves is told to the",
        "router, and what the router commits comes back as `over`.",
        "",
    ]
    return "\n".join(lines)


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def main(folder: Path) -> None:
    """Writes the page."""
    (folder / "chat.md").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
