"""Dialogs (RFC 3261 s.12): identifiers, sequence numbers, route set, remote target. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from sip.flow import Flow
from sip.headers import CSeq, Malformed, NameAddr, parse_name_addr, parse_uri, parse_via
from sip.message import Headers, Request, Response

DialogKey = tuple[str, str, str]


class Dialog(Struct):
    """One side of a dialog. `local` and `remote` carry the tags; `routes` are full Route values.

    `names` are the rows that each of our requests says alike: From, To and Call-ID, the addresses as they were said
    when the dialog began. `flow` is where our requests go, None until the first.
    """

    call_id: str
    local: NameAddr
    remote: NameAddr
    local_cseq: int
    remote_cseq: int | None
    routes: tuple[str, ...]
    target: str
    names: tuple[tuple[str, str], ...]
    flow: Flow | None = None

    @property
    def key(self) -> DialogKey:
        """Call-ID, local tag, remote tag."""
        return (self.call_id, self.local.tag or "", self.remote.tag or "")

    def request(
        self,
        method: str,
        via: str,
        *,
        cseq: int | None = None,
        extra: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Request:
        """A request inside the dialog (s.12.2.1.1). ACK passes its INVITE's `cseq`; others count up."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = (self.target, ()) if not self.routes else self._path()
        rows = [
            ("Via", via),
            *[("Route", route) for route in routes],
            ("Max-Forwards", "70"),
            *self.names,
            ("CSeq", f"{cseq} {method}"),
            *extra,
        ]
        # Built from what was read already, not read once more.
        number = CSeq(cseq, method)
        return Request(method, uri, Headers(rows), body, parse_via(via), self.local, self.remote, self.call_id, number)

    def _path(self) -> tuple[str, tuple[str, ...]]:
        """The request's URI and its Routes; a strict router gets its own address as the URI (s.12.2.1.1)."""
        first = parse_name_addr(self.routes[0]).uri
        if "lr" in parse_uri(first).params:
            return self.target, self.routes
        return first, (*self.routes[1:], f"<{self.target}>")

    def next_hop(self) -> str:
        """The URI whose host and port get our next request."""
        return parse_name_addr(self.routes[0]).uri if self.routes else self.target

    def in_order(self, request: Request) -> bool:
        """Check and take the request's CSeq; False means 500 (s.12.2.2). ACK and CANCEL are not checked."""
        number = request.cseq.number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """Take over the peer's Contact from a re-INVITE or its 2xx (s.12.2)."""
        contact = contact_uri(message)
        if contact is not None:
            self.target, self.flow = contact, None


def contact_uri(message: Request | Response) -> str | None:
    """The first Contact's URI if it is a usable SIP URI, else None."""
    value = message.headers.first.get("Contact")
    if value is None or value == "*":
        return None
    try:
        uri = parse_name_addr(value).uri
        return uri if uri.startswith("sip:") or parse_uri(uri).scheme in ("sip", "sips") else None
    except Malformed:
        return None


def _names(local: str, remote: str, call_id: str) -> tuple[tuple[str, str], ...]:
    return ("From", local), ("To", remote), ("Call-ID", call_id)


def _routes(values: list[str]) -> tuple[str, ...]:
    for value in values:
        parse_uri(parse_name_addr(value).uri)
    return tuple(values)


def from_invite(request: Request, local_tag: str) -> Dialog:
    """The callee's dialog (s.12.1.1). Raises `Malformed` for a broken Record-Route or a missing Contact."""
    target = contact_uri(request)
    if target is None:
        raise Malformed("INVITE without a usable Contact")
    said, to = request.headers.first, request.to
    return Dialog(
        call_id=request.call_id,
        local=NameAddr(to.uri, to.display, local_tag, to.params),
        remote=request.from_,
        local_cseq=0,
        remote_cseq=request.cseq.number,
        routes=_routes(request.headers.rows("Record-Route")),
        target=target,
        names=_names(f"{said['To']};tag={local_tag}", said["From"], request.call_id),
    )


def from_response(request: Request, response: Response) -> Dialog:
    """The caller's dialog out of a 2xx (s.12.1.2); without a Contact the request's URI stays the target."""
    routes = _routes(response.headers.rows("Record-Route"))
    return Dialog(
        call_id=request.call_id,
        local=request.from_,
        remote=response.to,
        local_cseq=request.cseq.number,
        remote_cseq=None,
        routes=routes[::-1],
        target=contact_uri(response) or request.uri,
        names=_names(request.headers.first["From"], response.headers.first["To"], request.call_id),
    )


def key_of(request: Request) -> DialogKey:
    """The key under which the receiver of an in-dialog request keeps its dialog."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")
