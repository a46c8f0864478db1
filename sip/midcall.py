"""Everything inside a dialog: ACK, BYE, re-INVITE both ways, INFO, and the repetition of 2xx. Pure.

Follows RFC 3261 s.12.2, s.13.3.1.4, s.14 and s.15, and RFC 6086 for INFO. REFER is in sip.refer and sip.moving.
"""

import re
from collections.abc import Iterable

from sip.call import Asked, Call, CallState, CallTimer, PendingOk, Reoffer
from sip.context import ALLOW, SDP, Context
from sip.events import (
    CallAnswered,
    CallConfirmed,
    DigitPressed,
    OfferReceived,
    OfferRefused,
    OfferWithdrawn,
)
from sip.flow import Flow
from sip.message import Request, Response
from sip.moving import Moves
from sip.refer import SUPPORTED as EXTENSIONS
from sip.refer import Refers
from sip.session_timer import MIN_SE_S, REQUIRE, SUPPORTED, agreed, demanded, too_small
from sip.transaction import LIFETIME, T1, T2

_DIGITS = frozenset("0123456789*#ABCD")
_EVENTS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_SIGNAL = re.compile(r"^\s*signal\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(r"^\s*duration\s*=\s*(\d{1,5})\s*$", re.IGNORECASE | re.MULTILINE)
_MAX_REOFFERS = 4
_USUAL_TYPES = frozenset({"application/sdp", "application/dtmf-relay"})


def parse_digit(kind: str, body: bytes) -> tuple[str, int] | None:
    """The digit and its duration in ms (0: not said) out of an INFO body of media type `kind`, or None."""
    text = body[:256].decode("latin-1")
    signal, duration = text.strip(), 0
    if kind == "application/dtmf-relay":
        found = _SIGNAL.search(text)
        signal = found[1] if found else ""
        length = _DURATION.search(text)
        duration = int(length[1]) if length else 0
    elif kind != "application/dtmf":
        return None
    signal = _EVENTS.get(signal, signal.upper())
    return (signal, duration) if signal in _DIGITS else None


def media_type(request: Request) -> str:
    """The lower case media type of the body, without parameters; empty when there is none."""
    said = request.headers.first.get("Content-Type", "")
    return said if said in _USUAL_TYPES else said.partition(";")[0].strip().lower()


class MidCall:
    """Handles requests that found their dialog, and sends ours."""

    def __init__(self, context: Context) -> None:
        self._ctx = context
        self.refers = Refers(context, self.send_bye)
        self.moves = Moves(context)

    # -- requests from the peer

    def receive(self, call: Call, request: Request, source: Flow, now: int) -> None:
        """A request other than ACK and CANCEL for a known dialog, not a repetition."""
        key = self._ctx.layer.open_server(request, source, call.id)

        def answer(status: int, extra: Iterable[tuple[str, str]] = ()) -> None:
            self._ctx.layer.respond(key, status, self._ctx.response(request, status, extra=extra), now)

        dialog = call.dialog
        if dialog is not None and not dialog.in_order(request):
            answer(500)
            return
        match request.method:
            case "BYE":
                answer(200)
                self._bye(call, now)
            case "INVITE":
                refusal = self._refuse_reinvite(call, request)
                if refusal is not None:
                    answer(*refusal)
                    return
                call.reinvite = Asked(request, key, source)
                self._ctx.layer.respond(key, 100, self._ctx.response(request, 100), now)
                self._ctx.emit(OfferReceived(call.id, request.body or None))
            case "INFO":
                answer(*self._info(call, request))
            case "REFER":
                refused = self.refers.receive(call, request, key, source, now)
                if refused is not None:
                    answer(*refused)
            case "OPTIONS":
                answer(200, (ALLOW, EXTENSIONS))
            case "NOTIFY":
                answer(self.moves.notified(call, request))
            case _:
                answer(405, (ALLOW,))

    def _bye(self, call: Call, now: int) -> None:
        if call.state is CallState.INCOMING and call.invite is not None:
            self.refuse(call.invite, 487, now, tag=call.dialog.local.tag if call.dialog else None)
            self._ctx.cancel(call)
        self._drop_reinvite(call, now)
        self.refers.drop(call, now)
        self._ctx.end(call, "remote", "BYE")
        self._ctx.forget(call)

    def _drop_reinvite(self, call: Call, now: int) -> None:
        """A re-INVITE that waits for the consumer is answered 487 when the call ends (RFC 3261 s.15.1.2)."""
        if call.reinvite is not None:
            self.refuse(call.reinvite, 487, now)
        call.reinvite = None

    def refuse(self, asked: Asked, code: int, now: int, *, reason: str | None = None, tag: str | None = None) -> None:
        """Send a final refusal of an INVITE or re-INVITE."""
        data = self._ctx.response(asked.request, code, reason=reason, tag=tag)
        self._ctx.layer.respond(asked.key, code, data, now)

    def _refuse_reinvite(self, call: Call, request: Request) -> tuple[int, tuple[tuple[str, str], ...]] | None:
        if too_small(request.headers):
            return 422, (("Min-SE", str(MIN_SE_S)),)
        if call.state is CallState.INCOMING or call.reinvite is not None:
            return 500, (("Retry-After", "1"),)
        # While ours only waits to be tried again, none is in progress (RFC 3261 s.14.1): the peer's turn.
        if (call.reoffer is not None and not call.reoffer.waiting) or call.pending_ok is not None:
            return 491, ()
        if call.dialog is None or call.state is CallState.CLOSING:
            return 481, ()
        if request.body and media_type(request) != "application/sdp":
            return 415, (("Accept", "application/sdp"),)
        return None

    def _info(self, call: Call, request: Request) -> tuple[int, tuple[tuple[str, str], ...]]:
        if not request.body:
            return 200, ()
        kind = media_type(request)
        if kind not in ("application/dtmf-relay", "application/dtmf"):
            return 415, (("Accept", "application/dtmf-relay, application/dtmf"),)
        digit = parse_digit(kind, request.body)
        if digit is None:
            return 400, ()
        if not call.told_end:
            self._ctx.emit(DigitPressed(call.id, *digit))
        return 200, ()

    def cancel_reinvite(self, call: Call, now: int) -> None:
        """A CANCEL hit the peer's re-INVITE."""
        if call.reinvite is not None:
            self._drop_reinvite(call, now)
            self._ctx.emit(OfferWithdrawn(call.id))

    def ack(self, call: Call, request: Request, now: int) -> None:
        """An ACK for one of our 2xx."""
        pending = call.pending_ok
        if pending is None or pending.cseq != request.cseq.number:
            self._ctx.count("stray_ack")
            return
        call.pending_ok = None
        self._ctx.arm(call, CallTimer.REPEAT_OK, None)
        if call.bye_wanted:
            self.send_bye(call, now)
            return
        body = request.body or None
        if call.state is CallState.ANSWERED:
            call.state = CallState.UP
            self._ctx.emit(CallConfirmed(call.id, body))
        elif pending.has_offer:
            self._ctx.emit(CallConfirmed(call.id, body))

    # -- our 2xx

    def send_ok(self, call: Call, asked: Asked, sdp: bytes, now: int) -> None:
        """Answer an INVITE or re-INVITE with 200 and repeat it until the ACK."""
        request, source = asked.request, asked.source
        tag = call.dialog.local.tag if call.dialog else None
        routes = [("Record-Route", value) for value in request.headers.rows("Record-Route")]
        contact = self._ctx.contact(source, request.uri)
        extra = (*routes, contact, ALLOW, EXTENSIONS, *self._session(call, request, now))
        data = self._ctx.response(request, 200, tag=tag, extra=extra, body=sdp)
        call.local_sdp = sdp
        until = now + LIFETIME
        call.pending_ok = PendingOk(asked.key, data, request.cseq.number, T1, until, has_offer=not request.body)
        self._ctx.layer.respond(asked.key, 200, data, now)
        self._ctx.arm(call, CallTimer.REPEAT_OK, now + T1)

    def _session(self, call: Call, request: Request, now: int) -> list[tuple[str, str]]:
        """Takes on the timer that the peer's INVITE asks for; the rows of our 2xx that say so."""
        found = demanded(request.headers)
        if found is None:
            if call.session is not None:
                self._ctx.time_session(call, None, now)
            return []
        session, knows = found
        self._ctx.time_session(call, session, now)
        return [session.row("uas"), *([REQUIRE] if knows else [])]

    def session_due(self, call: Call, now: int) -> None:
        """Half the session's time is over and we refresh it, or the peer has not refreshed it in time."""
        session = call.session
        if session is None or call.state is not CallState.UP:
            return
        if not session.ours:
            self._ctx.count("session_expired")
            self._ctx.end(call, "timeout", "the session was not refreshed")
            self.send_bye(call, now)
            return
        self._ctx.time_session(call, session, now)
        if call.reoffer is None and call.reinvite is None and call.pending_ok is None:
            call.reoffer = Reoffer(call.local_sdp, refresh=True)
            self._ctx.count("session_refreshed")
            self._send_reoffer(call, now)

    def repeat_ok(self, call: Call, now: int) -> None:
        """Send the unacknowledged 2xx again; after 64 T1 without an ACK the session ends with a BYE (s.13.3.1.4)."""
        pending = call.pending_ok
        if pending is None:
            return
        if now >= pending.until:
            call.pending_ok = None
            self._ctx.end(call, "timeout", "no ACK")
            self.send_bye(call, now)
            return
        self._ctx.layer.respond(pending.key, 200, pending.data, now)
        pending.interval = min(pending.interval * 2, T2)
        self._ctx.arm(call, CallTimer.REPEAT_OK, min(now + pending.interval, pending.until))
        self._ctx.count("ok_repeated")

    # -- requests from us

    def hang_up(self, call: Call, reason: str, now: int) -> None:
        """End an answered call; before its ACK came a callee may not send BYE (RFC 3261 s.15).

        A peer that referred learns first what came of it.
        """
        waits = call.state is CallState.ANSWERED
        self._ctx.end(call, "local", reason)
        self._drop_reinvite(call, now)
        if (waits and call.pending_ok is not None) or call.refer is not None:
            call.bye_wanted = True
        else:
            self.send_bye(call, now)

    def send_bye(self, call: Call, now: int) -> None:
        """Send the BYE, once; the call is forgotten with its answer."""
        if call.bye_sent or call.dialog is None:
            return
        call.bye_sent = True
        call.pending_ok = None
        self._drop_reinvite(call, now)
        self.refers.drop(call, now)
        self._ctx.disarm(call)

        def answered(response: Response, _now: int) -> None:
            if response.status >= 200:
                self._ctx.forget(call)

        def failed(_status: int, _now: int) -> None:
            self._ctx.count("bye_unanswered")
            self._ctx.forget(call)

        self._ctx.ask(call, "BYE", answered, failed, now)

    def send_info(self, call: Call, digit: str, duration_ms: int, now: int) -> None:
        """Send a digit as application/dtmf-relay."""
        body = f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()

        def answered(response: Response, now: int) -> None:
            self._gone(call, response.status, now)

        def failed(status: int, now: int) -> None:
            self._gone(call, status, now)

        extra = (("Content-Type", "application/dtmf-relay"),)
        self._ctx.ask(call, "INFO", answered, failed, now, extra=extra, body=body)

    def _gone(self, call: Call, status: int, now: int) -> bool:
        """408 and 481 inside a dialog mean that the peer has lost it (RFC 3261 s.12.2.1.2)."""
        if status not in (408, 481):
            return False
        self._ctx.end(call, "timeout", f"peer answers {status}")
        self.send_bye(call, now)
        return True

    def reoffer(self, call: Call, sdp: bytes, now: int) -> None:
        """Send a re-INVITE; the result is CallAnswered or OfferRefused."""
        if call.reoffer is not None or call.reinvite is not None or call.pending_ok is not None or call.dialog is None:
            self._ctx.emit(OfferRefused(call.id, 491, "another offer is under way"))
            return
        call.reoffer = Reoffer(sdp)
        self._send_reoffer(call, now)

    def retry_reoffer(self, call: Call, now: int) -> None:
        """The wait after a 491 is over."""
        if call.reoffer is not None and call.state is CallState.UP:
            if call.reinvite is not None or call.pending_ok is not None:
                self._wait_reoffer(call, now)
            else:
                self._send_reoffer(call, now)

    def _send_reoffer(self, call: Call, now: int) -> None:
        reoffer, dialog = call.reoffer, call.dialog
        if reoffer is None or dialog is None:
            return
        reoffer.tries += 1
        reoffer.waiting = False
        call.local_sdp = reoffer.sdp
        acks: list[bytes] = []

        def answered(response: Response, now: int) -> None:
            if response.status >= 300:
                self._reoffer_refused(call, response.status, response.reason, now)
            elif response.status >= 200:
                flow = self._ctx.flow_for(call, dialog)
                if not acks:
                    dialog.refresh_target(response)
                    flow = self._ctx.flow_for(call, dialog)
                    number = response.cseq.number
                    acks.append(dialog.request("ACK", self._ctx.via(flow), cseq=number).encode())
                    call.reoffer = None
                    if call.session is not None:
                        self._ctx.time_session(call, agreed(response.headers), now)
                    if not call.told_end and not reoffer.refresh:
                        self._ctx.emit(CallAnswered(call.id, response.body))
                self._ctx.send(flow, acks[0], call.fallback)

        def failed(status: int, now: int) -> None:
            self._reoffer_refused(call, status, "no answer", now)

        timer = [SUPPORTED, call.session.row("uac")] if call.session is not None else []
        extra = (self._ctx.contact(self._ctx.flow_for(call, dialog), dialog.target), ALLOW, *timer, SDP)
        self._ctx.ask(call, "INVITE", answered, failed, now, extra=extra, body=reoffer.sdp)

    def _reoffer_refused(self, call: Call, status: int, reason: str, now: int) -> None:
        reoffer = call.reoffer
        if call.told_end or reoffer is None:
            return
        if status == 491 and reoffer.tries < _MAX_REOFFERS:
            reoffer.waiting = True
            self._wait_reoffer(call, now)
            return
        call.reoffer = None
        if not self._gone(call, status, now) and not reoffer.refresh:
            self._ctx.emit(OfferRefused(call.id, status, reason))

    def _wait_reoffer(self, call: Call, now: int) -> None:
        """RFC 3261 s.14.1: who made the Call-ID waits 2.1-4 s, the other 0-2 s, in steps of 10 ms."""
        chance = int(self._ctx.settings.ids()[:8], 16)
        own = call.invite is None
        wait_ms = 2_100 + chance % 191 * 10 if own else chance % 201 * 10
        self._ctx.arm(call, CallTimer.REOFFER, now + wait_ms * 1000)

    # -- the consumer's answer to a re-INVITE

    def accept_offer(self, call: Call, sdp: bytes, now: int) -> None:
        """Answer the pending re-INVITE with 200."""
        asked, dialog = call.reinvite, call.dialog
        if asked is None or dialog is None:
            return
        call.reinvite = None
        dialog.refresh_target(asked.request)
        if call.reoffer is not None and call.reoffer.refresh:
            call.reoffer = None  # the peer's was one as well
            self._ctx.arm(call, CallTimer.REOFFER, None)
        self.send_ok(call, asked, sdp, now)

    def reject_offer(self, call: Call, code: int, now: int) -> None:
        """Refuse the pending re-INVITE; the session stays as it was."""
        if call.reinvite is not None:
            self.refuse(call.reinvite, code, now)
            call.reinvite = None
