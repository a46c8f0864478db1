"""Calls that we make: parallel INVITEs, the winner, CANCEL for the losers (RFC 3261 s.8.1, s.9.1, s.13.2). Pure.

Each contact of a phone gets an INVITE of its own with its own Call-ID, so no two answers share a dialog.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from sip.call import Call, CallState, CallTimer, Fork
from sip.context import ALLOW, MAX_ANSWERS, SDP, Context
from sip.dialog import from_response
from sip.events import CallAnswered, CallRinging
from sip.flow import Flow
from sip.headers import CSeq, NameAddr, Uri, parse_uri, parse_via
from sip.login import AUTHORIZATIONS, CHALLENGES, Login, answer
from sip.message import REASONS, Headers, Request, Response
from sip.names import row_name
from sip.refer import SUPPORTED
from sip.session_timer import agreed, asked, lengthened
from sip.transaction import LIFETIME, make_cancel

_RESERVED = frozenset(
    [
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Contact",
        "Route",
        "Record-Route",
        "Max-Forwards",
        "Content-Length",
        "Content-Type",
        "Allow",
    ]
)


class Target(Struct, frozen=True, gc=False):
    """One place to ring. `pinned` keeps the whole call on `flow`, as a registered phone behind NAT needs it."""

    uri: str
    flow: Flow
    fallback: Flow | None = None
    pinned: bool = False


class Outgoing(Struct, frozen=True):
    """What a dialled call's INVITEs say. `from_host` "": our own; `session_s` 0: no session timer is asked for."""

    from_user: str
    from_display: str
    sdp: bytes
    headers: Mapping[str, str]
    from_host: str = ""
    login: Login | None = None
    session_s: int = 0


class Uac:
    """Handles the calls that the consumer dials, until they are answered or have failed."""

    def __init__(self, context: Context) -> None:
        self._ctx = context

    def dial(self, call_id: str, targets: Sequence[Target], what: Outgoing, now: int) -> None:
        """Ring all targets at once. Raises ValueError for a header that is not the consumer's to set."""
        rows = []
        for given, value in what.headers.items():
            name = row_name(given)
            if not name or name in _RESERVED or "\r" in value or "\n" in value or "\0" in value:
                raise ValueError(f"header {given!r} cannot be set")
            rows.append((name, value))
        call = Call(call_id, CallState.DIALLING, targets[0].flow, login=what.login, local_sdp=what.sdp)
        self._ctx.calls[call_id] = call
        self._ctx.arm(call, CallTimer.NO_ANSWER, now + self._ctx.settings.ring_limit_us)
        self._ctx.count("calls_out")
        for target in targets:
            self._ring(call, target, self._request(target, what, rows), now)

    def _request(self, target: Target, what: Outgoing, rows: list[tuple[str, str]]) -> Request:
        ids = self._ctx.settings.ids
        address = str(Uri("sip", what.from_user, what.from_host or self._ctx.host))
        if what.from_host:
            parse_uri(address)
        own = NameAddr(address, what.from_display, ids())
        via, call_id = self._ctx.via(target.flow), ids()
        headers = Headers(
            [
                ("Via", via),
                ("Max-Forwards", "70"),
                ("From", str(own)),
                ("To", f"<{target.uri}>"),
                ("Call-ID", call_id),
                ("CSeq", "1 INVITE"),
                self._ctx.contact(target.flow, target.uri),
                ALLOW,
                SUPPORTED,
                self._ctx.agent_row(),
                *rows,
                *(asked(what.session_s) if what.session_s else ()),
                *([SDP] if what.sdp else []),
            ]
        )
        to, number = NameAddr(target.uri), CSeq(1, "INVITE")
        return Request("INVITE", target.uri, headers, what.sdp, parse_via(via), own, to, call_id, number)

    def _ring(self, call: Call, target: Target, request: Request, now: int) -> None:
        fork = Fork(request, target.flow, target.fallback, target.pinned, ("c", request.via.branch, "INVITE"))
        call.forks.append(fork)
        self._send(call, fork, now)

    def _send(self, call: Call, fork: Fork, now: int) -> None:
        def answered(response: Response, now: int) -> None:
            self._response(call, fork, response, now)

        def failed(status: int, now: int) -> None:
            self._failure(call, fork, status, REASONS.get(status, ""), now)

        self._ctx.layer.open_client(fork.request, fork.flow, now, answered, failed, fallback=fork.fallback)

    def _retry(self, call: Call, fork: Fork, response: Response, now: int) -> bool:
        """The same INVITE once more, with credentials (401, 407) or a longer session timer (422)."""
        if call.state is not CallState.DIALLING or fork.cancelled:
            return False
        again = None
        if response.status in CHALLENGES and call.login is not None:
            again = answer(fork.request, response, call.login, self._ctx.via(fork.flow), self._ctx.settings.ids())
        elif response.status == 422 and not fork.lengthened:
            fork.lengthened = True
            again = lengthened(fork.request, response, self._ctx.via(fork.flow))
        if again is None:
            return False
        fork.request, fork.provisional, fork.key = again, False, ("c", again.via.branch, "INVITE")
        self._send(call, fork, now)
        return True

    def _response(self, call: Call, fork: Fork, response: Response, now: int) -> None:
        if response.status >= 300:
            if not self._retry(call, fork, response, now):
                self._failure(call, fork, response.status, response.reason, now)
        elif response.status >= 200:
            self._ok(call, fork, response, now)
        else:
            first = not fork.provisional
            fork.provisional = True
            if fork.cancelled:
                if first:
                    self._send_cancel(fork, now)
            elif response.status > 100 and call.state is CallState.DIALLING:
                if response.to.tag:
                    own = fork.request
                    self._ctx.rings(call, fork, (own.call_id, own.from_.tag or "", response.to.tag))
                self._ctx.emit(CallRinging(call.id, response.status))

    def _ok(self, call: Call, fork: Fork, response: Response, now: int) -> None:
        tag = response.to.tag or ""
        if tag in fork.acks:
            self._ctx.count("ok_seen_again")
            self._ctx.send(fork.ack_flow or fork.flow, fork.acks[tag], fork.fallback)
            return
        if len(fork.acks) >= MAX_ANSWERS:
            return
        fork.done = True
        self._ctx.rings_no_more(fork)
        dialog = from_response(fork.request, response)
        won = call.state is CallState.DIALLING
        leg = call if won else Call(call.id, CallState.CLOSING, fork.flow)
        leg.peer, leg.fallback = fork.flow, fork.fallback
        leg.pinned = fork.flow if fork.pinned or fork.flow.reliable else None
        flow = self._ctx.flow_for(leg, dialog)
        # The ACK of a 2xx carries the credentials of its INVITE (s.22.1).
        proof = [row for row in fork.request.headers if row[0] in AUTHORIZATIONS] if call.login is not None else ()
        ack = dialog.request("ACK", self._ctx.via(flow), cseq=fork.request.cseq.number, extra=proof).encode()
        fork.acks[tag], fork.ack_flow = ack, flow
        self._ctx.send(flow, ack, fork.fallback)
        if won:
            call.state = CallState.UP
            self._ctx.arm(call, CallTimer.NO_ANSWER, None)
            self._ctx.bind(call, dialog)
            self._ctx.time_session(call, agreed(response.headers), now)
            self.cancel_forks(call, now)
            self._ctx.emit(CallAnswered(call.id, response.body))
        else:
            # The answer crossed our CANCEL, or came second: the extra dialog ends at once (s.13.2.2.4).
            self._ctx.count("extra_answer")
            self._ctx.ask(leg, "BYE", _ignore_response, _ignore_failure, now, dialog=dialog)
            self._settle(call)

    def _failure(self, call: Call, fork: Fork, status: int, reason: str, now: int) -> None:
        fork.done = True
        self._ctx.rings_no_more(fork)
        if call.best_failure is None or _rank(status) < _rank(call.best_failure[0]):
            call.best_failure = (status, reason)
        if status >= 600 and call.state is CallState.DIALLING:
            self.cancel_forks(call, now)
        if call.state is CallState.DIALLING and all(f.done for f in call.forks):
            self._ctx.fail(call, *call.best_failure)
        self._settle(call)

    def cancel_forks(self, call: Call, now: int) -> None:
        """Cancel every INVITE that has no final answer; before a provisional answer CANCEL must wait (s.9.1)."""
        for fork in call.forks:
            if not fork.done and not fork.cancelled:
                fork.cancelled = True
                self._ctx.arm(call, CallTimer.NO_END, now + LIFETIME)
                if fork.provisional:
                    self._send_cancel(fork, now)

    def _send_cancel(self, fork: Fork, now: int) -> None:
        cancel = make_cancel(fork.request)
        self._ctx.layer.open_client(cancel, fork.flow, now, _ignore_response, _ignore_failure, fallback=fork.fallback)

    def hang_up(self, call: Call, reason: str, now: int) -> None:
        """Give the dialled call up before it is answered."""
        self._ctx.arm(call, CallTimer.NO_ANSWER, None)
        self._ctx.end(call, "local", reason)
        self.cancel_forks(call, now)
        self._settle(call)

    def no_answer(self, call: Call, now: int) -> None:
        """The phone rang too long."""
        self._ctx.fail(call, 408, "not answered")
        self.cancel_forks(call, now)
        self._settle(call)

    def no_end(self, call: Call, now: int) -> None:  # noqa: ARG002 - every timer handler takes the time
        """No final answer came within 64 T1 of a CANCEL: the transaction counts as over (s.9.1)."""
        for fork in call.forks:
            if not fork.done:
                fork.done = True
                self._ctx.layer.abandon(fork.key)
        self._settle(call)

    def _settle(self, call: Call) -> None:
        if call.told_end and call.dialog is None and all(fork.done for fork in call.forks):
            self._ctx.forget(call)


def _rank(status: int) -> tuple[int, int]:
    """Order of failures, best first: 6xx decides, then the lowest class (RFC 3261 s.16.7)."""
    return (0 if status >= 600 else status // 100, 0)


def _ignore_response(_response: Response, _now: int) -> None:
    """The answer to a CANCEL or to the BYE of a lost fork changes nothing."""


def _ignore_failure(_status: int, _now: int) -> None:
    """As above: there is nobody left to tell."""
