"""Draws docs/states/call.md and docs/states/phone.md from the tables: `python -m voice.states docs/states`."""

import re
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from voice import call, phone
from voice.call import CallState
from voice.phone import PhoneState

S = TypeVar("S", bound=StrEnum)

CALL_MEANING: Mapping[CallState, str] = {
    CallState.ARRIVING: "the 200 is sent, the ACK has not come",
    CallState.IVR: "the flow talks with the caller; docs/states/ivr.md has its own states",
    CallState.QUEUED: "waits with music, offered or not; the router knows which",
    CallState.JOINED: "caller and agent hear each other",
    CallState.HELD: "the agent put the caller on hold: music",
    CallState.LOST_AGENT: "the agent's media is gone and may come back: music, until the grace is over",
    CallState.ENDED: "over; nothing comes after it",
}
PHONE_MEANING: Mapping[PhoneState, str] = {
    PhoneState.DIALLING: "the phone is called; this is the offer",
    PhoneState.RINGING: "the phone says that it rings: 486 from now on is the agent's decline",
    PhoneState.ANSWERED: "the phone said 200: accepted, and joined when the router agrees",
    PhoneState.ENDED: "over; call and media leg are released",
}


def draw_call() -> str:
    """The page of a caller's call."""
    table = {(state, event.__name__): after for (state, event), after in call.TABLE.items()}
    notes = (
        "A deadline acts for the flow (which may queue or end the call), asks for the place, or gives the caller back."
    )
    return _page("a caller's call", "voice/call.py", CALL_MEANING, table, notes)


def draw_phone() -> str:
    """The page of an agent's phone leg."""
    table = {(state, event.__name__): after for (state, event), after in phone.TABLE.items()}
    notes = "An answer that comes after the offer is over, or whose SDP cannot be used, ends the leg at once."
    return _page("an agent's phone leg", "voice/phone.py", PHONE_MEANING, table, notes)


def _page(
    title: str,
    module: str,
    meaning: Mapping[S, str],
    table: Mapping[tuple[S, str], tuple[S, ...]],
    notes: str,
) -> str:
    first, last = next(iter(meaning)), list(meaning)[-1]
    lines = [f"# States of {title}", "", f"Drawn from `TABLE` in {module} by `python -m voice.states docs/states`.", ""]
    lines += [f"- **{state}**: {words}" for state, words in meaning.items()]
    lines += ["", "```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    rows = [(state, _words(event), after) for (state, event), after in table.items() if state is not last]
    for state, event, after in rows:
        lines += [f"    {state} --> {target}: {event}" for target in after]
    lines += [f"    {last} --> [*]", "```", "", "| state | event | next state |", "|---|---|---|"]
    lines += [f"| {state} | {event} | {', '.join(after)} |" for state, event, after in rows]
    lines += ["", "An event that a state does not list changes nothing there: it came late.", notes, ""]
    return "\n".join(lines)


def _words(event: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


def main(folder: Path) -> None:
    """Writes both pages."""
    (folder / "call.md").write_text(draw_call(), encoding="utf-8")
    (folder / "phone.md").write_text(draw_phone(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
