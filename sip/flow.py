"""Where a message came from or goes to, and where answers to it belong (RFC 3261 s.18.2.2, RFC 3581). Pure."""

from msgspec import Struct

from sip.headers import Malformed, Uri, Via, parse_uri


class Flow(Struct, frozen=True, gc=False):
    """A transport ("UDP", "TCP" or "TLS") and the far end's address; `host` is an IP address or a name to resolve."""

    transport: str
    host: str
    port: int

    @property
    def reliable(self) -> bool:
        """Whether the transport itself delivers in order and repeats what was lost."""
        return self.transport != "UDP"

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read or change what it carries."""
        return self.transport == "TLS"


def reply_flow(via: Via, source: Flow) -> Flow:
    """Where the responses to a request with this (already stamped) topmost Via go.

    Over TCP it is the connection itself; over UDP the source port with `rport`, else the port in sent-by.
    """
    if "rport" in via.params or source.reliable:
        return source
    return Flow("UDP", source.host, via.port or 5060)


def fallback_flow(via: Via, source: Flow) -> Flow | None:
    """Where to connect for a response when the request's connection is gone (RFC 3261 s.18.2.2)."""
    if not source.reliable:
        return None
    return Flow(source.transport, via.params.get("received") or via.host, via.port or default_port(source.transport))


def behind_nat(via: Via, source: Flow, hops: int) -> bool:
    """Whether the sender's own idea of its address differs from what we see, with no proxy in between."""
    return hops == 1 and (via.host != source.host or (not source.reliable and (via.port or 5060) != source.port))


def default_port(transport: str) -> int:
    """The port that an address without one means (RFC 3261 s.19.1.2)."""
    return 5061 if transport == "TLS" else 5060


def flow_to(uri: Uri, default_transport: str = "UDP") -> Flow:
    """The next hop for a URI, without DNS service records (RFC 3263 s.4 in its simplest form).

    A sips URI is TLS; with it `transport` names what runs below, which here is TCP (RFC 3261 s.26.2.2). Raises
    `Malformed` for a URI that this stack cannot send to (another scheme or transport).
    """
    named = (uri.params.get("transport") or "").upper()
    if uri.scheme == "sips" and named in ("", "TCP", "TLS"):
        transport = "TLS"
    elif uri.scheme == "sip" and (named or default_transport) in ("UDP", "TCP", "TLS"):
        transport = named or default_transport
    else:
        raise Malformed("no transport for this URI", 416)
    return Flow(transport, (uri.params.get("maddr") or uri.host).strip("[]"), uri.port or default_port(transport))


def flow_to_text(uri: str, default_transport: str = "UDP") -> Flow:
    """`flow_to` for an unparsed URI."""
    return flow_to(parse_uri(uri), default_transport)
