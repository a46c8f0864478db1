"""Calls made by hand: a lost one is found, whatever it ended as; what its caller or a queue's rule did is none."""

import itertools
from collections.abc import Callable

import pytest

from tests.failure.check_calls import lost_calls
from tests.failure.history import Entry
from tests.failure.layout import CALLED_BACK

_clock = itertools.count(1)
NUMBER, KEY = "075500001", "call-1"


def entry(who: str, what: str, **fields: object) -> Entry:
    return Entry(at=next(_clock), who=who, what=what, **fields)  # type: ignore[arg-type]


def called(queue: str = "calls_end", *, answered: bool = True) -> list[Entry]:
    dialled = [entry(KEY, "dialling", node="n1", number=NUMBER, queue=queue, ref="call-1.1")]
    told = [entry(KEY, "answered", node="n1", number=NUMBER, queue=queue, ref="call-1.1")]
    return [*dialled, *told] if answered else dialled


def own(what: str) -> list[Entry]:
    return [entry(KEY, what, ref="call-1.1")]


def served(item: str = "i") -> list[Entry]:
    return [entry("ann", "assigned", interaction=item, reservation=f"{item}.1", medium="voice", text="connected")]


def down(node: str = "n1") -> list[Entry]:
    return [entry(node, "down", text="killed")]


def record(
    outcome: str, item: str = "i", queue: str = "calls_end", by: str = "4300", number: str = NUMBER, queued: int = 5
) -> list[Entry]:
    return [
        entry(
            "records",
            "record",
            interaction=item,
            medium="voice",
            text="closed",
            command=outcome,
            queue=queue,
            reason=by,
            node="n1.2",
            number=number,
            from_us=queued,
        )
    ]


GOOD: dict[str, Callable[[], list[Entry]]] = {
    "nothing": list,
    "handled": lambda: [*called(), *served(), *record("handled")],
    "given up": lambda: [*called(), *own("hung_up"), *record("abandoned")],
    "the caller's process was killed": lambda: [*called(), *own("gone"), *record("abandoned")],
    "not answered in time, and taken all the same": lambda: [
        *called(answered=False),
        *own("failed"),
        *record("abandoned"),
    ],
    "left at the record with its node": lambda: [*called(), *down(), *record("node_lost")],
    "answered by a node that fell before it was in any queue": lambda: [*called(), *down()],
    "called back": lambda: [
        *called(CALLED_BACK),
        *down(),
        *record("node_lost", queue=CALLED_BACK),
        *served("i-again"),
        *record("handled", "i-again", CALLED_BACK, "callback"),
    ],
    "called back by a node that fell too": lambda: [
        *called(CALLED_BACK),
        *down(),
        *record("node_lost", queue=CALLED_BACK),
        *record("node_lost", "i-again", CALLED_BACK, "callback"),
    ],
    "its agent had ended it before its node fell": lambda: [
        *called(CALLED_BACK),
        *served(),
        entry("ann", "asked", command="HangUp", interaction="i", reservation="i.1", ref="h"),
        *down(),
        *record("node_lost", queue=CALLED_BACK),
    ],
    "lost before it was in a queue": lambda: [
        *called(CALLED_BACK),
        *down(),
        *record("node_lost", queue=CALLED_BACK, queued=0),
    ],
}

BAD: dict[str, Callable[[], list[Entry]]] = {
    "answered, and there is no record": called,
    "handled by nobody": lambda: [*called(), *record("handled")],
    "left before it was in a queue, by nobody": lambda: [*called(), *record("left_in_ivr", queued=0)],
    "given up by nobody": lambda: [*called(), *record("abandoned")],
    "lost with a node that nobody touched": lambda: [*called(), *record("node_lost")],
    "lost with a node that fell before": lambda: [*down(), *called(), *record("node_lost")],
    "lost with another node's fall": lambda: [*called(), *down("n2"), *record("node_lost")],
    "not called back": lambda: [*called(CALLED_BACK), *down(), *record("node_lost", queue=CALLED_BACK)],
    "called back, and not reached although they were there": lambda: [
        *called(CALLED_BACK),
        *down(),
        *record("node_lost", queue=CALLED_BACK),
        *record("unreached", "i-again", CALLED_BACK, "callback"),
    ],
    "sent away": lambda: [*called(), *record("diverted")],
    "of nobody": lambda: record("handled", number=""),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_may_happen_is_no_breach(name: str) -> None:
    assert lost_calls(GOOD[name]()) == []


@pytest.mark.parametrize("name", BAD)
def test_each_lost_call_is_found(name: str) -> None:
    assert [breach.kind for breach in lost_calls(BAD[name]())] == ["lost"]
