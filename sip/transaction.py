"""The transaction machines of RFC 3261 s.17, run from the tables in sip/transaction_tables.py.

A machine is pure: it is fed inputs with the time, and returns outputs. Times are integer microseconds.
"""

from typing import assert_never

from msgspec import Struct

from sip.headers import NameAddr
from sip.message import Headers, Message, Request, Response, make_request
from sip.transaction_tables import STARTS, TABLES, Act, Input, Kind, State, Step, Timer

T1 = 500_000
T2 = 4_000_000
T4 = 5_000_000
LIFETIME = 64 * T1


_RETRANSMIT = frozenset({Timer.A, Timer.E, Timer.G})
_ABSORB = {Timer.D: 32_000_000, Timer.I: T4, Timer.J: LIFETIME, Timer.K: T4}
_ENDS = frozenset({*_ABSORB, Timer.L, Timer.M})
# The tables in one: each input is looked up once.
_STEPS = {
    (kind, state, what): step
    for kind, table in TABLES.items()
    for state, row in table.items()
    for what, step in row.items()
}
# Where nothing is left to come but the end of the wait for repetitions.
_LINGERING = frozenset((key[0], step.state) for key, step in _STEPS.items() if step.start and {*step.start} <= _ENDS)
# By the hundreds of a status.
_RECEIVED = (Input.R1XX, Input.R1XX, Input.R2XX, *[Input.R3XX] * 4)
_SENT = (Input.S1XX, Input.S1XX, Input.S2XX, *[Input.S3XX] * 4)


class Send(Struct, frozen=True, gc=False):
    """Put these bytes on the wire."""

    data: bytes


class Deliver(Struct, frozen=True, gc=False):
    """The message goes to the transaction's user."""

    message: Message


class Failed(Struct, frozen=True, gc=False):
    """No final answer came: `status` is 408 (time-out) or 503 (transport), RFC 3261 s.8.1.3.1."""

    status: int


Output = Send | Deliver | Failed


def _again(timer: Timer, previous: int, state: State) -> int:
    """How long a timer that sends again runs in `state`, having run `previous` last time (0: never). Microseconds."""
    if timer is Timer.E and state is State.PROCEEDING:
        return T2
    doubled = previous * 2 or T1
    return doubled if timer is Timer.A else min(doubled, T2)


class Transaction:
    """One running machine. `reliable` is true over TCP, where nothing is retransmitted and nothing absorbed.

    A server's keeps its last answer and not the request: most of its life it only waits for repetitions. `due` is its
    earliest running timer, None without one.
    """

    __slots__ = ("_interval", "_last", "_request", "_timers", "due", "kind", "reliable", "state")

    def __init__(self, kind: Kind, request: Request, *, reliable: bool) -> None:
        self.kind = kind
        self._request = request if kind in (Kind.INVITE_CLIENT, Kind.CLIENT) else None
        self.reliable = reliable
        self.state = STARTS[kind].state
        self._last = b""
        self._timers: dict[Timer, int] = {}
        self._interval = 0
        self.due: int | None = None

    @property
    def terminated(self) -> bool:
        """True when the machine is done and may be forgotten."""
        return self.state is State.TERMINATED

    def start(self, now: int) -> list[Output]:
        """Enter the first state: a client sends its request; a server's user has it already."""
        if self._request is not None:
            self._last = self._request.encode()
        return self._take(STARTS[self.kind], None, b"", now)

    def receive(self, message: Message, now: int) -> list[Output]:
        """A message that matched this transaction came in."""
        if isinstance(message, Response):
            what = _RECEIVED[message.status // 100]
        else:
            what = Input.ACK if message.method == "ACK" else Input.REQUEST
        return self._take(_STEPS.get((self.kind, self.state, what)), message, b"", now)

    def respond(self, status: int, data: bytes, now: int) -> list[Output]:
        """The user of a server machine answers with `data`, an encoded response of that status."""
        return self._take(_STEPS.get((self.kind, self.state, _SENT[status // 100])), None, data, now)

    def transport_failed(self, now: int) -> list[Output]:
        """The connection under the transaction broke."""
        return self._take(_STEPS.get((self.kind, self.state, Input.TRANSPORT_FAILED)), None, b"", now)

    @property
    def lingers(self) -> bool:
        """Whether nothing is left to come of it but that it absorbs repetitions for a while."""
        return (self.kind, self.state) in _LINGERING

    def expire(self, now: int) -> list[Output]:
        """Fire what is due, in order of deadline."""
        outputs: list[Output] = []
        while self._timers:
            timer = min(self._timers, key=self._timers.__getitem__)
            if self._timers[timer] > now:
                break
            del self._timers[timer]
            outputs += self._take(_STEPS.get((self.kind, self.state, Input[timer.value])), None, b"", now)
        self.due = min(self._timers.values(), default=None)
        return outputs

    def _take(self, step: Step | None, message: Message | None, data: bytes, now: int) -> list[Output]:
        """Does what the table says; nothing where it says nothing."""
        if step is None:
            return []
        if step.start or step.state is not self.state:
            self._time(step, now)
        outputs: list[Output] = []
        for act in step.acts:
            match act:
                case Act.SEND_RESPONSE:
                    self._last = data
                    outputs.append(Send(data))
                case Act.DELIVER:
                    if message is not None:
                        outputs.append(Deliver(message))
                case Act.SEND_REQUEST | Act.RESEND_RESPONSE:
                    if self._last:
                        outputs.append(Send(self._last))
                case Act.SEND_ACK:
                    if self._request is not None and isinstance(message, Response):
                        outputs.append(Send(make_ack(self._request, message).encode()))
                case Act.REPORT_TIMEOUT | Act.REPORT_TRANSPORT:
                    outputs.append(Failed(408 if act is Act.REPORT_TIMEOUT else 503))
                case _:
                    assert_never(act)
        return outputs

    def _time(self, step: Step, now: int) -> None:
        """Enters the step's state, with its timers."""
        if step.state is not self.state:
            self.state = step.state
            self._timers = {t: due for t, due in self._timers.items() if t in step.keep} if step.keep else {}
        for timer in step.start:
            if timer in _RETRANSMIT:
                if self.reliable and timer is not Timer.G:
                    continue
                interval = self._interval = _again(timer, self._interval, step.state)  # no machine has two of them
            elif timer in _ABSORB:
                interval = 0 if self.reliable else _ABSORB[timer]
            else:
                interval = LIFETIME
            self._timers[timer] = now + interval
        self.due = min(self._timers.values()) if self._timers else None


def make_ack(request: Request, response: Response) -> Request:
    """The ACK of a 300-699 answer, which belongs to the INVITE's transaction (RFC 3261 s.17.1.1.3)."""
    return _sibling(request, "ACK", response.to)


def make_cancel(request: Request) -> Request:
    """The CANCEL of a request (RFC 3261 s.9.1)."""
    return _sibling(request, "CANCEL", request.to)


def _sibling(request: Request, method: str, to: NameAddr) -> Request:
    rows = [
        ("Via", str(request.via)),
        *((name, value) for name, value in request.headers if name == "Route"),
        ("From", request.headers.get("From") or ""),
        ("To", str(to)),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.cseq.number} {method}"),
        ("Max-Forwards", "70"),
    ]
    return make_request(method, request.uri, Headers(rows))
