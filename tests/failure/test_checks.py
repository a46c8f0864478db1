"""The checks find each kind of breach in histories made by hand, and nothing in a good one."""

import itertools
from collections.abc import Callable

import pytest

from tests.failure import checks
from tests.failure.checks import check
from tests.failure.history import Entry

CAPACITY = {"email": 2, "chat": 2, "voice": 1, "total": 2}
_clock = itertools.count(1)


def entry(who: str, what: str, **fields: object) -> Entry:
    """The next thing that happens."""
    return Entry(at=next(_clock), who=who, what=what, **fields)  # type: ignore[arg-type]


def posted(key: str, item: str, queue: str = "mail") -> list[Entry]:
    return [entry(key, "posting", queue=queue), entry(key, "posted", interaction=item)]


def offered(agent: str, item: str, at: int = 0) -> list[Entry]:
    return [entry(agent, "offered", reservation=f"{item}.1", interaction=item, offered_us=at or next(_clock))]


def asked(agent: str, command: str, item: str, answer: str = "done", **fields: object) -> list[Entry]:
    ref = f"{command} {item}"
    found = [entry(agent, "asked", command=command, reservation=f"{item}.1", interaction=item, ref=ref, **fields)]
    return [*found, entry(agent, answer, ref=ref)] if answer else found


def handled(agent: str, item: str, disposition: str = "resolved") -> list[Entry]:
    """From the offer to the end, all of it acknowledged."""
    return [
        *offered(agent, item),
        *asked(agent, "Accept", item),
        entry(agent, "assigned", reservation=f"{item}.1", interaction=item, text="connected"),
        *asked(agent, "HangUp", item),
        entry(agent, "wrap_up", reservation=f"{item}.1", interaction=item),
        *asked(agent, "FinishWrapUp", item, disposition=disposition),
        entry(agent, "wrap_up_ended", reservation=f"{item}.1", disposition=disposition),
    ]


def snapshot(agent: str, *held: tuple[str, str], presence: str = "ready", reason: str = "") -> list[Entry]:
    shown = tuple((reservation, stage, "email") for reservation, stage in held)
    return [entry(agent, "connected"), entry(agent, "snapshot", presence=presence, reason=reason, held=shown)]


def chat(key: str, item: str) -> list[Entry]:
    """Opened, and acknowledged to its visitor."""
    return [entry(key, "posting", queue="talk", medium="chat"), entry(key, "posted", interaction=item, medium="chat")]


def rung(agent: str, item: str, medium: str) -> list[Entry]:
    return [entry(agent, "offered", reservation=f"{item}.1", interaction=item, medium=medium, offered_us=next(_clock))]


def talked(agent: str, item: str, number: int, from_us: int, to_us: int) -> list[Entry]:
    """What an agent was told of a call, and what the records say of it."""
    both = {"reservation": f"{item}.{number}", "interaction": item}
    return [
        entry(agent, "assigned", text="connected", medium="voice", **both),
        entry(agent, "record_offer", from_us=from_us, to_us=to_us, offered_us=from_us, **both),
        entry(agent, "withdrawn", **both),
    ]


def record(
    item: str,
    state: str = "closed",
    outcome: str = "handled",
    disposition: str = "resolved",
    medium: str = "email",
    number: str = "",
) -> list[Entry]:
    return [
        entry(
            "records",
            "record",
            interaction=item,
            text=state,
            command=outcome,
            disposition=disposition,
            medium=medium,
            number=number,
        ),
        *[entry(agent, "reached") for agent in ("ann", "bob")],
    ]


def declared(agent: str) -> list[Entry]:
    lunch = entry(agent, "asked", command="SetPresence", presence="not_ready", reason="lunch", ref="p")
    return [lunch, entry(agent, "presence", presence="not_ready", reason="lunch"), entry(agent, "done", ref="p")]


GOOD: dict[str, Callable[[], list[Entry]]] = {
    "nothing": list,
    "handled": lambda: [*snapshot("ann"), *posted("k", "i"), *handled("ann", "i"), *record("i")],
    "handled before its program knew": lambda: [
        entry("k", "posting", queue="mail"),
        *handled("ann", "i"),
        entry("k", "posted", interaction="i"),
        entry("k", "posted", interaction="i"),
        *record("i"),
    ],
    "carried over a lost connection": lambda: [
        *posted("k", "i"),
        *offered("ann", "i"),
        *asked("ann", "Accept", "i"),
        *snapshot("ann", ("i.1", "connected")),
        *asked("ann", "HangUp", "i", answer=""),
        *snapshot("ann", ("i.1", "wrap_up")),
        *asked("ann", "FinishWrapUp", "i", answer="", disposition="refund"),
        *snapshot("ann"),
        *record("i", disposition="refund"),
    ],
    "an unanswered accept that had no effect": lambda: [
        *offered("ann", "i"),
        *asked("ann", "Accept", "i", answer=""),
        *snapshot("ann"),
        *record("i"),
    ],
    "a reason that stays": lambda: [
        *declared("ann"),
        *snapshot("ann", presence="not_ready", reason="lunch"),
        *record("i"),
    ],
    "two at once, in either order": lambda: [
        entry("k1", "posting", queue="mail"),
        entry("k2", "posting", queue="mail"),
        entry("k1", "posted", interaction="i1"),
        entry("k2", "posted", interaction="i2"),
        *handled("ann", "i2"),
        *handled("ann", "i1"),
        *record("i1"),
        *record("i2"),
    ],
    "a chat that its visitor left": lambda: [
        *chat("chat-1", "i"),
        entry("chat-1", "leaving"),
        entry("chat-1", "over", interaction="i"),
        *record("i", outcome="abandoned"),
    ],
    "a call on from one agent to the next": lambda: [
        *talked("ann", "i", 1, 10, 20),
        *talked("bob", "i", 2, 20, 30),
        *record("i", medium="voice", outcome="handled", number="1"),
    ],
    "a call that is back in its queue": lambda: [
        *talked("ann", "i", 1, 10, 20),
        *snapshot("ann"),
        *record("i", medium="voice", outcome="handled", number="1"),
    ],
    "first offered to one who was gone": lambda: [
        *posted("k1", "i1"),
        *posted("k2", "i2"),
        *handled("ann", "i2"),
        *handled("bob", "i1"),
        entry("ann", "record_offer", interaction="i1", reservation="i1.0", offered_us=1),
        *record("i1"),
        *record("i2"),
    ],
}

BAD: dict[str, tuple[str, Callable[[], list[Entry]]]] = {
    "no record": ("lost", lambda: posted("k", "i")),
    "ended without an agent": ("lost", lambda: [*posted("k", "i"), *record("i", outcome="cancelled")]),
    "handled by nobody": ("lost", lambda: [*posted("k", "i"), *record("i")]),
    "never closed": ("stuck", lambda: [*posted("k", "i"), *offered("ann", "i"), *record("i", state="waiting")]),
    "an agent who gets nothing": ("stuck", lambda: [*snapshot("cho"), *record("i")]),
    "two items of one key": (
        "twice",
        lambda: [*posted("k", "i"), *posted("k", "j"), *handled("ann", "i"), *record("i")],
    ),
    "two agents": (
        "twice",
        lambda: [
            *posted("k", "i"),
            *handled("ann", "i"),
            entry("bob", "assigned", reservation="i.2", interaction="i", text="connected"),
            *record("i"),
        ],
    ),
    "the same agent, twice": (
        "twice",
        lambda: [
            *handled("ann", "i"),
            entry("ann", "asked", command="Accept", reservation="i.2", interaction="i", ref="x"),
            entry("ann", "done", ref="x"),
            *record("i"),
        ],
    ),
    "more than there is room for": (
        "overfull",
        lambda: [*offered("ann", "i"), *offered("ann", "j"), *offered("ann", "l"), *record("i")],
    ),
    "more than there is room for, on a new page": (
        "overfull",
        lambda: [*snapshot("ann", ("i.1", "offered"), ("j.1", "offered"), ("l.1", "connected")), *record("i")],
    ),
    "a chat whose visitor was not told of the end": (
        "stuck",
        lambda: [*chat("chat-1", "i"), *talked("ann", "i", 1, 10, 20), *record("i", medium="chat")],
    ),
    "a chat given up by nobody": (
        "lost",
        lambda: [*chat("chat-1", "i"), entry("chat-1", "over", interaction="i"), *record("i", outcome="abandoned")],
    ),
    "a call with two agents": (
        "twice",
        lambda: [
            *talked("ann", "i", 1, 10, 20),
            *talked("bob", "i", 2, 15, 30),
            *record("i", medium="voice", number="1"),
        ],
    ),
    "a call with two agents, one of them for ever": (
        "twice",
        lambda: [
            *talked("ann", "i", 1, 10, 0),
            *talked("bob", "i", 2, 15, 30),
            *record("i", medium="voice", number="1"),
        ],
    ),
    "a call with an agent of whom the records know nothing": (
        "lost",
        lambda: [*talked("ann", "i", 1, 10, 20)[:1], *record("i", medium="voice", number="1")],
    ),
    "two calls": ("overfull", lambda: [*rung("ann", "i", "voice"), *rung("ann", "j", "voice"), *record("i")]),
    "a letter, a chat and a call": (
        "overfull",
        lambda: [*rung("ann", "i", "voice"), *rung("ann", "j", "chat"), *rung("ann", "l", "email"), *record("i")],
    ),
    "an accepted item that is gone": (
        "forgotten",
        lambda: [*offered("ann", "i"), *asked("ann", "Accept", "i"), *snapshot("ann"), *record("i")],
    ),
    "an accepted item that is offered again": (
        "forgotten",
        lambda: [*asked("ann", "Accept", "i"), *snapshot("ann", ("i.1", "offered")), *record("i")],
    ),
    "a finished item that is back": (
        "forgotten",
        lambda: [*handled("ann", "i"), *snapshot("ann", ("i.1", "wrap_up")), *record("i")],
    ),
    "another disposition": ("forgotten", lambda: [*handled("ann", "i", "refund"), *record("i")]),
    "a reason that is gone": ("forgotten", lambda: [*declared("ann"), *snapshot("ann"), *record("i")]),
    "overtaken": (
        "order",
        lambda: [
            *posted("k1", "i1"),
            *posted("k2", "i2"),
            *handled("ann", "i2"),
            *handled("ann", "i1"),
            *record("i1"),
            *record("i2"),
        ],
    ),
    "a node that fell over": ("crash", lambda: [entry("n1", "ended", text="ReplicaDivergedError: ...")]),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_may_happen_is_no_breach(name: str) -> None:
    assert check(GOOD[name](), CAPACITY) == []


@pytest.mark.parametrize("name", BAD)
def test_each_breach_is_found_and_nothing_else(name: str) -> None:
    kind, history = BAD[name]
    assert {breach.kind for breach in check(history(), CAPACITY)} == {kind}


def test_every_check_has_a_bad_history() -> None:
    assert {kind for kind, _ in BAD.values()} == {"lost", "stuck", "twice", "overfull", "forgotten", "order", "crash"}
    assert checks.STAGES[0] == "offered"
