"""What was said in a chat: acknowledged messages are there once and in order, on both sides and in the transcript."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.failure.breach import Breach
from tests.failure.history import Entry

Transcript = dict[int, Entry]


def broken_chats(history: Sequence[Entry]) -> list[Breach]:
    """Checks over the entries of all chats, by time."""
    transcripts: dict[str, Transcript] = defaultdict(dict)
    doubled = []
    for entry in history:
        if entry.what == "record_line":
            if entry.line in transcripts[entry.interaction]:
                doubled.append(Breach("twice", f"{entry.interaction} has two messages {entry.line}"))
            transcripts[entry.interaction][entry.line] = entry
    found = [breach for item, lines in transcripts.items() for breach in _disorder(item, lines)]
    for further in (_unsaid, _heard, _gaps):
        found += further(history, transcripts)
    return doubled + found


def _disorder(item: str, lines: Transcript) -> Iterable[Breach]:
    """Numbered without a gap, each thing said once, and each side's in the order in which it was said."""
    if sorted(lines) != list(range(1, len(lines) + 1)):
        yield Breach("lost", f"the transcript of {item} has the numbers {sorted(lines)}")
    said: dict[tuple[str, str], int] = {}
    last = 0
    for number, line in sorted(lines.items()):
        if line.author == "system":
            continue
        for what in (("text", line.text), ("client id", f"{line.author} {line.client_id}")):
            if what in said:
                yield Breach("twice", f"{item}: message {number} is message {said[what]} again")
            said[what] = number
        if line.author == "customer":
            turn = _turn(line.client_id)
            if turn < last:
                yield Breach("order", f"{item}: {line.client_id} stands behind what its visitor said later")
            last = turn
        elif _turn(line.client_id) >= number:
            yield Breach("order", f"{item}: message {number} answers one that stands behind it")


def _turn(client_id: str) -> int:
    """Visitors count what they say; an agent's client id ends with the number of the message that it answers."""
    digits = client_id.rpartition("-")[2].removeprefix("c")
    return int(digits) if digits.isdigit() else 0


def _unsaid(history: Sequence[Entry], transcripts: dict[str, Transcript]) -> Iterable[Breach]:
    """What an agent was told is said is in the transcript. A visitor is told by hearing it."""
    asked: dict[tuple[str, str], Entry] = {}
    for entry in history:
        if entry.what == "saying" and entry.reservation:
            asked[entry.who, entry.ref] = entry
        elif entry.what == "done" and (said := asked.pop((entry.who, entry.ref), None)) is not None:
            own = f"{said.who} {said.client_id}"
            lines = transcripts[said.interaction].values()
            if not any((line.client_id, line.text) == (own, said.text) for line in lines):
                yield Breach("lost", f"{said.who} said {said.client_id} in {said.interaction}, which is not there")


def _heard(history: Sequence[Entry], transcripts: dict[str, Transcript]) -> Iterable[Breach]:
    """Whatever anybody had on their page is what the transcript has at that place."""
    for entry in history:
        if entry.what != "heard":
            continue
        line = transcripts[entry.interaction].get(entry.line)
        if line is None:
            yield Breach("lost", f"{entry.who} heard message {entry.line} of {entry.interaction}, which is not there")
        elif (line.author, line.text) != (entry.author, entry.text):
            yield Breach("forgotten", f"{entry.who} heard another message {entry.line} of {entry.interaction}")


def _gaps(history: Sequence[Entry], transcripts: dict[str, Transcript]) -> Iterable[Breach]:
    """A visitor's page shows one message after the other, and at the chat's end all of them.

    A page that is opened anew begins with the first. An agent's puts each message in its place, by its number: what
    comes from another node may come in any order.
    """
    pages: dict[tuple[str, str], int] = defaultdict(int)
    for entry in history:
        page = entry.who, entry.interaction
        if entry.what == "heard" and not entry.reservation:
            if entry.line not in (pages[page] + 1, 1):
                yield Breach("order", f"{entry.who} heard message {entry.line} of {page[1]} after {pages[page]}")
            pages[page] = entry.line
        elif entry.what == "over" and entry.interaction and pages[page] != len(transcripts[entry.interaction]):
            yield Breach("lost", f"{entry.who} saw {pages[page]} of {len(transcripts[entry.interaction])} messages")
