"""Transcripts and pages made by hand: each way to lose, double or disorder a message is found."""

import itertools
from collections.abc import Callable

import pytest

from tests.failure.check_chats import broken_chats
from tests.failure.history import Entry

_clock = itertools.count(1)
VISITOR, AGENT = "chat-1", "ann"
SAID = (("customer", "open", "help"), ("agent", "ann-1", "how"), ("customer", "c1", "so"), ("agent", "ann-3", "ah"))


def entry(who: str, what: str, **fields: object) -> Entry:
    return Entry(at=next(_clock), who=who, what=what, interaction="i", **fields)  # type: ignore[arg-type]


def recorded(*numbers: int) -> list[Entry]:
    """The transcript, with these of the messages above in this order."""
    lines = []
    for place, number in enumerate(numbers, 1):
        by, own, said = SAID[number - 1]
        own = f"{AGENT} {own}" if by == "agent" else own
        lines.append(entry("records", "record_line", line=place, author=by, client_id=own, text=said))
    return lines


def heard(who: str, *numbers: int) -> list[Entry]:
    reservation = "i.1" if who == AGENT else ""
    return [
        entry(
            who,
            "heard",
            reservation=reservation,
            line=number,
            author=SAID[number - 1][0],
            text=SAID[number - 1][2],
        )
        for number in numbers
    ]


def answered(number: int) -> list[Entry]:
    """The agent's message of this number, acknowledged."""
    _, own, text = SAID[number - 1]
    return [
        entry(AGENT, "saying", reservation="i.1", ref=own, client_id=own, text=text),
        entry(AGENT, "done", ref=own),
    ]


def over() -> list[Entry]:
    return [entry(VISITOR, "over")]


GOOD: dict[str, Callable[[], list[Entry]]] = {
    "nothing": list,
    "all of it": lambda: [
        *heard(VISITOR, 1, 2, 3, 4),
        *answered(2),
        *answered(4),
        *heard(AGENT, 1, 2, 3, 4),
        *over(),
        *recorded(1, 2, 3, 4),
    ],
    "a page opened anew": lambda: [*heard(VISITOR, 1, 2), *heard(VISITOR, 1, 2, 3, 4), *over(), *recorded(1, 2, 3, 4)],
    "an agent who heard of the last first": lambda: [*heard(AGENT, 1, 3, 2), *recorded(1, 2, 3)],
    "said, not acknowledged and not there": lambda: [answered(4)[0], *recorded(1, 2, 3)],
}

BAD: dict[str, tuple[str, Callable[[], list[Entry]]]] = {
    "an agent's acknowledged message is not there": ("lost", lambda: [*answered(4), *recorded(1, 2, 3)]),
    "what a visitor heard is not there": ("lost", lambda: [*heard(VISITOR, 1, 2, 3), *recorded(1, 2)]),
    "a number is missing": ("lost", lambda: [each for each in recorded(1, 2, 3) if each.line != 2]),
    "the page did not get the last": ("lost", lambda: [*heard(VISITOR, 1, 2, 3), *over(), *recorded(1, 2, 3, 4)]),
    "one number twice": ("twice", lambda: [*recorded(1, 2), *recorded(1)[:1]]),
    "one message twice": ("twice", lambda: recorded(1, 2, 2)),
    "a client id twice": (
        "twice",
        lambda: [*recorded(1, 2), entry("records", "record_line", line=3, author="customer", client_id="open")],
    ),
    "a visitor's in another order": ("order", lambda: recorded(3, 1)),
    "an answer before its question": ("order", lambda: recorded(1, 4)),
    "a page with a gap": ("order", lambda: [*heard(VISITOR, 1, 3), *recorded(1, 2, 3)]),
    "a page in another order": ("order", lambda: [*heard(VISITOR, 1, 3, 2), *recorded(1, 2, 3)]),
    "a message shown twice": ("order", lambda: [*heard(VISITOR, 1, 2, 2), *recorded(1, 2)]),
    "an agent heard what is not there": ("lost", lambda: [*heard(AGENT, 1, 2, 3), *recorded(1, 2)]),
    "another text on one side": (
        "forgotten",
        lambda: [entry(VISITOR, "heard", line=1, author="customer", text="other"), *recorded(1)],
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_may_happen_is_no_breach(name: str) -> None:
    assert broken_chats(GOOD[name]()) == []


@pytest.mark.parametrize("name", BAD)
def test_each_breach_is_found_and_nothing_else(name: str) -> None:
    kind, history = BAD[name]
    assert {breach.kind for breach in broken_chats(history())} == {kind}
