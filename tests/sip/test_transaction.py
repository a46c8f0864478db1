"""The machines: every cell of every table is entered, and the timing of RFC 3261 table 4 is kept."""

from itertools import pairwise

import pytest

from sip.flow import Flow
from sip.message import Request, Response, parse, respond
from sip.transaction import LIFETIME, T1, T2, T4, Deliver, Failed, Output, Send, Transaction, make_cancel
from sip.transaction_tables import STARTS, TABLES, Act, Input, Kind, State
from tests.sip.rig import Peer

NOW = 50_000_000
CLIENTS = (Kind.INVITE_CLIENT, Kind.CLIENT)


def request_for(kind: Kind) -> Request:
    method = "INVITE" if kind in (Kind.INVITE_CLIENT, Kind.INVITE_SERVER) else "OPTIONS"
    request = parse(Peer().request(method, extra="Route: <sip:proxy;lr>\r\n"))
    assert isinstance(request, Request)
    return request


def response_to(request: Request, status: int) -> Response:
    response = parse(respond(request.headers, status, to_tag="t"))
    assert isinstance(response, Response)
    return response


def machine(kind: Kind, *, reliable: bool = False) -> Transaction:
    made = Transaction(kind, request_for(kind), reliable=reliable)
    made.start(NOW)
    return made


def give(made: Transaction, what: Input, now: int) -> list[Output]:
    """Cause one input from outside; a timer by waiting for it."""
    status = {"1XX": 180, "2XX": 200, "3XX": 486}.get(what.name[1:])
    if what.name.startswith("R") and status:
        return made.receive(response_to(request_for(made.kind), status), now)
    if what.name.startswith("S") and status:
        return made.respond(status, respond(request_for(made.kind).headers, status, to_tag="t"), now)
    if what is Input.REQUEST:
        return made.receive(request_for(made.kind), now)
    if what is Input.ACK:
        ack = parse(Peer(to_tag="t").request("ACK"))
        return made.receive(ack, now)
    if what is Input.TRANSPORT_FAILED:
        return made.transport_failed(now)
    raise AssertionError(what)


PATHS: dict[Kind, dict[State, tuple[Input, ...]]] = {
    Kind.INVITE_CLIENT: {
        State.CALLING: (),
        State.PROCEEDING: (Input.R1XX,),
        State.COMPLETED: (Input.R3XX,),
        State.ACCEPTED: (Input.R2XX,),
    },
    Kind.CLIENT: {State.TRYING: (), State.PROCEEDING: (Input.R1XX,), State.COMPLETED: (Input.R2XX,)},
    Kind.INVITE_SERVER: {
        State.PROCEEDING: (),
        State.ACCEPTED: (Input.S2XX,),
        State.COMPLETED: (Input.S3XX,),
        State.CONFIRMED: (Input.S3XX, Input.ACK),
    },
    Kind.SERVER: {State.TRYING: (), State.PROCEEDING: (Input.S1XX,), State.COMPLETED: (Input.S2XX,)},
}
CELLS = [(kind, state, what) for kind, table in TABLES.items() for state, row in table.items() for what in row]


@pytest.mark.parametrize(("kind", "state", "what"), CELLS, ids=lambda x: getattr(x, "value", str(x)))
def test_every_cell(kind: Kind, state: State, what: Input) -> None:
    """Bring a machine into the state, cause the input, compare the effect with the table."""
    made = machine(kind)
    for step_input in PATHS[kind][state]:
        give(made, step_input, NOW)
    assert made.state is state
    step = TABLES[kind][state][what]
    outputs = expire_only(made, what) if what.name in "ABDEFGHIJKLM" else give(made, what, NOW)
    assert made.state is step.state
    assert made.terminated == (step.state is State.TERMINATED)
    sends = sum(act.name.startswith(("SEND", "RESEND")) for act in step.acts)
    if what is Input.REQUEST and kind is Kind.INVITE_SERVER and state is State.PROCEEDING:
        sends = 0  # nothing was sent yet that could be repeated
    assert sum(isinstance(o, Send) for o in outputs) == sends
    assert sum(isinstance(o, Deliver) for o in outputs) == (Act.DELIVER in step.acts)
    failures = [o.status for o in outputs if isinstance(o, Failed)]
    assert failures == [408] * (Act.REPORT_TIMEOUT in step.acts) + [503] * (Act.REPORT_TRANSPORT in step.acts)


def expire_only(made: Transaction, what: Input) -> list[Output]:
    """Let timers fire until the wanted one does, and return what that one did."""
    for _ in range(40):
        due = made.due
        assert due is not None, f"{what} never fires"
        running = {t.value for t, when in made._timers.items() if when == due}
        outputs = made.expire(due)
        if what.value.endswith(tuple(running)) and what.name in running:
            return outputs
    raise AssertionError(what)


@pytest.mark.parametrize(("kind", "state"), [(k, s) for k, t in TABLES.items() for s in t])
def test_what_a_state_does_not_list_changes_nothing(kind: Kind, state: State) -> None:
    outside = [i for i in Input if len(i.name) > 1 and i not in TABLES[kind][state]]
    client = kind in CLIENTS
    for what in outside:
        if (what.name[0] == "S") == client or (what in (Input.REQUEST, Input.ACK) and client):
            continue
        made = machine(kind)
        for step_input in PATHS[kind][state]:
            give(made, step_input, NOW)
        before = made.due
        assert give(made, what, NOW) == []
        assert (made.state, made.due) == (state, before)


def sends_over_time(made: Transaction, until: int) -> list[int]:
    """When, counted from the start, something was sent. Microseconds."""
    times = []
    while (due := made.due) is not None and due <= NOW + until:
        times += [due - NOW for o in made.expire(due) if isinstance(o, Send)]
    return times


def test_invite_is_repeated_with_doubling_until_64_t1() -> None:
    made = machine(Kind.INVITE_CLIENT)
    assert sends_over_time(made, 2 * LIFETIME) == [T1 * (2**n - 1) for n in range(1, 7)]
    assert made.terminated


def test_other_requests_are_repeated_up_to_t2() -> None:
    made = machine(Kind.CLIENT)
    times = sends_over_time(made, 2 * LIFETIME)
    assert times[:4] == [T1, 3 * T1, 7 * T1, 15 * T1]
    assert {b - a for a, b in pairwise(times[3:])} == {T2}
    assert times[-1] < LIFETIME
    assert made.terminated


def test_a_provisional_answer_stops_the_invite_but_slows_the_others() -> None:
    invite = machine(Kind.INVITE_CLIENT)
    give(invite, Input.R1XX, NOW)
    assert invite.due is None
    other = machine(Kind.CLIENT)
    give(other, Input.R1XX, NOW)
    assert sends_over_time(other, 10_000_000) == [T1, T1 + T2, T1 + 2 * T2]


def test_a_refusal_is_repeated_until_the_ack() -> None:
    made = machine(Kind.INVITE_SERVER)
    give(made, Input.S3XX, NOW)
    assert sends_over_time(made, 4_000_000) == [T1, 3 * T1, 7 * T1]
    give(made, Input.ACK, NOW)
    assert made.due == NOW + T4


@pytest.mark.parametrize("kind", list(Kind))
def test_over_tcp_nothing_is_repeated_or_absorbed(kind: Kind) -> None:
    made = machine(kind, reliable=True)
    final = Input.R3XX if kind in CLIENTS else Input.S3XX
    if kind in CLIENTS:
        assert made.due == NOW + LIFETIME
    give(made, final, NOW)
    if kind is Kind.INVITE_SERVER:
        give(made, Input.ACK, NOW)
    made.expire(NOW)
    assert made.terminated


def test_the_ack_of_a_refusal_and_cancel_copy_the_invite() -> None:
    made = machine(Kind.INVITE_CLIENT)
    [sent, _] = give(made, Input.R3XX, NOW)
    assert isinstance(sent, Send)
    ack = parse(sent.data)
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri, ack.to.tag) == ("ACK", request_for(made.kind).uri, "t")
    assert ack.via == request_for(made.kind).via
    assert ack.headers.rows("Route") == ["<sip:proxy;lr>"]
    cancel = make_cancel(request_for(made.kind))
    assert (str(cancel.cseq), cancel.to.tag, cancel.via) == ("1 CANCEL", None, request_for(made.kind).via)


def test_flows_know_whether_they_repeat() -> None:
    assert Flow("TCP", "h", 1).reliable
    assert not Flow("UDP", "h", 1).reliable
    assert STARTS[Kind.SERVER].state is State.TRYING
