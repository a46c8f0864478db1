"""Who comes follows from the seed; who was killed goes on where their history ends."""

import itertools
from pathlib import Path

from tests.failure.callers import left_behind
from tests.failure.customers import drawn, settled
from tests.failure.history import Entry
from tests.failure.layout import Layout, Mix

_clock = itertools.count(1)


def entry(who: str, what: str, **fields: object) -> Entry:
    return Entry(at=next(_clock), who=who, what=what, **fields)  # type: ignore[arg-type]


def layout(folder: Path, seed: int) -> Layout:
    return Layout(
        folder=str(folder),
        bases={},
        sips={},
        crews=(),
        key="",
        seed=seed,
        mix=Mix(letters=5, chats=3, calls=2),
        lasts_s=1.0,
        host="127.0.0.1",
        phone_ports=(),
        trunk_port=0,
    )


def test_a_seed_is_an_order(tmp_path: Path) -> None:
    first = drawn(layout(tmp_path, 1))
    assert first == drawn(layout(tmp_path, 1))
    assert first != drawn(layout(tmp_path, 2))
    assert sorted(first) == sorted(
        [("letter", n) for n in range(5)] + [("chat", n) for n in range(3)] + [("call", n) for n in range(2)]
    )


def test_what_is_settled_does_not_come_again() -> None:
    history = [
        entry("letter-1", "posted", medium="email"),
        entry("letter-2", "not_posted"),
        entry("chat-1", "posted", medium="chat"),
        entry("chat-2", "over", interaction="i"),
        entry("call-1", "answered"),
        entry("call-2", "dialling"),
    ]
    assert settled(history) == {"letter-1", "chat-2", "call-1"}


def test_calls_that_were_under_way_are_told_of() -> None:
    history = [
        entry("call-1", "dialling", ref="call-1.1"),
        entry("call-1", "failed", ref="call-1.1"),
        entry("call-1", "dialling", ref="call-1.2"),
        entry("call-1", "answered", ref="call-1.2"),
        entry("call-2", "called_back", ref="x"),
        entry("call-2", "over", ref="x"),
        entry("call-3", "dialling", ref="call-3.1"),
    ]
    assert [call.ref for call in left_behind(history)] == ["call-1.2", "call-3.1"]
