"""Calls that others make to us, from the INVITE to our final answer (RFC 3261 s.8.2, s.9.2, s.13.3). Pure."""

from sip.call import Asked, Call, CallState, CallTimer
from sip.context import ALLOW, Context
from sip.dialog import from_invite
from sip.events import CallReceived
from sip.flow import Flow, behind_nat
from sip.headers import Malformed, parse_uri
from sip.layer import server_key
from sip.message import Request
from sip.midcall import MidCall, media_type
from sip.refer import parse_replaces
from sip.session_timer import MIN_SE_S, too_small


class Uas:
    """Handles INVITEs that open a call, their CANCEL, and the consumer's answer to them."""

    def __init__(self, context: Context, midcall: MidCall) -> None:
        self._ctx = context
        self._midcall = midcall
        self._budget = context.settings.max_new_calls_per_second * 1_000_000
        self._budget_at = 0

    def invite(self, request: Request, source: Flow, now: int, user: str = "", *, at_phone: bool = False) -> None:
        """An INVITE outside any dialog, already checked for what every request needs; `user` and `at_phone` as told."""
        refusal = self._refuse(request, now)
        replaced = self._replaced(request)
        if refusal is None and isinstance(replaced, int):
            refusal = replaced, ()
        if refusal is not None:
            status, extra = refusal
            self._ctx.reply(request, source, status, extra)
            return
        dialog = from_invite(request, self._ctx.settings.ids())
        call_id = self._ctx.settings.ids()
        key = self._ctx.layer.open_server(request, source, call_id)
        call = Call(call_id, CallState.INCOMING, source, invite=Asked(request, key, source))
        if source.reliable or behind_nat(request.via, source, len(request.headers.rows("Via"))):
            call.pinned = source
        self._ctx.calls[call.id] = call
        self._ctx.bind(call, dialog)
        self._ctx.arm(call, CallTimer.NO_ANSWER, now + self._ctx.settings.answer_limit_us)
        self._ctx.layer.respond(key, 100, self._ctx.response(request, 100), now)
        self._ctx.count("calls_in")
        self._ctx.emit(_received(call.id, request, source, (user, at_phone, str(replaced or ""))))

    def _replaced(self, request: Request) -> str | int | None:
        """The call that this one is to take the place of, or why it cannot (RFC 3891 s.3)."""
        if "Replaces" not in request.headers.first:
            return None
        rows = request.headers.rows("Replaces")
        try:
            replaces = parse_replaces(rows[0])
        except Malformed:
            return 400
        if len(rows) > 1:
            return 400
        call = self._ctx.dialogs.get(replaces.dialog)
        if call is None:
            # One that we ring may be taken over as well; the CANCEL is sent when the consumer takes the new one.
            ringing = self._ctx.early.get(replaces.dialog)
            return ringing.id if ringing is not None and ringing.state is CallState.DIALLING else 481
        if call.state is CallState.CLOSING:
            return 603
        if call.state is not CallState.UP:
            return 481
        return 486 if replaces.early else call.id

    def _refuse(self, request: Request, now: int) -> tuple[int, tuple[tuple[str, str], ...]] | None:
        said = request.headers.first
        if said.get("Max-Forwards") == "0":
            # A call that enters here goes on to an agent: as RFC 7332 asks, loops through us end here.
            return 483, ()
        if request.body and media_type(request) != "application/sdp":
            return 415, (("Accept", "application/sdp"),)
        if "Content-Encoding" in said and said["Content-Encoding"].lower() != "identity":
            return 415, (("Accept-Encoding", "identity"),)
        if "Session-Expires" in said and too_small(request.headers):
            return 422, (("Min-SE", str(MIN_SE_S)),)
        if len(self._ctx.calls) >= self._ctx.settings.max_calls or not self._within_rate(now):
            self._ctx.count("overload")
            return 503, (("Retry-After", "2"),)
        return None

    def _within_rate(self, now: int) -> bool:
        """A token bucket of one second's worth, in millionths of a call so that it stays an integer."""
        rate = self._ctx.settings.max_new_calls_per_second
        self._budget = min(rate * 1_000_000, self._budget + max(0, now - self._budget_at) * rate)
        self._budget_at = now
        if self._budget < 1_000_000:
            return False
        self._budget -= 1_000_000
        return True

    def cancel(self, request: Request, source: Flow, now: int) -> None:
        """A CANCEL: 481 when it hits nothing, else 200, and 487 for an INVITE that has no final answer."""
        key = server_key(request)
        owner = self._ctx.layer.owner(key)
        call = self._ctx.calls.get(owner or "")
        if call is None:
            self._ctx.reply(request, source, 481 if owner is None else 200)
            self._ctx.count("stray_cancel")
            return
        tag = call.dialog.local.tag if call.dialog else None
        self._ctx.reply(request, source, 200, tag=tag)
        if call.reinvite is not None and call.reinvite.key == key:
            self._midcall.cancel_reinvite(call, now)
        elif call.state is CallState.INCOMING:
            self._final(call, 487, None, now)
            self._ctx.cancel(call)
            self._ctx.forget(call)

    def ring(self, call: Call, code: int, now: int) -> None:
        """Send a provisional answer."""
        if call.state is CallState.INCOMING and call.invite is not None and call.dialog is not None:
            asked = call.invite
            routes = [("Record-Route", value) for value in asked.request.headers.rows("Record-Route")]
            extra = (*routes, self._ctx.contact(asked.source, asked.request.uri))
            data = self._ctx.response(asked.request, code, tag=call.dialog.local.tag, extra=extra)
            self._ctx.layer.respond(asked.key, code, data, now)

    def answer(self, call: Call, sdp: bytes, now: int) -> None:
        """Answer the call with 200."""
        if call.state is CallState.INCOMING and call.invite is not None:
            call.state = CallState.ANSWERED
            self._ctx.arm(call, CallTimer.NO_ANSWER, None)
            self._midcall.send_ok(call, call.invite, sdp, now)

    def challenge(self, call: Call, rows: tuple[tuple[str, str], ...], now: int) -> None:
        """Refuse the call with 401: its phone may prove who it is."""
        self._refuse_with(call, 401, rows, "challenged", now)

    def redirect(self, call: Call, uri: str, now: int) -> None:
        """Refuse the call with 302: it may be made again, to `uri` (RFC 3261 s.8.1.3.4)."""
        self._refuse_with(call, 302, (("Contact", f"<{uri}>"),), "redirected", now)

    def _refuse_with(self, call: Call, code: int, rows: tuple[tuple[str, str], ...], why: str, now: int) -> None:
        if call.state is CallState.INCOMING and call.invite is not None:
            tag = call.dialog.local.tag if call.dialog else None
            data = self._ctx.response(call.invite.request, code, tag=tag, extra=rows)
            self._ctx.layer.respond(call.invite.key, code, data, now)
            self._ctx.end(call, "local", why)
            self._ctx.forget(call)

    def reject(self, call: Call, code: int, reason: str | None, now: int) -> None:
        """Refuse the call with a final answer of 300-699."""
        if call.state is CallState.INCOMING:
            self._final(call, code, reason, now)
            self._ctx.end(call, "local", reason or str(code))
            self._ctx.forget(call)

    def no_answer(self, call: Call, now: int) -> None:
        """The consumer let the call ring too long."""
        self._final(call, 480, None, now)
        self._ctx.end(call, "timeout", "not answered")
        self._ctx.forget(call)

    def _final(self, call: Call, code: int, reason: str | None, now: int) -> None:
        if call.invite is not None:
            tag = call.dialog.local.tag if call.dialog else None
            extra = {405: (ALLOW,), 503: (("Retry-After", "5"),)}.get(code, ())
            data = self._ctx.response(call.invite.request, code, reason=reason, tag=tag, extra=extra)
            self._ctx.layer.respond(call.invite.key, code, data, now)


def _received(call: str, request: Request, source: Flow, known: tuple[str, bool, str]) -> CallReceived:
    from_user, from_host = _user_host(request.from_.uri)
    to_user, to_host = _user_host(request.uri)
    user, at_phone, replaces = known
    return CallReceived(
        call=call,
        from_user=from_user,
        from_host=from_host,
        from_display=request.from_.display,
        to_user=to_user,
        to_host=to_host,
        offer=request.body or None,
        source_host=source.host,
        source_port=source.port,
        transport=source.transport,
        sip_call_id=request.call_id,
        user_agent=request.headers.first.get("User-Agent"),
        user=user,
        at_phone=at_phone,
        replaces=replaces,
    )


def _user_host(text: str) -> tuple[str, str]:
    try:
        uri = parse_uri(text)
    except Malformed:
        return "", ""
    return uri.user, uri.host
