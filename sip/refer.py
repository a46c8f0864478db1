"""REFER from the peer of a call, and what a header may say of another dialog. Pure.

RFC 3515 (REFER, and the NOTIFY that tells how it went), RFC 4488 (`Refer-Sub: false`: no NOTIFY, the answer tells it),
RFC 3891 (Replaces), RFC 5589 (how the two make an attended transfer). What is referred to is the consumer's to do: we
send no INVITE for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sip.call import Call, CallState, CallTimer, Refer
from sip.context import Context
from sip.dialog import DialogKey
from sip.events import ReferReceived
from sip.flow import Flow
from sip.headers import Malformed, Uri, parse_name_addr, parse_params, parse_uri
from sip.layer import Key
from sip.message import REASONS, Request, Response

SUPPORTED = ("Supported", "replaces, norefersub")
# The consumer's time: below the 32 s after which the peer gives a request up (timer F).
LIMIT = 20_000_000
Refusal = tuple[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that is to be replaced, as its user agent (we) keeps it; `early`: only if it is not answered yet."""

    dialog: DialogKey
    early: bool = False


def parse_replaces(text: str) -> Replaces:
    """`call-id;to-tag=ours;from-tag=theirs` (RFC 3891 s.6.1)."""
    call_id, semicolon, tail = text.strip().partition(";")
    params = parse_params(semicolon + tail)
    ours, theirs = params.get("to-tag"), params.get("from-tag")
    if not call_id or not ours or not theirs:
        raise Malformed("Replaces names no dialog")
    return Replaces((call_id.strip(), ours, theirs), "early-only" in params)


def read(request: Request) -> tuple[Uri, Replaces | None]:
    """Whom a REFER refers to, and which dialog that call is to replace. Raises `Malformed`."""
    rows = request.headers.rows("Refer-To")
    if len(rows) != 1:
        raise Malformed("a REFER has one Refer-To")
    uri = parse_uri(parse_name_addr(rows[0]).uri)
    if (uri.params.get("method") or "INVITE").upper() != "INVITE":
        raise Malformed("referred to something else than a call")
    for header in uri.headers.split("&"):
        name, _, value = header.partition("=")
        if unquote(name).lower() == "replaces":
            return uri, parse_replaces(unquote(value))
    return uri, None


class Refers:
    """`over` is called when a REFER is done whose call has been hung up meanwhile."""

    def __init__(self, context: Context, over: Callable[[Call, int], None]) -> None:
        self._ctx = context
        self._over = over

    def receive(self, call: Call, request: Request, key: Key, source: Flow, now: int) -> Refusal | None:
        """A REFER inside the call's dialog: its refusal, or None when the consumer is asked."""
        if source.host != call.peer.host:
            self._ctx.count("refer_from_elsewhere")
            return 403, ()
        if call.state is not CallState.UP:
            return 481, ()
        if call.refer is not None:
            return 491, ()
        try:
            uri, replaces = read(request)
        except Malformed:
            return 400, ()
        call.refers += 1
        wanted = (request.headers.get("Refer-Sub") or "").partition(";")[0].strip().lower() != "false"
        # The first one's NOTIFY may go without a name (RFC 3515 s.2.4.6); not all phones know it by name.
        name = f";id={request.cseq.number}" if call.refers > 1 else ""
        call.refer = Refer(request, key, source, wanted=wanted, name=name)
        self._ctx.arm(call, CallTimer.REFER, now + LIMIT)
        self._ctx.count("refers")
        ours = uri.scheme == "tel" or (uri.scheme in ("sip", "sips") and self._ctx.is_ours(uri.host))
        named = self._ctx.dialogs.get(replaces.dialog) if replaces is not None else None
        self._ctx.emit(
            ReferReceived(
                call.id,
                to_user=uri.user if ours else "",
                replaces=named.id if named is not None else "",
                attended=replaces is not None,
            )
        )
        return None

    def accept(self, call: Call, now: int) -> None:
        """202, and the first NOTIFY; without a subscription the answer waits for what comes of it."""
        refer = call.refer
        if refer is None or refer.accepted or not refer.wanted:
            return
        refer.accepted = True
        self._respond(call, refer, 202, now)
        self._notify(call, refer, 100, now)

    def finish(self, call: Call, code: int, now: int) -> None:
        """What came of it: the last NOTIFY, or the answer to the REFER itself."""
        refer, call.refer = call.refer, None
        if refer is None:
            return
        self._ctx.arm(call, CallTimer.REFER, None)
        if not refer.accepted:
            done = 202 if refer.wanted else 200
            self._respond(call, refer, done if code < 300 else code, now)
        if refer.accepted or (refer.wanted and code < 300):
            self._notify(call, refer, code, now)
        if call.bye_wanted:
            self._over(call, now)

    def drop(self, call: Call, now: int) -> None:
        """The call ends: a REFER that nothing was said to yet is answered 487 (RFC 3261 s.15.1.2)."""
        refer, call.refer = call.refer, None
        if refer is not None and not refer.accepted:
            self._respond(call, refer, 487, now)

    def late(self, call: Call, now: int) -> None:
        """The consumer has not said what came of it."""
        self.finish(call, 503, now)

    def _respond(self, call: Call, refer: Refer, status: int, now: int) -> None:
        rows = [self._ctx.contact(refer.source, refer.request.uri)] if status < 300 else []
        if status == 200:
            rows.append(("Refer-Sub", "false"))
        tag = call.dialog.local.tag if call.dialog else None
        data = self._ctx.response(refer.request, status, tag=tag, extra=rows)
        self._ctx.layer.respond(refer.key, status, data, now)

    def _notify(self, call: Call, refer: Refer, code: int, now: int) -> None:
        if call.dialog is None or call.bye_sent:
            return
        state = "active;expires=60" if code < 200 else "terminated;reason=noresource"
        rows = (
            self._ctx.contact(refer.source, refer.request.uri),
            ("Event", f"refer{refer.name}"),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        )
        body = f"SIP/2.0 {code} {REASONS.get(code, 'Refused')}\r\n".encode()
        self._ctx.ask(call, "NOTIFY", _ignore_response, _ignore_failure, now, extra=rows, body=body)


def _ignore_response(_response: Response, _now: int) -> None:
    """Whether the peer wants to know how it went is its own affair: the call does not depend on it (RFC 5057 s.5)."""


def _ignore_failure(_status: int, _now: int) -> None:
    """As above."""
