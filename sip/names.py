"""Names of SIP headers: compact forms and capitals (RFC 3261 s.7.3.1, s.7.3.3). Pure."""

from functools import lru_cache

from sip.headers import is_token

_COMPACT = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "e": "Content-Encoding", "f": "From",
    "i": "Call-ID", "k": "Supported", "l": "Content-Length", "m": "Contact", "o": "Event", "r": "Refer-To",
    "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires",
}  # fmt: skip
_ODD = ("Call-ID", "CSeq", "WWW-Authenticate", "MIME-Version", "RAck", "RSeq")
_CANONICAL = _COMPACT | {name.lower(): name for name in (*_ODD, *_COMPACT.values())}
# Longer names than any header has are not kept for the next message.
_KEPT_LENGTH = 64


def canonical(name: str) -> str:
    """The one spelling under which a header's name is stored: full form, usual capitals."""
    return _CANONICAL.get(name.lower()) or name.title()


# The usual headers, as nearly everybody writes them.
KNOWN = frozenset(
    canonical(name)
    for name in (
        *_CANONICAL.values(), "Max-Forwards", "User-Agent", "Server", "Allow", "Accept", "Route", "Record-Route",
        "Authorization", "Proxy-Authorization", "Require", "Expires", "Date", "P-Asserted-Identity", "Organization",
        "Content-Disposition", "Accept-Encoding", "Accept-Language", "Privacy", "Timestamp", "Warning",
    )
)  # fmt: skip


def row_name(name: str) -> str:
    """The canonical name, "" for what is no token."""
    return _kept_row_name(name) if len(name) <= _KEPT_LENGTH else _row_name(name)


def _row_name(name: str) -> str:
    return canonical(name) if is_token(name) else ""


_kept_row_name = lru_cache(1_024)(_row_name)
