"""What the parts of the user agent share: calls, dialogs, the transaction layer, timers, events and counters.

Pure: bytes leave through `send`, events gather in `events`, ids come from the settings.
"""

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import Literal

from sip.call import Call, CallState, CallTimer, Fork
from sip.deadlines import Alarm, Deadlines
from sip.dialog import Dialog, DialogKey
from sip.events import CallCancelled, CallEnded, CallFailed, SipEvent
from sip.flow import Flow, fallback_flow, flow_to_text, reply_flow
from sip.guard import Guard
from sip.headers import MAGIC_COOKIE, Malformed
from sip.layer import Layer, OnFailure, OnResponse, SendBytes
from sip.login import CHALLENGES, answer
from sip.message import Headers, MalformedRequest, Request, Response, respond
from sip.session_timer import Session
from sip.settings import Settings

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER, REFER, NOTIFY")
ACCEPT = ("Accept", "application/sdp, application/dtmf-relay, application/dtmf")
SDP = ("Content-Type", "application/sdp")
MAX_ANSWERS = 8  # dialogs that one INVITE of ours may make, where a proxy forks it


class Context:
    """Shared state of one user agent. `port` and `tls_port` are set when the sockets are bound.

    `domains` are those that phones have registered at, `early` the dialogs of calls that we ring.
    """

    def __init__(self, settings: Settings, send: SendBytes) -> None:
        self.settings = settings
        self.host = settings.advertise or settings.host
        self.port = settings.port
        self.tls_port = settings.tls_port or 0
        self.send = send
        self.alarm = Alarm()
        self.layer = Layer(send, settings.max_transactions, self.alarm)
        self.guard = Guard(settings.guard)
        self.calls: dict[str, Call] = {}
        self.dialogs: dict[DialogKey, Call] = {}
        self.early: dict[DialogKey, Call] = {}
        self.timers: Deadlines[tuple[str, CallTimer]] = Deadlines(self.alarm)
        self.events: deque[SipEvent] = deque()
        self.counters: dict[str, int] = {}
        self.domains: set[str] = set()
        self._server = ("Server", settings.user_agent)
        self._agent = ("User-Agent", settings.user_agent)

    def is_ours(self, host: str) -> bool:
        """Whether a URI with this host means us: our own addresses, and the domains that phones register at."""
        return host in (self.host, self.settings.host, self.settings.realm) or host in self.domains

    def count(self, name: str) -> None:
        """Count a fact. Names come from the code, never from the wire, so their number is bounded."""
        self.counters[name] = self.counters.get(name, 0) + 1

    def emit(self, event: SipEvent) -> None:
        """Queue an event for the consumer."""
        self.events.append(event)

    def via(self, flow: Flow) -> str:
        """A fresh Via for a request to `flow`."""
        branch = f"{MAGIC_COOKIE}{self.settings.ids()}"
        return f"SIP/2.0/{flow.transport} {self.host}:{self._port(flow)};branch={branch};rport"

    def contact(self, flow: Flow, uri: str) -> tuple[str, str]:
        """Our Contact header for the peer on `flow`; sips when the request's `uri` is (RFC 3261 s.8.1.1.8)."""
        address = f"{self.host}:{self._port(flow)}"
        if flow.transport == "UDP":
            return ("Contact", f"<sip:{address}>")
        if flow.secure and uri[:5].lower() == "sips:":
            return ("Contact", f"<sips:{address}>")
        return ("Contact", f"<sip:{address};transport={flow.transport.lower()}>")

    def _port(self, flow: Flow) -> int:
        return self.tls_port if flow.transport == "TLS" else self.port

    def response(
        self,
        request: Request,
        status: int,
        *,
        tag: str | None = None,
        reason: str | None = None,
        extra: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> bytes:
        """An encoded response. Without `tag`, the tag is a function of the request, the same for its repetitions."""
        if not tag and status > 100 and request.to.tag is None:
            tag = stateless_tag(request.headers)
        rows = (*extra, self._server) if not body else (*extra, self._server, SDP)
        return respond(request.headers, status, reason=reason, to_tag=tag, extra=rows, body=body, via=request.via)

    def reply(
        self, request: Request, source: Flow, status: int, extra: Iterable[tuple[str, str]] = (), tag: str | None = None
    ) -> None:
        """Answer without a transaction, which costs no memory (RFC 3261 s.8.2.7)."""
        data = self.response(request, status, tag=tag, extra=extra)
        self.send(reply_flow(request.via, source), data, fallback_flow(request.via, source))

    def reply_malformed(self, error: MalformedRequest, source: Flow) -> None:
        """Answer a request that could not be parsed whole."""
        via = error.via.stamped(source.host, source.port)
        tag = stateless_tag(error.headers)
        data = respond(error.headers, error.status, to_tag=tag, extra=(self._server,), via=via)
        self.send(reply_flow(via, source), data, None)

    def ask(
        self,
        call: Call,
        method: str,
        on_response: OnResponse,
        on_failure: OnFailure,
        now: int,
        *,
        extra: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        dialog: Dialog | None = None,
    ) -> None:
        """Send a request inside the call's dialog through a new client transaction."""
        dialog = dialog or call.dialog
        if dialog is None:
            raise ValueError("the call has no dialog")
        flow = self.flow_for(call, dialog)
        rows = (*extra, self._agent)
        request = dialog.request(method, self.via(flow), extra=rows, body=body)
        self._send(call, dialog, request, flow, on_response, on_failure, now)

    def _send(
        self,
        call: Call,
        dialog: Dialog,
        request: Request,
        flow: Flow,
        on_response: OnResponse,
        on_failure: OnFailure,
        now: int,
    ) -> None:
        """A challenge is answered with the call's login, the request then goes once more."""

        def answered(response: Response, now: int) -> None:
            again = None
            if response.status in CHALLENGES and call.login is not None:
                again = answer(request, response, call.login, self.via(flow), self.settings.ids())
            if again is None:
                on_response(response, now)
            else:
                dialog.local_cseq = again.cseq.number
                self._send(call, dialog, again, flow, on_response, on_failure, now)

        self.layer.open_client(request, flow, now, answered, on_failure, fallback=call.fallback)

    def time_session(self, call: Call, session: Session | None, now: int) -> None:
        """The session timer that holds from now on (RFC 4028); None: none."""
        call.session = session
        self.arm(call, CallTimer.SESSION, None if session is None else now + session.due_us)

    def flow_for(self, call: Call, dialog: Dialog) -> Flow:
        """Where requests inside `dialog` go: the call's pinned flow if it has one, else the next hop's address."""
        if call.pinned is not None:
            return call.pinned
        if dialog.flow is None:
            try:
                dialog.flow = self.flow_to(dialog.next_hop())
            except Malformed:
                return call.peer
        return dialog.flow

    def flow_to(self, uri: str) -> Flow:
        """The next hop for a URI. Raises `Malformed` for one that we cannot send to, TLS included when it is off."""
        flow = flow_to_text(uri)
        if not self.usable(flow):
            raise Malformed("TLS is off", 416)
        return flow

    def usable(self, flow: Flow) -> bool:
        """Whether our sockets can carry it."""
        return self.settings.tls_port is not None or not flow.secure

    def agent_row(self) -> tuple[str, str]:
        """Our User-Agent header."""
        return self._agent

    def arm(self, call: Call, timer: CallTimer, when: int | None) -> None:
        """Set or (with None) stop one of a call's timers."""
        if when is not None:
            call.armed.add(timer)
        elif timer in call.armed:
            call.armed.discard(timer)
        else:
            return
        self.timers.set((call.id, timer), when)

    def disarm(self, call: Call) -> None:
        """Stop all of a call's timers."""
        for timer in call.armed:
            self.timers.set((call.id, timer), None)
        call.armed.clear()

    def end(self, call: Call, by: Literal["remote", "local", "timeout"], reason: str) -> None:
        """Tell the consumer the end of a call, once."""
        self._tell(call, CallEnded(call.id, by, reason))

    def fail(self, call: Call, code: int, reason: str) -> None:
        """Tell the consumer that a dialled call came to nothing, once."""
        self._tell(call, CallFailed(call.id, code, reason))

    def cancel(self, call: Call) -> None:
        """Tell the consumer that the caller gave up, once."""
        self._tell(call, CallCancelled(call.id))

    def _tell(self, call: Call, event: SipEvent) -> None:
        if not call.told_end:
            call.told_end = True
            call.state = CallState.CLOSING
            self.events.append(event)

    def forget(self, call: Call) -> None:
        """Drop every trace of a call; transactions that absorb repetitions live out their time."""
        self.calls.pop(call.id, None)
        if call.armed:
            self.disarm(call)
        if call.dialog is not None:
            self.dialogs.pop(call.dialog.key, None)
        for fork in call.forks:
            self.rings_no_more(fork)

    def rings(self, call: Call, fork: Fork, key: DialogKey) -> None:
        """A provisional answer made an early dialog; a peer that makes too many of them has its first ones."""
        if key not in self.early and len(fork.early) < MAX_ANSWERS:
            fork.early.append(key)
            self.early[key] = call

    def rings_no_more(self, fork: Fork) -> None:
        """The INVITE has its final answer."""
        while fork.early:
            self.early.pop(fork.early.pop(), None)

    def bind(self, call: Call, dialog: Dialog) -> None:
        """Give the call its dialog, and let requests inside it find the call."""
        call.dialog = dialog
        self.dialogs[dialog.key] = call


def stateless_tag(headers: Headers) -> str:
    """A To tag computed from what identifies the request (RFC 3261 s.8.2.7)."""
    parts = "\n".join(headers.get(name) or "" for name in ("Via", "Call-ID", "From", "CSeq"))
    return hashlib.blake2s(parts.encode("utf-8", "replace"), digest_size=8).hexdigest()
