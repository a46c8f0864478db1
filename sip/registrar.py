"""The registrar for agents' phones (RFC 3261 s.10.3) behind digest. Pure: what must be saved gathers in `changed`.

A binding remembers the flow that its REGISTER came by, so that a phone behind NAT or on TCP can be dialled.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from sip.bindings import Binding
from sip.context import Context
from sip.deadlines import Deadlines
from sip.digest import Digest, Verdict
from sip.events import PhoneRegistered, PhoneUnregistered
from sip.flow import Flow, default_port, flow_to_text
from sip.headers import Malformed, NameAddr, parse_auth, parse_name_addr, parse_number, parse_uri, unquote_string
from sip.message import Request
from sip.uac import Target

_MAX_CHALLENGED = 4
_MAX_DOMAINS = 64


class Credentials(Protocol):
    """Who may register; owned here."""

    def ha1(self, user: str, realm: str, algorithm: str) -> str | None:
        """The stored HA1 (hex) of a user for "MD5" or "SHA-256", or None."""


class _Refused(Exception):  # noqa: N818 - control flow inside this module
    def __init__(self, status: int, extra: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status)
        self.status = status
        self.extra = extra


class Registrar:
    """Bindings of all users, newest first. Memory is bounded by known users times `max_contacts`."""

    def __init__(self, context: Context, credentials: Credentials, secret: bytes) -> None:
        settings = context.settings
        self._ctx = context
        self._settings = settings
        self._credentials = credentials
        self._digest = Digest(
            settings.realm, secret, settings.nonce_lifetime_us, settings.ids, settings.digest_algorithms
        )
        self._bindings: dict[str, list[Binding]] = {}
        self._deadlines: Deadlines[str] = Deadlines(context.alarm)
        self.changed: set[str] = set()
        self.on_changed: Callable[[], None] = lambda: None

    def restore(self, bindings: Iterable[Binding], now: int) -> None:
        """Take over stored bindings; what has expired is dropped, and so is what came by TLS when that is off now.

        Each user that remains is reported registered.
        """
        for binding in bindings:
            if binding.expires_at_us > now and self._ctx.usable(binding.flow):
                self._bindings.setdefault(binding.user, []).append(binding)
            else:
                self.changed.add(binding.user)
        for user, kept in self._bindings.items():
            self._deadlines.set(user, min(b.expires_at_us for b in kept))
            self._ctx.emit(PhoneRegistered(user, max(b.expires_at_us for b in kept)))

    def bindings(self, user: str) -> list[Binding]:
        """The user's bindings, for `BindingStore.save`."""
        return list(self._bindings.get(user, ()))

    def registered(self, user: str, now: int) -> bool:
        """Whether the user has a phone that can be dialled."""
        return any(b.expires_at_us > now for b in self._bindings.get(user, ()))

    def targets(self, user: str, now: int) -> list[Target]:
        """Where to ring a user, highest q first."""
        live = [b for b in self._bindings.get(user, ()) if b.expires_at_us > now]
        return [_target(b) for b in sorted(live, key=lambda b: -b.q)]

    def next_deadline(self) -> int | None:
        """When the next binding expires."""
        return self._deadlines.next()

    def expire(self, now: int) -> None:
        """Drop bindings that have expired."""
        while (user := self._deadlines.pop_due(now)) is not None:
            self._store(user, [b for b in self._bindings.get(user, ()) if b.expires_at_us > now])

    def register(self, request: Request, source: Flow, now: int) -> None:
        """Answer a REGISTER; wrong and broken ones are answered without a transaction, so they cost no memory."""
        try:
            user = self._authenticated(request, source, now)
            extra = self._update(user, request, source, now)
            if len(self._ctx.domains) < _MAX_DOMAINS:
                self._ctx.domains.add(parse_uri(request.uri).host)
        except _Refused as refused:
            self._ctx.count(f"register_{refused.status}")
            self._ctx.reply(request, source, refused.status, refused.extra)
            return
        key = self._ctx.layer.open_server(request, source)
        self._ctx.layer.respond(key, 200, self._ctx.response(request, 200, extra=extra), now)
        self._ctx.count("register_200")

    def _authenticated(self, request: Request, source: Flow, now: int) -> str:
        values = request.headers.rows("Authorization")[:_MAX_CHALLENGED]
        stale = False
        for value in values:
            auth = parse_auth(value)
            checked = self._digest.check(auth, request.method, request.uri, self._credentials.ha1, now)
            if checked.verdict is Verdict.OK:
                if checked.user != parse_uri(request.to.uri).user:
                    self._ctx.guard.offence(source.host, now)
                    raise _Refused(403)
                self._ctx.guard.proved(source.host, now + self._settings.default_expires_s * 1_000_000)
                return checked.user
            stale = stale or checked.verdict is Verdict.STALE
        if values and not stale:
            self._ctx.count("register_wrong_credentials")
            self._ctx.guard.offence(source.host, now)
        raise _Refused(401, tuple(("WWW-Authenticate", v) for v in self._digest.challenges(now, stale=stale)))

    def caller(self, request: Request, source: Flow, now: int) -> tuple[str, bool]:
        """Who proves by digest to send this INVITE ("": nobody), and whether a phone of its From's user is there."""
        for value in request.headers.rows("Authorization")[:_MAX_CHALLENGED]:
            checked = self._digest.check(parse_auth(value), request.method, request.uri, self._credentials.ha1, now)
            if checked.verdict is Verdict.OK:
                self._ctx.guard.proved(source.host, now + self._settings.default_expires_s * 1_000_000)
                return checked.user, True
            if checked.verdict is Verdict.WRONG:
                self._ctx.guard.offence(source.host, now)
        kept = self._bindings.get(parse_uri(request.from_.uri).user, ())
        return "", any(b.host == source.host and b.expires_at_us > now for b in kept)

    def challenge(self, now: int) -> tuple[tuple[str, str], ...]:
        """The rows of a 401."""
        return tuple(("WWW-Authenticate", value) for value in self._digest.challenges(now))

    def _update(self, user: str, request: Request, source: Flow, now: int) -> tuple[tuple[str, str], ...]:
        kept = [b for b in self._bindings.get(user, ()) if b.expires_at_us > now]
        contacts = request.headers.rows("Contact")
        if contacts:
            after = self._after(user, kept, contacts, request, source, now)
            self._store(user, after)
            kept = after
        return tuple(("Contact", _shown(b, now)) for b in kept)

    def _after(
        self, user: str, kept: list[Binding], contacts: list[str], request: Request, source: Flow, now: int
    ) -> list[Binding]:
        """The bindings after this request; nothing changes when any contact of it is refused (s.10.3 step 7)."""
        if "*" in contacts:
            if len(contacts) > 1 or (request.headers.get("Expires") or "").strip() != "0":
                raise _Refused(400)
            if any(_older(request, b) for b in kept):
                raise _Refused(500)
            return []
        for text in contacts[: self._settings.max_contacts]:
            binding = self._binding(user, parse_name_addr(text), request, source, now)
            same = [b for b in kept if _same(b, binding)]
            if any(_older(request, b) for b in same):
                raise _Refused(500)
            kept = [b for b in kept if b not in same]
            if binding.expires_at_us > now:
                kept.insert(0, binding)
        return kept[: self._settings.max_contacts]

    def _binding(self, user: str, contact: NameAddr, request: Request, source: Flow, now: int) -> Binding:
        if parse_uri(contact.uri).scheme not in (("sip", "sips") if source.secure else ("sip",)):
            raise _Refused(400)
        lifetime = self._lifetime(contact, request)
        return Binding(
            user=user,
            contact=contact.uri,
            q=_q(contact.params.get("q")),
            expires_at_us=now + lifetime * 1_000_000,
            call_id=request.call_id,
            cseq=request.cseq.number,
            transport=source.transport,
            host=source.host,
            port=source.port,
            instance=unquote_string(contact.params.get("+sip.instance") or "")[:128],
        )

    def _lifetime(self, contact: NameAddr, request: Request) -> int:
        asked = contact.params.get("expires") or request.headers.get("Expires")
        try:
            seconds = parse_number(asked) if asked else self._settings.default_expires_s
        except Malformed:
            seconds = self._settings.default_expires_s
        if 0 < seconds < self._settings.min_expires_s:
            raise _Refused(423, (("Min-Expires", str(self._settings.min_expires_s)),))
        return min(seconds, self._settings.max_expires_s)

    def _store(self, user: str, after: list[Binding]) -> None:
        before = self._bindings.get(user)
        if after:
            self._bindings[user] = after
            self._deadlines.set(user, min(b.expires_at_us for b in after))
            self._ctx.emit(PhoneRegistered(user, max(b.expires_at_us for b in after)))
        else:
            self._bindings.pop(user, None)
            self._deadlines.set(user, None)
            if before:
                self._ctx.emit(PhoneUnregistered(user))
        if after or before:
            self.changed.add(user)
            self.on_changed()


def _target(binding: Binding) -> Target:
    try:
        fallback = flow_to_text(binding.contact) if binding.flow.reliable else None
    except Malformed:
        fallback = None
    return Target(binding.contact, binding.flow, fallback, pinned=True)


def _older(request: Request, binding: Binding) -> bool:
    return request.call_id == binding.call_id and request.cseq.number <= binding.cseq


def _same(one: Binding, other: Binding) -> bool:
    if one.instance and one.instance == other.instance:
        return True
    return _plain(one.contact) == _plain(other.contact)


def _plain(contact: str) -> tuple[str, str, int, str]:
    uri = parse_uri(contact)
    transport = "TLS" if uri.scheme == "sips" else (uri.params.get("transport") or "UDP").upper()
    return uri.user, uri.host, uri.port or default_port(transport), transport


def _q(text: str | None) -> int:
    try:
        return max(0, min(1000, round(float(text or "1") * 1000)))
    except (ValueError, OverflowError):
        return 1000


def _shown(binding: Binding, now: int) -> str:
    seconds = max(0, (binding.expires_at_us - now + 999_999) // 1_000_000)
    return f"<{binding.contact}>;expires={seconds};q={binding.q / 1000:g}"
