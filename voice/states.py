"""Draws call.md, party.md and phone.md of docs/states from the tables: `python -m voice.states docs/states`."""

import re
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, get_args

from voice import call_table, party, phone
from voice.asked import Asked, SupervisorAsked
from voice.call_table import CallState
from voice.party import PartyState
from voice.phone import PhoneState

S = TypeVar("S", bound=StrEnum)

CALL_MEANING: Mapping[CallState, str] = {
    CallState.ARRIVING: "the 200 is sent, the ACK has not come",
    CallState.IVR: "the flow talks with the caller; docs/states/ivr.md has its own states",
    CallState.NOTICE: "is told that the call is recorded, or asked whether it may be (voice/recording.py)",
    CallState.QUEUED: "waits with music, offered or not; the router knows which",
    CallState.JOINED: "the caller and somebody hear each other",
    CallState.HELD: "an agent put the caller on hold: music",
    CallState.LOST_AGENT: "the only agent's media is gone and may come back: music, until the grace is over",
    CallState.AWAY: "a node of another shard has the call, and the caller hears that one (ADR 14)",
    CallState.ENDED: "over; nothing comes after it",
}
PARTY_MEANING: Mapping[PartyState, str] = {
    PartyState.COMING: "a work item of the call is queued, offered or ringing; a number is called",
    PartyState.HERE: "their leg is there, and they hear and are heard (unless they muted themselves)",
    PartyState.HELD: "somebody put them on hold: they hear music and nobody else",
    PartyState.AWAY: "their leg is gone and may come back",
    PartyState.GONE: "no party of this call any more",
}
PHONE_MEANING: Mapping[PhoneState, str] = {
    PhoneState.DIALLING: "the phone is called; for an agent this is the offer",
    PhoneState.RINGING: "the phone says that it rings: 486 from now on is the agent's decline",
    PhoneState.ANSWERED: "the phone said 200: for an agent accepted, and joined when the router agrees",
    PhoneState.ENDED: "over; call and media leg are released",
}


CALL_NOTES = """A deadline acts for the flow (which may queue or end the call), asks for the place, or ends
the wait for a leg.

From the queue on the state follows from where the parties stand (docs/states/party.md), in this order: the caller is on
hold: held; some agent is here: joined; one is away: lost_agent; one is coming: queued; nobody: ended."""
PARTY_NOTES = """The customer is a party too, and begins as here. A transfer makes another work item and with it a
coming party; a blind one lets the agent leave at once, a warm one puts the customer on hold first. Swap exchanges who
is on hold, a conference takes everybody off hold, completing is leaving. Two rules hold for all of them:

- **Who leaves a conversation leaves it to those who are in it, or who are coming.** The customer's leg stays until
  nobody is left. Whom the leaver had put on hold is off hold.
- **Who hears whom is one matrix**, made anew from the parties after every change (`voice/floor.py`): all who are here
  hear each other, who is muted is not heard, who is held, away or coming neither hears nor is heard.

A leg that does not come back within the grace ends that agent's assignment when somebody else is there, and otherwise
gives the customer back to the queue. A colleague who is asked by name and does not take it is called off; when it is
the customer who waits for them (a blind transfer), the item is free for everybody of the queue."""


def draw_call() -> str:
    """The page of a caller's call."""
    asked = get_args(Asked | SupervisorAsked)  # one row for all that people may ask
    table = {
        (state, "Asked" if event in asked else event.__name__): after
        for (state, event), after in call_table.TABLE.items()
    }
    return _page("a caller's call", "voice/call_table.py", CALL_MEANING, table, CALL_NOTES)


def draw_party() -> str:
    """The page of a party of a conversation."""
    table = {(state, cause.value): (after,) for (state, cause), after in party.TABLE.items()}
    return _page("a party of a conversation", "voice/party.py", PARTY_MEANING, table, PARTY_NOTES)


def draw_phone() -> str:
    """The page of an agent's phone leg."""
    table = {(state, event.__name__): after for (state, event), after in phone.TABLE.items()}
    notes = "An answer that comes after the offer is over, or whose SDP cannot be used, ends the leg at once."
    return _page("a leg that we dial: an agent's phone, or a number", "voice/phone.py", PHONE_MEANING, table, notes)


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
    lines += ["", "What a state does not list changes nothing there: it came late.", notes, ""]
    return "\n".join(lines)


def _words(event: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


def main(folder: Path) -> None:
    """Writes the pages."""
    (folder / "call.md").write_text(draw_call(), encoding="utf-8")
    (folder / "party.md").write_text(draw_party(), encoding="utf-8")
    (folder / "phone.md").write_text(draw_phone(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
