"""The transition tables of the four transaction machines: RFC 3261 s.17 with RFC 6026's Accepted state.

`TABLES` is the whole behaviour; sip/transaction.py runs it and docs/states/sip-transactions.md is drawn from it.
A change of state stops every timer that the step does not name in `keep`.
"""

from dataclasses import dataclass
from enum import Enum


class _Word(Enum):
    """Hashed by identity, without a line of Python: the machines look words up with every message."""

    __hash__ = object.__hash__


class Kind(_Word):
    """Which of the four machines."""

    INVITE_CLIENT = "INVITE client"
    CLIENT = "non-INVITE client"
    INVITE_SERVER = "INVITE server"
    SERVER = "non-INVITE server"


class State(_Word):
    """States of all four machines."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    ACCEPTED = "Accepted"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Timer(_Word):
    """Timers of RFC 3261 table 4 and RFC 6026 (L, M)."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741 - the RFC's letter
    J = "J"
    K = "K"
    L = "L"
    M = "M"


class Input(_Word):
    """What can happen to a machine."""

    R1XX = "1xx received"
    R2XX = "2xx received"
    R3XX = "300-699 received"
    REQUEST = "request repeated"
    ACK = "ACK received"
    S1XX = "1xx from the user"
    S2XX = "2xx from the user"
    S3XX = "300-699 from the user"
    A = "timer A"
    B = "timer B"
    D = "timer D"
    E = "timer E"
    F = "timer F"
    G = "timer G"
    H = "timer H"
    I = "timer I"  # noqa: E741 - the RFC's letter
    J = "timer J"
    K = "timer K"
    L = "timer L"
    M = "timer M"
    TRANSPORT_FAILED = "transport failed"


class Act(_Word):
    """What a step makes the machine do."""

    SEND_REQUEST = "send the request"
    SEND_RESPONSE = "send the response"
    RESEND_RESPONSE = "send the last response again"
    SEND_ACK = "send ACK"
    DELIVER = "tell the user"
    REPORT_TIMEOUT = "report time-out"
    REPORT_TRANSPORT = "report transport failure"


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of a table: the next state, what is done, which timers start and which survive the change."""

    state: State
    acts: tuple[Act, ...] = ()
    start: tuple[Timer, ...] = ()
    keep: tuple[Timer, ...] = ()


_END = Step(State.TERMINATED)
_TIMED_OUT = Step(State.TERMINATED, (Act.REPORT_TIMEOUT,))
_BROKEN = Step(State.TERMINATED, (Act.REPORT_TRANSPORT,))

Table = dict[State, dict[Input, Step]]

INVITE_CLIENT: Table = {
    State.CALLING: {
        Input.A: Step(State.CALLING, (Act.SEND_REQUEST,), (Timer.A,)),
        Input.B: _TIMED_OUT,
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.R1XX: Step(State.PROCEEDING, (Act.DELIVER,)),
        Input.R2XX: Step(State.ACCEPTED, (Act.DELIVER,), (Timer.M,)),
        Input.R3XX: Step(State.COMPLETED, (Act.SEND_ACK, Act.DELIVER), (Timer.D,)),
    },
    State.PROCEEDING: {
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.R1XX: Step(State.PROCEEDING, (Act.DELIVER,)),
        Input.R2XX: Step(State.ACCEPTED, (Act.DELIVER,), (Timer.M,)),
        Input.R3XX: Step(State.COMPLETED, (Act.SEND_ACK, Act.DELIVER), (Timer.D,)),
    },
    State.COMPLETED: {
        Input.R3XX: Step(State.COMPLETED, (Act.SEND_ACK,)),
        Input.TRANSPORT_FAILED: _END,
        Input.D: _END,
    },
    State.ACCEPTED: {
        Input.R2XX: Step(State.ACCEPTED, (Act.DELIVER,)),
        Input.M: _END,
    },
}

CLIENT: Table = {
    State.TRYING: {
        Input.E: Step(State.TRYING, (Act.SEND_REQUEST,), (Timer.E,)),
        Input.F: _TIMED_OUT,
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.R1XX: Step(State.PROCEEDING, (Act.DELIVER,), (), (Timer.E, Timer.F)),
        Input.R2XX: Step(State.COMPLETED, (Act.DELIVER,), (Timer.K,)),
        Input.R3XX: Step(State.COMPLETED, (Act.DELIVER,), (Timer.K,)),
    },
    State.PROCEEDING: {
        Input.E: Step(State.PROCEEDING, (Act.SEND_REQUEST,), (Timer.E,)),
        Input.F: _TIMED_OUT,
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.R1XX: Step(State.PROCEEDING, (Act.DELIVER,)),
        Input.R2XX: Step(State.COMPLETED, (Act.DELIVER,), (Timer.K,)),
        Input.R3XX: Step(State.COMPLETED, (Act.DELIVER,), (Timer.K,)),
    },
    State.COMPLETED: {Input.K: _END},
}

INVITE_SERVER: Table = {
    State.PROCEEDING: {
        Input.REQUEST: Step(State.PROCEEDING, (Act.RESEND_RESPONSE,)),
        Input.S1XX: Step(State.PROCEEDING, (Act.SEND_RESPONSE,)),
        Input.S2XX: Step(State.ACCEPTED, (Act.SEND_RESPONSE,), (Timer.L,)),
        Input.S3XX: Step(State.COMPLETED, (Act.SEND_RESPONSE,), (Timer.G, Timer.H)),
        Input.TRANSPORT_FAILED: _BROKEN,
    },
    State.ACCEPTED: {
        # The user repeats a 2xx until the ACK, which comes to it and not to the machine (RFC 6026 s.7.1).
        Input.REQUEST: Step(State.ACCEPTED),
        Input.ACK: Step(State.ACCEPTED, (Act.DELIVER,)),
        Input.S2XX: Step(State.ACCEPTED, (Act.SEND_RESPONSE,)),
        Input.L: _END,
    },
    State.COMPLETED: {
        Input.REQUEST: Step(State.COMPLETED, (Act.RESEND_RESPONSE,)),
        Input.G: Step(State.COMPLETED, (Act.RESEND_RESPONSE,), (Timer.G,)),
        Input.H: _TIMED_OUT,
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.ACK: Step(State.CONFIRMED, (), (Timer.I,)),
    },
    State.CONFIRMED: {
        Input.REQUEST: Step(State.CONFIRMED),
        Input.ACK: Step(State.CONFIRMED),
        Input.I: _END,
    },
}

SERVER: Table = {
    State.TRYING: {
        Input.REQUEST: Step(State.TRYING),
        Input.S1XX: Step(State.PROCEEDING, (Act.SEND_RESPONSE,)),
        Input.S2XX: Step(State.COMPLETED, (Act.SEND_RESPONSE,), (Timer.J,)),
        Input.S3XX: Step(State.COMPLETED, (Act.SEND_RESPONSE,), (Timer.J,)),
    },
    State.PROCEEDING: {
        Input.REQUEST: Step(State.PROCEEDING, (Act.RESEND_RESPONSE,)),
        Input.S1XX: Step(State.PROCEEDING, (Act.SEND_RESPONSE,)),
        Input.S2XX: Step(State.COMPLETED, (Act.SEND_RESPONSE,), (Timer.J,)),
        Input.S3XX: Step(State.COMPLETED, (Act.SEND_RESPONSE,), (Timer.J,)),
        Input.TRANSPORT_FAILED: _BROKEN,
    },
    State.COMPLETED: {
        Input.REQUEST: Step(State.COMPLETED, (Act.RESEND_RESPONSE,)),
        Input.TRANSPORT_FAILED: _BROKEN,
        Input.J: _END,
    },
}

TABLES: dict[Kind, Table] = {
    Kind.INVITE_CLIENT: INVITE_CLIENT,
    Kind.CLIENT: CLIENT,
    Kind.INVITE_SERVER: INVITE_SERVER,
    Kind.SERVER: SERVER,
}
STARTS: dict[Kind, Step] = {
    Kind.INVITE_CLIENT: Step(State.CALLING, (Act.SEND_REQUEST,), (Timer.A, Timer.B)),
    Kind.CLIENT: Step(State.TRYING, (Act.SEND_REQUEST,), (Timer.E, Timer.F)),
    Kind.INVITE_SERVER: Step(State.PROCEEDING, (Act.DELIVER,)),
    Kind.SERVER: Step(State.TRYING, (Act.DELIVER,)),
}


def draw_tables() -> str:
    """All tables as Markdown: the content of docs/states/sip-transactions.md."""
    lines = [
        "# SIP transaction machines",
        "",
        "Drawn from `TABLES` in sip/transaction_tables.py by `draw_tables()`; a test compares this page with the code.",
        "RFC 3261 s.17 with the Accepted state of RFC 6026. An input that a state does not list changes nothing.",
        "A change of state stops every timer that is not named under kept. T1 = 0.5 s, T2 = 4 s, T4 = 5 s; A doubles",
        "from T1; E and G double from T1 up to T2 (E is T2 in Proceeding); B, F, H, L, M = 64 T1; D = 32 s,",
        "I and K = T4, J = 64 T1, and these four are 0 over TCP, where A and E do not run.",
    ]
    for kind, table in TABLES.items():
        first = STARTS[kind]
        lines += ["", f"## {kind.value}", "", f"Starts in {first.state.value}: {_describe(first)}.", ""]
        lines += ["| state | input | next state | does | starts | keeps |", "|---|---|---|---|---|---|"]
        for state, row in table.items():
            for what, step in row.items():
                cells = (
                    state.value,
                    what.value,
                    step.state.value,
                    ", ".join(a.value for a in step.acts),
                    ", ".join(t.value for t in step.start),
                    ", ".join(t.value for t in step.keep),
                )
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _describe(step: Step) -> str:
    done = ", ".join(act.value for act in step.acts)
    return f"{done}; timers {', '.join(t.value for t in step.start)}" if step.start else done
