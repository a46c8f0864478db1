"""The user agent without I/O: routes messages and commands to the part that knows them (RFC 3261 s.8.2). Pure."""

from collections.abc import Mapping, Sequence

from sip.call import Call, CallState, CallTimer
from sip.context import ACCEPT, ALLOW, Context
from sip.dialog import key_of
from sip.events import CallFailed, OfferRefused
from sip.flow import Flow
from sip.headers import Malformed, parse_number, parse_uri
from sip.layer import SendBytes
from sip.login import Login
from sip.message import REASONS, MalformedRequest, Request, Response, parse
from sip.midcall import MidCall
from sip.registrar import Registrar
from sip.registration import Account, Registration
from sip.settings import Settings
from sip.uac import Outgoing, Target, Uac
from sip.uas import Uas

_SERVED = frozenset({"INVITE", "BYE", "OPTIONS", "INFO", "REGISTER", "REFER", "NOTIFY"})
_EXTENSIONS = frozenset({"timer", "replaces", "norefersub"})
_SUPPORTED = ("Supported", "timer, replaces, norefersub")
# How a consumer refuses who tries numbers; other refusals are nobody's fault.
_TRIED = frozenset({403, 404, 604})
# Whoever knows a branch of ours is whom we sent it to: a trunk or a phone.
_ANSWERED_US = 3_600_000_000
_KNOWN = frozenset({"PRACK", "UPDATE", "SUBSCRIBE", "PUBLISH", "MESSAGE"})


class Core:
    """Sans-I/O user agent: bytes in through `receive`, bytes out through `send`, events in `context.events`."""

    def __init__(self, settings: Settings, send: SendBytes) -> None:
        self.context = Context(settings, send)
        self.registrar: Registrar | None = None
        self.registrations: dict[str, Registration] = {}
        self._midcall = MidCall(self.context)
        self._uas = Uas(self.context, self._midcall)
        self._uac = Uac(self.context)

    # -- from the wire

    def receive(self, data: bytes, source: Flow, now: int) -> None:
        """One message from the wire. Never raises for what the peer sent."""
        if self.context.guard.refuses(source.host, now):
            self.context.count("banned")
            return
        if not data.strip(b"\r\n\0 "):
            self.context.count("keepalive")
            return
        try:
            message = parse(data, (source.host, source.port))
            if isinstance(message, Response):
                self._response(message, source, now)
            else:
                self._request(message, source, now)
        except MalformedRequest as error:
            self.context.count("malformed")
            self.context.guard.offence(source.host, now)
            self.context.reply_malformed(error, source)
        except Malformed:
            self.context.count("malformed")
            self.context.guard.offence(source.host, now)

    def _response(self, response: Response, source: Flow, now: int) -> None:
        if self.context.layer.receive_response(response, now):
            self.context.guard.proved(source.host, now + _ANSWERED_US)
        else:
            self.context.count("stray_response")

    def _request(self, request: Request, source: Flow, now: int) -> None:
        layer = self.context.layer
        if request.method == "CANCEL":
            self._uas.cancel(request, source, now)
        elif layer.absorb(request, now):
            self.context.count("absorbed")
        elif request.method == "ACK":
            call = self.context.dialogs.get(key_of(request))
            if call is None:
                self.context.count("stray_ack")
            else:
                self._midcall.ack(call, request, now)
        else:
            try:
                self._fresh(request, source, now)
            except Malformed as error:
                self.context.count("malformed")
                self.context.reply(request, source, error.status)

    def _fresh(self, request: Request, source: Flow, now: int) -> None:
        """A request that is no repetition: refuse it without a transaction, or hand it on."""
        inside = request.to.tag is not None
        call = self.context.dialogs.get(key_of(request)) if inside else None
        refusal = self._refuse(request, source, call, inside=inside)
        if refusal is not None:
            status, extra = refusal
            self.context.count(f"refused_{status}")
            self.context.reply(request, source, status, extra)
        elif call is not None:
            self._midcall.receive(call, request, source, now)
        elif request.method == "INVITE":
            user, at_phone = self.registrar.caller(request, source, now) if self.registrar else ("", False)
            self._uas.invite(request, source, now, user, at_phone=at_phone)
        elif request.method == "REGISTER" and self.registrar is not None:
            self.registrar.register(request, source, now)
        else:
            self.context.reply(request, source, 200, (ALLOW, ACCEPT, _SUPPORTED))

    def _refuse(
        self, request: Request, source: Flow, call: Call | None, *, inside: bool
    ) -> tuple[int, tuple[tuple[str, str], ...]] | None:
        said = request.headers.first
        hops = said.get("Max-Forwards")
        if hops and hops != "70":
            parse_number(hops, 255)
        layer = self.context.layer
        if request.method not in _SERVED:
            return (405 if request.method in _KNOWN else 501), (ALLOW,)
        if parse_uri(request.uri).scheme not in (("sip", "sips") if source.secure else ("sip",)):
            return 416, ()
        if not inside and layer.merged(request):
            return 482, ()
        if (inside and call is None) or (not inside and request.method in ("BYE", "INFO", "NOTIFY")):
            return 481, ()
        if request.method == "REFER" and not inside:
            return 403, ()  # there is no call that it could be about
        if layer.full and (not inside or layer.overfull):
            self.context.count("overload")
            return 503, (("Retry-After", "2"),)
        if "Require" in said and (unknown := _unknown(request.headers.values("Require"))):
            return 420, (("Unsupported", ", ".join(unknown)),)
        if request.method == "REGISTER" and self.registrar is None:
            return 405, (ALLOW,)
        return None

    def transport_failed(self, flow: Flow, now: int) -> None:
        """A connection to `flow` could not be made or broke with something unsent."""
        self.context.count("transport_failed")
        self.context.layer.transport_failed(flow, now)

    # -- time

    def next_deadline(self) -> int | None:
        """When `expire` wants to be called next."""
        due = _earlier(self.context.layer.next_deadline(), self.context.timers.next())
        if self.registrar is not None:
            due = _earlier(due, self.registrar.next_deadline())
        for registration in self.registrations.values():
            due = _earlier(due, registration.next_deadline())
        return due

    def expire(self, now: int) -> None:
        """Run every timer that is due."""
        self.context.layer.expire(now)
        if self.registrar is not None:
            self.registrar.expire(now)
        for registration in self.registrations.values():
            registration.expire(now)
        while (due := self.context.timers.pop_due(now)) is not None:
            call = self.context.calls.get(due[0])
            if call is not None:
                self._timer(call, due[1], now)

    def _timer(self, call: Call, timer: CallTimer, now: int) -> None:
        match timer:
            case CallTimer.REPEAT_OK:
                self._midcall.repeat_ok(call, now)
            case CallTimer.REOFFER:
                self._midcall.retry_reoffer(call, now)
            case CallTimer.NO_END:
                self._uac.no_end(call, now)
            case CallTimer.SESSION:
                self._midcall.session_due(call, now)
            case CallTimer.REFER:
                self._midcall.refers.late(call, now)
            case CallTimer.MOVE:
                self._midcall.moves.late(call)
            case CallTimer.NO_ANSWER if call.state is CallState.INCOMING:
                self._uas.no_answer(call, now)
            case CallTimer.NO_ANSWER:
                self._uac.no_answer(call, now)

    # -- from the consumer; commands for a call that is gone do nothing

    def register(self, accounts: Sequence[Account], now: int) -> None:
        """See `Ua.register`."""
        wanted = {account.name: account for account in accounts}
        for name, registration in list(self.registrations.items()):
            if wanted.get(name) != registration.account:
                registration.stop(now)
                del self.registrations[name]
        for name, account in wanted.items():
            if name not in self.registrations:
                self.registrations[name] = Registration(self.context, account)
                self.registrations[name].start(now)

    def ring(self, call: str, code: int, now: int) -> None:
        """See `Ua.ring`."""
        if (found := self.context.calls.get(call)) is not None:
            self._uas.ring(found, code, now)

    def answer(self, call: str, sdp: bytes, now: int) -> None:
        """See `Ua.answer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._uas.answer(found, sdp, now)

    def reject(self, call: str, code: int, reason: str | None, now: int) -> None:
        """See `Ua.reject`."""
        if (found := self.context.calls.get(call)) is not None:
            if code in _TRIED:
                self.context.guard.offence(found.peer.host, now)
            self._uas.reject(found, code, reason, now)

    def redirect(self, call: str, uri: str, now: int) -> None:
        """See `Ua.redirect`."""
        if (found := self.context.calls.get(call)) is not None:
            self._uas.redirect(found, uri, now)

    def challenge(self, call: str, now: int) -> None:
        """See `Ua.challenge`."""
        found = self.context.calls.get(call)
        if found is not None and self.registrar is not None:
            self._uas.challenge(found, self.registrar.challenge(now), now)

    def accept_refer(self, call: str, now: int) -> None:
        """See `Ua.accept_refer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._midcall.refers.accept(found, now)

    def finish_refer(self, call: str, code: int, now: int) -> None:
        """See `Ua.finish_refer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._midcall.refers.finish(found, code, now)

    def refer(self, call: str, uri: str, now: int) -> None:
        """See `Ua.refer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._midcall.moves.begin(found, uri, now)

    def hangup(self, call: str, reason: str | None, now: int) -> None:
        """See `Ua.hangup`."""
        found = self.context.calls.get(call)
        if found is None:
            return
        match found.state:
            case CallState.INCOMING:
                self._uas.reject(found, 480, reason, now)
            case CallState.DIALLING:
                self._uac.hang_up(found, reason or "hung up", now)
            case CallState.ANSWERED | CallState.UP:
                self._midcall.hang_up(found, reason or "hung up", now)
            case CallState.CLOSING:
                pass

    def dial(self, call: str, target: str, what: Outgoing, now: int) -> None:
        """See `Ua.dial`."""
        if call in self.context.calls:
            raise ValueError(f"call {call!r} exists")
        try:
            targets = self._targets(target, now)
        except Malformed as error:
            self.context.emit(CallFailed(call, error.status, error.reason))
            return
        if not targets or self.context.layer.full or len(self.context.calls) >= self.context.settings.max_calls:
            status = 503 if targets else 480
            self.context.emit(CallFailed(call, status, REASONS[status]))
            return
        self._uac.dial(call, targets, what, now)

    def _targets(self, target: str, now: int) -> list[Target]:
        if ":" in target:
            return [Target(target, self.context.flow_to(target))]
        return [] if self.registrar is None else self.registrar.targets(target, now)

    def accept_offer(self, call: str, sdp: bytes, now: int) -> None:
        """See `Ua.accept_offer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._midcall.accept_offer(found, sdp, now)

    def reject_offer(self, call: str, code: int, now: int) -> None:
        """See `Ua.reject_offer`."""
        if (found := self.context.calls.get(call)) is not None:
            self._midcall.reject_offer(found, code, now)

    def reoffer(self, call: str, sdp: bytes, now: int) -> None:
        """See `Ua.reoffer`."""
        found = self.context.calls.get(call)
        if found is None or found.state is not CallState.UP:
            self.context.emit(OfferRefused(call, 481, "the call is not up"))
        else:
            self._midcall.reoffer(found, sdp, now)

    def send_digit_info(self, call: str, digit: str, duration_ms: int, now: int) -> None:
        """See `Ua.send_digit_info`."""
        found = self.context.calls.get(call)
        if found is not None and found.state is CallState.UP:
            self._midcall.send_info(found, digit, duration_ms, now)


def _unknown(required: list[str]) -> list[str]:
    """The extensions that we do not have."""
    return [each for each in required if each.lower() not in _EXTENSIONS]


def _earlier(one: int | None, other: int | None) -> int | None:
    return one if other is None or (one is not None and one <= other) else other


def outgoing(
    from_user: str,
    from_display: str,
    sdp: bytes,
    headers: Mapping[str, str],
    *,
    from_host: str = "",
    login: Login | None = None,
    session_s: int = 0,
) -> Outgoing:
    """The content of a dialled call's INVITEs."""
    return Outgoing(from_user, from_display, sdp, headers, from_host, login, session_s)
