"""We as a client of a registrar: REGISTER, refreshed before it runs out, tried again when it fails. Pure.

RFC 3261 s.10.2. One registration has one Call-ID and counts its CSeq up over all its requests (s.10.2.4).
"""

from dataclasses import dataclass
from enum import StrEnum

from sip.context import Context
from sip.events import TrunkChanged
from sip.flow import Flow
from sip.headers import Malformed, NameAddr, Uri, parse_name_addr, parse_number
from sip.login import CHALLENGES, Login, answer
from sip.message import Headers, Request, Response, make_request

_SECOND = 1_000_000
FIRST_RETRY_S, LAST_RETRY_S = 5, 300


@dataclass(frozen=True, slots=True)
class Account:
    """`name` is for events. `uri` is the registrar (sip:host:port), `domain` that of our address of record."""

    name: str
    uri: str
    domain: str
    login: Login
    expires_s: int = 300


class State(StrEnum):
    """Where the registration stands."""

    OUT = "out"
    ASKING = "asking"
    IN = "in"
    LEAVING = "leaving"


class Registration:
    """`start`, then `expire` when `next_deadline` comes; `stop` signs off."""

    def __init__(self, context: Context, account: Account) -> None:
        self.account = account
        self.state = State.OUT
        self._ctx = context
        self._flow: Flow = context.flow_to(account.uri)
        self._call_id = context.settings.ids()
        self._tag = context.settings.ids()
        self._cseq = 0
        self._expires_s = account.expires_s
        self._due: int | None = None
        self._failures = 0
        self._up = False

    def start(self, now: int) -> None:
        """Register."""
        if self.state is State.OUT:
            self._register(now)

    def stop(self, now: int) -> None:
        """Take the binding away; an answer is not waited for."""
        self._due = None
        if self.state is not State.OUT:
            self.state = State.LEAVING
            self._send(self._request(0), now)

    def _wait(self, until: int) -> None:
        self._due = until
        self._ctx.alarm.told(until)

    def next_deadline(self) -> int | None:
        """When it is to be refreshed, or tried again."""
        return self._due

    def expire(self, now: int) -> None:
        """Refresh, or try again."""
        if self._due is not None and self._due <= now:
            self._register(now)

    def _register(self, now: int) -> None:
        self._due = None
        self.state = State.ASKING
        self._send(self._request(self._expires_s), now)

    def _request(self, expires_s: int) -> Request:
        account = self.account
        own = str(Uri("sip", account.login.user, account.domain))
        contact = parse_name_addr(self._ctx.contact(self._flow, account.uri)[1]).uri
        scheme, _, rest = contact.partition(":")
        self._cseq += 1
        rows = [
            ("Via", self._ctx.via(self._flow)),
            ("Max-Forwards", "70"),
            ("From", str(NameAddr(own, "", self._tag))),
            ("To", f"<{own}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"<{scheme}:{account.login.user}@{rest}>"),
            ("Expires", str(expires_s)),
            self._ctx.agent_row(),
        ]
        return make_request("REGISTER", account.uri, Headers(rows))

    def _send(self, request: Request, now: int) -> None:
        def answered(response: Response, now: int) -> None:
            self._cseq = request.cseq.number
            self._answered(request, response, now)

        def failed(status: int, now: int) -> None:
            self._failed(status, now)

        self._ctx.layer.open_client(request, self._flow, now, answered, failed)

    def _answered(self, request: Request, response: Response, now: int) -> None:
        if response.status < 200:
            return
        if response.status in CHALLENGES:
            account, ids = self.account, self._ctx.settings.ids
            again = answer(request, response, account.login, self._ctx.via(self._flow), ids())
            if again is not None:
                self._send(again, now)
                return
        if self.state is not State.ASKING:
            return
        if response.status < 300:
            self._registered(response, now)
        elif response.status == 423 and (longer := _minimum(response)) > self._expires_s:
            self._expires_s = longer
            self._register(now)
        else:
            self._failed(response.status, now)

    def _registered(self, response: Response, now: int) -> None:
        self.state, self._failures = State.IN, 0
        granted = max(1, _granted(response, self._expires_s))
        # A refresh that is lost must still leave time for its repetitions (s.17.1.2.2: 32 s).
        self._wait(now + max(granted * 4 // 5, granted - 60) * _SECOND)
        self._ctx.count("trunk_registered")
        self._tell(True, "registered")

    def _failed(self, status: int, now: int) -> None:
        if self.state is State.LEAVING:
            return
        self.state = State.OUT
        self._failures += 1
        wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(self._failures - 1, 8))
        self._wait(now + wait_s * _SECOND)
        self._ctx.count("trunk_register_failed")
        self._tell(False, f"{status}")

    def _tell(self, up: bool, reason: str) -> None:
        if up is not self._up or not up:
            self._up = up
            self._ctx.emit(TrunkChanged(self.account.name, up, reason))


def _granted(response: Response, asked_s: int) -> int:
    """What the registrar grants: expires of our Contact, else Expires, else what we asked for (s.10.3.8)."""
    try:
        for value in response.headers.rows("Contact"):
            found = parse_name_addr(value).params.get("expires")
            if found is not None:
                return parse_number(found)
        return parse_number(response.headers.get("Expires") or str(asked_s))
    except Malformed:
        return asked_s


def _minimum(response: Response) -> int:
    try:
        return parse_number(response.headers.get("Min-Expires") or "0", 86_400)
    except Malformed:
        return 0
