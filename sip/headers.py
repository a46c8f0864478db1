"""Grammar of SIP header field values and URIs (RFC 3261 s.25, RFC 3581, RFC 7616).

Every parser takes text and returns a frozen value or raises `Malformed`; nothing else escapes.
The regular expressions use possessive quantifiers, so no input makes them backtrack.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, unquote

from msgspec import Struct, field

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105 - the grammar's word for a bare word
_TOKEN = re.compile(TOKEN)
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_HOST = r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9\-._]++)"
_PARAM = re.compile(rf"\s*+;\s*+({TOKEN})(?:\s*+=\s*+({_QUOTED}|[^;\s\"<>,]++))?+\s*+")
_LIST_ITEM = re.compile(rf'((?:[^,"<]|{_QUOTED}|<[^>]*+>)*+)(?:,|$)', re.DOTALL)
_VIA = re.compile(
    rf"SIP\s*+/\s*+2\.0\s*+/\s*+({TOKEN})\s++({_HOST})(?:\s*+:\s*+(\d{{1,5}}))?+(.*)", re.IGNORECASE | re.DOTALL
)
_CSEQ = re.compile(rf"(\d{{1,10}})\s++({TOKEN})")
_HOSTPORT = re.compile(rf"({_HOST})(?::(\d{{1,5}}))?+")
_NOT_IN_URI = re.compile(r'[<>" \t\r\n]')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*+")
_AUTH_PARAM = re.compile(rf"\s*+({TOKEN})\s*+=\s*+({_QUOTED}|[^\s,\"]++)\s*+(?:,|$)")
_DISPLAY = re.compile(rf"(?:{_QUOTED}|[^\"<>,;:@]*+)\s*+")

# What nearly every message says, and only what the general grammar reads to the same values: tests compare the two.
_WORD = r"[A-Za-z0-9\-.!%*_+`'~]++"
_USER = r"[A-Za-z0-9\-_.!~*'()&=+$,;?/:]++"
_NAME = r"[A-Za-z0-9\-._]++"
# The longest first: what has matched is not tried another way.
_PORT = r"(?:6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
_VALUE = r"[A-Za-z0-9\-.!%*_+`'~:/]++"
_PARAMS = rf"(?:;[a-z0-9\-.]++(?:={_VALUE})?+)*+"
_USUAL_PARAMS = re.compile(_PARAMS, re.ASCII)
_USUAL_PARAM = re.compile(r";([^;=]++)(=?+)([^;]*+)")
# What whoever answers writes into our Via (RFC 3581).
_SEEN = rf"((?:;(?:rport|received)(?:={_VALUE})?+)*+)"
_USUAL_VIA = re.compile(
    rf"SIP/2\.0/(UDP|TCP|TLS) ([a-z0-9\-._]++)(?::({_PORT}))?+{_SEEN};branch=({_WORD}){_SEEN}", re.ASCII
)
_USUAL_URI = re.compile(rf"(sips?):(?:({_USER})@)?({_NAME})(?::({_PORT}))?+({_PARAMS})", re.ASCII)
_USUAL_ADDRESS = re.compile(
    rf'(?:"([^"\\]*+)"|([A-Za-z0-9\-._]*+)) ?+<(sips?:(?:{_USER}@)?{_NAME}(?::{_PORT})?+{_PARAMS})>'
    rf"(?:;tag=({_WORD}))?+",
    re.ASCII,
)

# The messages that begin a dialog say the same addresses again and again: these are read once. So few are kept that
# memory stays flat, and longer texts not at all.
_KEPT = 64
_KEPT_LENGTH = 256

MAX_CSEQ = 2**31 - 1
MAGIC_COOKIE = "z9hG4bK"


class Malformed(ValueError):  # noqa: N818 - RFC 3261 speaks of malformed messages
    """What came in breaks the grammar; `reason` says where, `status` is the final answer it deserves."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


Params = Mapping[str, str | None]


def is_token(text: str) -> bool:
    """Whether `text` is one token (RFC 3261 s.25.1)."""
    return _TOKEN.fullmatch(text) is not None


def split_list(value: str) -> list[str]:
    """Split a comma separated value, leaving commas inside quotes and angle brackets alone."""
    if "," not in value:
        return [value.strip()]
    items, at = [], 0
    while at <= len(value):
        found = _LIST_ITEM.match(value, at)
        if found is None:
            raise Malformed("unbalanced quote or bracket in a list")
        items.append(found[1].strip())
        if found.end() == len(value) and not found[0].endswith(","):
            break
        at = found.end()
    return [item for item in items if item]


def unquote_string(text: str) -> str:
    """The content of a quoted-string; other text is returned as it is."""
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def quote_string(text: str) -> str:
    """`text` as a quoted-string, with line ends turned into spaces."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    flat = re.sub(r"[\r\n\0]+", " ", text)
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_params(text: str) -> dict[str, str | None]:
    """`;a=b;c` as {"a": "b", "c": None}; names are lower case, the first of two equals wins."""
    if _USUAL_PARAMS.fullmatch(text) is None:
        return _read_params(text)
    params: dict[str, str | None] = {}
    for name, equals, value in _USUAL_PARAM.findall(text):
        if name not in params:
            params[name] = value if equals else None
    return params


def _read_params(text: str) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        found = _PARAM.match(text, at)
        if found is None:
            if text[at:].strip():
                raise Malformed("broken parameter")
            break
        params.setdefault(found[1].lower(), found[2])
        at = found.end()
    return params


def format_params(params: Params) -> str:
    """The inverse of `parse_params`."""
    text = ""
    for name, value in params.items():
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    port = int(text)
    if not 0 < port < 65536:
        raise Malformed("port out of range")
    return port


class Uri(Struct, frozen=True, gc=False):
    """A SIP, SIPS or other URI. For `tel:` the number is `user` and `host` is empty."""

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)
    headers: str = ""

    def __str__(self) -> str:
        if self.scheme not in ("sip", "sips"):
            return f"{self.scheme}:{self.user}{format_params(self.params)}"
        user = self.user
        if user:
            user = f"{user if user.isascii() and user.isalnum() else quote(user, safe=_USER_SAFE)}@"
        port = f":{self.port}" if self.port is not None else ""
        tail = f"?{self.headers}" if self.headers else ""
        params = format_params(self.params) if self.params else ""
        return f"{self.scheme}:{user}{self.host}{port}{params}{tail}"


_USER_SAFE = "-_.!~*'()&=+$,;?/:"


def parse_uri(text: str) -> Uri:
    """Parse an absolute URI; SIP and SIPS strictly, of other schemes only scheme and opaque part."""
    return _kept_uri(text) if len(text) <= _KEPT_LENGTH else _read_uri(text)


def _read_uri(text: str) -> Uri:
    usual = _USUAL_URI.fullmatch(text)
    if usual is None:
        return _read_any_uri(text)
    scheme, user, host, port, params = usual.groups()
    return Uri(scheme, user or "", host.lower(), int(port) if port else None, parse_params(params))


def _read_any_uri(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    if not colon or _SCHEME.fullmatch(scheme) is None or not rest or _NOT_IN_URI.search(text):
        raise Malformed("not a URI")
    scheme = scheme.lower()
    if scheme not in ("sip", "sips"):
        return Uri(scheme, rest.partition(";")[0], "")
    userinfo, at, hostpart = rest.partition("@")
    if not at:
        userinfo, hostpart = "", rest
    found = _HOSTPORT.match(hostpart)
    if found is None or (at and not userinfo):
        raise Malformed("URI without host or user")
    tail, _, headers = hostpart[found.end() :].partition("?")
    user = unquote(userinfo, errors="replace") if "%" in userinfo else userinfo
    return Uri(scheme, user, found[1].lower(), _port(found[2]), parse_params(tail), headers)


_kept_uri = lru_cache(_KEPT)(_read_uri)


class NameAddr(Struct, frozen=True, gc=False):
    """From, To, Contact, Route: a display name, a URI, the tag (no dialog exists without it), the other parameters."""

    uri: str
    display: str = ""
    tag: str | None = None
    params: Params = field(default_factory=dict)

    def __str__(self) -> str:
        shown = f"{quote_string(self.display)} " if self.display else ""
        tag = "" if self.tag is None else f";tag={self.tag}"
        return f"{shown}<{self.uri}>{tag}{format_params(self.params) if self.params else ''}"


def parse_name_addr(text: str) -> NameAddr:
    """Parse `"Name" <uri>;p=v` or `uri;p=v` (then the parameters belong to the header, RFC 3261 s.20)."""
    usual = _USUAL_ADDRESS.fullmatch(text)
    if usual is None:
        return _kept_name_addr(text) if len(text) <= _KEPT_LENGTH else _read_name_addr(text)
    quoted, word, uri, tag = usual.groups()
    return NameAddr(uri, quoted or word or "", tag)


def _read_name_addr(text: str) -> NameAddr:
    text = text.strip()
    if "<" not in text:
        uri, semicolon, tail = text.partition(";")
        parse_uri(uri.rstrip())
        return _tagged(uri.rstrip(), "", parse_params(semicolon + tail))
    shown = _DISPLAY.match(text)
    if shown is None or shown.end() >= len(text) or text[shown.end()] != "<":
        raise Malformed("broken display name")
    end = text.find(">", shown.end())
    if end < 0:
        raise Malformed("missing > in an address")
    uri = text[shown.end() + 1 : end].strip()
    parse_uri(uri)
    return _tagged(uri, unquote_string(shown[0].strip()), parse_params(text[end + 1 :]))


def _tagged(uri: str, display: str, params: dict[str, str | None]) -> NameAddr:
    tag = params.pop("tag", None)
    return NameAddr(uri, display, tag, params)


_kept_name_addr = lru_cache(_KEPT)(_read_name_addr)


class Via(Struct, frozen=True, gc=False):
    """One Via value (RFC 3261 s.20.42). `branch` is also one of `params`, and "" for an RFC 2543 peer."""

    transport: str
    host: str
    port: int | None
    params: Params
    branch: str

    def stamped(self, host: str, port: int) -> "Via":
        """This Via with `received` and `rport` filled in from the packet's source (RFC 3581 s.4)."""
        if "rport" in self.params:
            more = {"rport": str(port), "received": host}
        elif self.host != host:
            more = {"received": host}
        else:
            return self
        return Via(self.transport, self.host, self.port, {**self.params, **more}, self.branch)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"


def parse_via(text: str) -> Via:
    """Parse one Via value; white space around the slashes and the colon is allowed."""
    usual = _USUAL_VIA.fullmatch(text)
    if usual is None:
        return _read_via(text)
    transport, host, port, before, branch, after = usual.groups()
    params: dict[str, str | None] = {"branch": branch}
    if after == ";rport" and not before:
        params["rport"] = None
    elif before == ";rport" and not after:
        params = {"rport": None, "branch": branch}
    elif before or after:
        params = parse_params(f"{before};branch={branch}{after}")
    return Via(transport, host, int(port) if port else None, params, branch)


def _read_via(text: str) -> Via:
    found = _VIA.fullmatch(text.strip())
    if found is None:
        raise Malformed("broken Via")
    params = parse_params(found[4])
    return Via(found[1].upper(), found[2].lower(), _port(found[3]), params, params.get("branch") or "")


class CSeq(Struct, frozen=True, gc=False):
    """Sequence number (0 to 2**31-1) and method."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_cseq(text: str) -> CSeq:
    """Parse a CSeq value."""
    found = _CSEQ.fullmatch(text) or _CSEQ.fullmatch(text.strip())
    if found is None:
        raise Malformed("broken CSeq")
    digits, method = found.groups()
    if (number := int(digits)) > MAX_CSEQ:
        raise Malformed("broken CSeq")
    return CSeq(number, method)


class Auth(Struct, frozen=True, gc=False):
    """A challenge or credentials: scheme (lower case) and parameters, quotes removed."""

    scheme: str
    params: Mapping[str, str]


def parse_auth(text: str) -> Auth:
    """Parse WWW-Authenticate, Authorization and their Proxy twins (RFC 7616 s.3)."""
    scheme, _, rest = text.strip().partition(" ")
    if not is_token(scheme) or not rest.strip():
        raise Malformed("broken credentials")
    params: dict[str, str] = {}
    at = 0
    while at < len(rest):
        found = _AUTH_PARAM.match(rest, at)
        if found is None:
            raise Malformed("broken credentials")
        if found[1].lower() in params:
            raise Malformed("credentials name a parameter twice")
        params[found[1].lower()] = unquote_string(found[2])
        at = found.end()
    return Auth(scheme.lower(), params)


def parse_number(text: str, limit: int = 2**32 - 1) -> int:
    """A non-negative decimal number not above `limit`."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > limit:
        raise Malformed("broken number")
    return int(text)
