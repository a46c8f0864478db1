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


def duration(timer: Timer, previous: int, state: State, *, reliable: bool) -> int:
    """How long `timer` runs when it starts in `state`, having run `previous` last time (0: never). Microseconds."""
    if timer in _RETRANSMIT:
        if timer is Timer.E and state is State.PROCEEDING:
            return T2
        doubled = previous * 2 or T1
        return doubled if timer is Timer.A else min(doubled, T2)
    if timer in _ABSORB:
        return 0 if reliable else _ABSORB[timer]
    return LIFETIME


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
            return self._input(_response_input(message.status, sent=False), message, b"", now)
        return self._input(Input.ACK if message.method == "ACK" else Input.REQUEST, message, b"", now)

    def respond(self, status: int, data: bytes, now: int) -> list[Output]:
        """The user of a server machine answers with `data`, an encoded response of that status."""
        return self._input(_response_input(status, sent=True), None, data, now)

    def transport_failed(self, now: int) -> list[Output]:
        """The connection under the transaction broke."""
        return self._input(Input.TRANSPORT_FAILED, None, b"", now)

    @property
    def lingers(self) -> bool:
        """Whether nothing is left to come of it but that it absorbs repetitions for a while."""
        return self._timers.keys() <= _ENDS

    def expire(self, now: int) -> list[Output]:
        """Fire what is due, in order of deadline."""
        outputs: list[Output] = []
        while self._timers:
            timer = min(self._timers, key=self._timers.__getitem__)
            if self._timers[timer] > now:
                break
            del self._timers[timer]
            outputs += self._input(Input[timer.value], None, b"", now)
        self.due = min(self._timers.values(), default=None)
        return outputs

    def _input(self, what: Input, message: Message | None, data: bytes, now: int) -> list[Output]:
        steps = TABLES[self.kind].get(self.state)
        step = None if steps is None else steps.get(what)
        return [] if step is None else self._take(step, message, data, now)

    def _take(self, step: Step, message: Message | None, data: bytes, now: int) -> list[Output]:
        if step.state is not self.state:
            self.state = step.state
            if self._timers:
                self._timers = {t: due for t, due in self._timers.items() if t in step.keep}
                self.due = min(self._timers.values(), default=None)
        if step.start:
            self._start(step, now)
        return [output for act in step.acts if (output := self._act(act, message, data)) is not None]

    def _start(self, step: Step, now: int) -> None:
        for timer in step.start:
            if timer in _RETRANSMIT and self.reliable and timer is not Timer.G:
                continue
            interval = duration(timer, self._interval, step.state, reliable=self.reliable)
            if timer in _RETRANSMIT:
                self._interval = interval  # no machine has two such timers
            self._timers[timer] = now + interval
        self.due = min(self._timers.values(), default=None)

    def _act(self, act: Act, message: Message | None, data: bytes) -> Output | None:
        match act:
            case Act.SEND_RESPONSE:
                self._last = data
                return Send(data)
            case Act.DELIVER:
                return None if message is None else Deliver(message)
            case Act.SEND_REQUEST:
                return Send(self._last)
            case Act.RESEND_RESPONSE:
                return Send(self._last) if self._last else None
            case Act.SEND_ACK:
                if self._request is None or not isinstance(message, Response):
                    return None
                return Send(make_ack(self._request, message).encode())
            case Act.REPORT_TIMEOUT:
                return Failed(408)
            case Act.REPORT_TRANSPORT:
                return Failed(503)
            case _:
                assert_never(act)


def _response_input(status: int, *, sent: bool) -> Input:
    if status < 200:
        return Input.S1XX if sent else Input.R1XX
    if status < 300:
        return Input.S2XX if sent else Input.R2XX
    return Input.S3XX if sent else Input.R3XX


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
