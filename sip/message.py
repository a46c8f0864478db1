"""SIP messages: bytes to frozen values and back (RFC 3261 s.7), without any I/O.

`parse` is strict about what a transaction needs (start line, Via, From, To, Call-ID, CSeq, Content-Length) and
tolerant about the rest: compact names, any letter case, folded lines, bare line feeds, Latin-1 in place of UTF-8.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from sip.headers import (
    CSeq,
    Malformed,
    NameAddr,
    Via,
    is_token,
    parse_cseq,
    parse_name_addr,
    parse_number,
    parse_via,
    split_list,
)
from sip.names import KNOWN, row_name

MAX_BYTES = 65_535
MAX_HEADERS = 256
MAX_LINE = 8_192
MAX_METHOD = 32

REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress", 200: "OK",
    202: "Accepted", 301: "Moved Permanently", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout",
    410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    420: "Bad Extension", 422: "Session Interval Too Small", 423: "Interval Too Brief", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
    505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip

_NEEDED = ("Via", "From", "To", "Call-ID", "CSeq")
_METHODS = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS", "REGISTER", "REFER", "NOTIFY"})
_SPLIT = frozenset({"Via", "Route", "Record-Route", "Contact"})
_SINGLE = frozenset({"From", "To", "Call-ID", "CSeq", "Content-Length", "Max-Forwards", "Content-Type"})
_ECHOED = frozenset({"Via", "From", "Call-ID", "CSeq"})
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_ROW = re.compile(r"\r\n([A-Za-z\-]++): (\S(?:[^\r\n]*\S)?)(?=\r\n|\Z)")
_FOLD = re.compile(r"\r?\n[ \t]+")
_NOT_IN_URI = re.compile(r'[<>"\t]')
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)


class Headers:
    """Header rows in order; `first` has the first value of each name. Names must be in canonical spelling."""

    __slots__ = ("_echo", "_rows", "first")

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        self._rows = tuple(rows)
        self.first: Mapping[str, str] = dict(reversed(self._rows))
        self._echo: tuple[str, int] | None = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        return f"Headers({list(self._rows)!r})"

    def get(self, name: str) -> str | None:
        """The first row's value, or None."""
        return self.first.get(name)

    def rows(self, name: str) -> list[str]:
        """The value of each row of that name, in order."""
        if name not in self.first:
            return []
        return [value for row, value in self._rows if row == name]

    def values(self, name: str) -> list[str]:
        """Each element of a comma separated header over all its rows. Raises `Malformed`."""
        if name not in self.first:
            return []
        return [item for row in self.rows(name) for item in split_list(row)]

    def echo(self, via: Via | None) -> tuple[str, int]:
        """The lines that each response to these headers repeats, but for To (RFC 3261 s.8.2.6.2); how many.

        `via` is the topmost Via as it is to be said, None: as it came. The lines are made once.
        """
        if self._echo is None:
            first = self.first
            top = str(via) if via is not None and "received" in via.params else first.get("Via")
            if len(first) == len(self._rows) and first.keys() >= _ECHOED:
                rest = f"From: {first['From']}\r\nCall-ID: {first['Call-ID']}\r\nCSeq: {first['CSeq']}\r\n"
                self._echo = f"Via: {top}\r\n{rest}", 4
            else:
                values = [[name, value] for name, value in self._rows if name in _ECHOED]
                for row in [row for row in values if row[0] == "Via"][:1]:
                    row[1] = str(top)
                self._echo = "".join([f"{name}: {value}\r\n" for name, value in values]), len(values)
        return self._echo


class Request(Struct, frozen=True, gc=False):
    """A request whose mandatory headers are well formed; `via` is the topmost Via, with its source where that is known.

    The rows are as they came: who answers writes `via` in place of the topmost.
    """

    method: str
    uri: str
    headers: Headers
    body: bytes
    via: Via
    from_: NameAddr
    to: NameAddr
    call_id: str
    cseq: CSeq

    def encode(self) -> bytes:
        """The bytes for the wire, with the right Content-Length."""
        return _encode(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)


class Response(Struct, frozen=True, gc=False):
    """A response whose mandatory headers are well formed."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    via: Via
    from_: NameAddr
    to: NameAddr
    call_id: str
    cseq: CSeq

    def encode(self) -> bytes:
        """The bytes for the wire, with the right Content-Length."""
        return _encode(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


class MalformedRequest(Malformed):
    """A broken request of which enough could be read to answer it: `headers` holds the Via, From, To and so on."""

    def __init__(self, reason: str, status: int, method: str, headers: Headers, via: Via) -> None:
        super().__init__(reason, status)
        self.method = method
        self.headers = headers
        self.via = via


def _encode(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers if name != "Content-Length"]
    head = "\r\n".join([start, *lines])
    return _ended(head, len(lines), body)


def _ended(head: str, ends: int, body: bytes) -> bytes:
    """The message with this head of so many line ends, which lacks only its Content-Length."""
    # A line end inside a value would let its author write headers of his own.
    if head.count("\n") != ends or head.count("\r") != ends:
        raise ValueError("a header value contains a line end")
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode("utf-8", "replace") + body


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _split_head(data: bytes) -> tuple[str, bytes]:
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    if len(data) > MAX_BYTES:
        raise Malformed("message too large", 513)
    end, width = data.find(b"\r\n\r\n"), 4
    if end < 0:
        end, width = data.find(b"\n\n"), 2
    if end < 0:
        raise Malformed("headers do not end")
    return _decode(data[:end]), data[end + width :]


def _parse_rows(lines: list[str]) -> Headers:
    if len(lines) > MAX_HEADERS:
        raise Malformed("too many headers")
    if max(map(len, lines), default=0) > MAX_LINE:
        raise Malformed("broken header line")
    rows: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        name = row_name(name.rstrip())
        if not colon or not name:
            raise Malformed("broken header line")
        value = value.strip()
        if "," in value and name in _SPLIT:
            rows += [(name, item) for item in split_list(value)]
        else:
            rows.append((name, value))
    if len(rows) > MAX_HEADERS:
        raise Malformed("too many headers")
    return Headers(rows)


def _mandatory(headers: Headers) -> tuple[Via, NameAddr, NameAddr, str, CSeq]:
    found = headers.first
    if len(found) != len(headers):
        names = [name for name, _ in headers if name in _SINGLE]
        if len(set(names)) != len(names):
            twice = next(name for at, name in enumerate(names) if name in names[:at])
            raise Malformed(f"{twice} twice")
    via, from_, to, call_id, cseq = [found.get(name, "") for name in _NEEDED]
    if not (via and from_ and to and call_id and cseq):
        raise Malformed(f"no {next(name for name in _NEEDED if not found.get(name))}")
    if len(call_id) > 256 or not call_id.isprintable() or " " in call_id:
        raise Malformed("broken Call-ID")
    return parse_via(via), parse_name_addr(from_), parse_name_addr(to), call_id, parse_cseq(cseq)


def _body(headers: Headers, rest: bytes) -> bytes:
    stated = headers.first.get("Content-Length")
    if stated == "0":
        return b""
    if stated is None:
        return rest
    length = parse_number(stated, MAX_BYTES)
    if length > len(rest):
        raise Malformed("body shorter than Content-Length")
    return rest[:length]


def make_request(
    method: str, uri: str, headers: Headers, body: bytes = b"", source: tuple[str, int] | None = None
) -> Request:
    """A request from its parts. Raises `Malformed` when a mandatory header is missing or broken."""
    via, from_, to, call_id, cseq = _mandatory(headers)
    if cseq.method != method:
        raise Malformed("CSeq names another method")
    if source is not None and method != "ACK":  # which nobody answers
        via = via.stamped(*source)
    return Request(method, uri, headers, body, via, from_, to, call_id, cseq)


def make_response(status: int, reason: str, headers: Headers, body: bytes = b"") -> Response:
    """A response from its parts. Raises `Malformed` when a mandatory header is missing or broken."""
    via, from_, to, call_id, cseq = _mandatory(headers)
    return Response(status, reason, headers, body, via, from_, to, call_id, cseq)


def _parse_response(start: str, headers: Headers, rest: bytes) -> Response:
    _, _, tail = start.partition(" ")
    code, _, reason = tail.partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdigit()) or not 100 <= int(code) <= 699:
        raise Malformed("broken status line")
    return make_response(int(code), reason.strip(), headers, _body(headers, rest))


def _parse_request(start: str, headers: Headers, rest: bytes, source: tuple[str, int] | None) -> Request:
    parts = start.split(" ")
    method = parts[0]
    if method not in _METHODS and (not is_token(method) or len(method) > MAX_METHOD):
        raise Malformed("broken method")
    try:
        version = parts[-1]
        if len(parts) != 3 or _NOT_IN_URI.search(parts[1]) or not (version == "SIP/2.0" or _VERSION.fullmatch(version)):
            raise Malformed("broken request line")
        if version.upper() != "SIP/2.0":
            raise Malformed("unknown version", 505)
        return make_request(method, parts[1], headers, _body(headers, rest), source)
    except Malformed as error:
        raise _answerable(error, method, headers) from None


def _answerable(error: Malformed, method: str, headers: Headers) -> Malformed:
    """The same error as one that can be answered, when at least a Via tells where to."""
    top = headers.get("Via")
    if top is None or method == "ACK" or any(not headers.get(n) for n in ("From", "To", "Call-ID", "CSeq")):
        return error
    try:
        via = parse_via(top)
    except Malformed:
        return error
    return MalformedRequest(error.reason, error.status, method, headers, via)


def _usual_headers(head: str) -> Headers | None:
    """The headers, where each is a line of its own with a known name; None for everything else."""
    rows = _ROW.findall(head)
    ends = head.count("\n")
    if len(rows) != ends or head.count("\r") != ends or ends > MAX_HEADERS or len(head) > MAX_LINE or "\0" in head:
        return None
    headers = Headers(rows)
    first = headers.first
    if len(first) != ends or not first.keys() <= KNOWN:
        return None
    for name in _SPLIT:
        if "," in first.get(name, ""):
            return None
    return headers


def _lines(head: str) -> list[str]:
    """The start line and the header lines, folded ones in one piece. Raises `Malformed`."""
    if "\0" in head:
        raise Malformed("NUL in the headers")
    lines = head.split("\r\n")
    ends = len(lines) - 1
    if head.count("\n") == ends and head.count("\r") == ends and "\n " not in head and "\n\t" not in head:
        return lines
    head = _FOLD.sub(" ", head).replace("\r\n", "\n")
    if "\r" in head:
        head = "\n".join(line.rstrip("\r") for line in head.split("\n"))
        if "\r" in head:
            raise Malformed("carriage return inside a line")
    start, _, tail = head.partition("\n")
    return [start, *(tail.split("\n") if tail else ())]


def parse(data: bytes, source: tuple[str, int] | None = None) -> Message:
    """One whole message from the wire. Raises `Malformed` (or `MalformedRequest`) and nothing else.

    Bytes behind Content-Length are ignored, as RFC 3261 s.18.3 says for datagrams. A request's `via` gets its source,
    host and port, written into it (RFC 3581).
    """
    head, rest = _split_head(data)
    headers = _usual_headers(head)
    if headers is None:
        start, *lines = _lines(head)
        headers = _parse_rows(lines)
    else:
        start = head.partition("\r\n")[0]
    if start[:8].upper() == "SIP/2.0 ":
        return _parse_response(start, headers, rest)
    return _parse_request(start, headers, rest, source)


def respond(
    request_headers: Headers,
    status: int,
    *,
    reason: str | None = None,
    to_tag: str | None = None,
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    via: Via | None = None,
) -> bytes:
    """The wire form of a response to a request with these headers (RFC 3261 s.8.2.6), its topmost Via said as `via`.

    Works on headers, not on a `Request`, so that broken requests can be answered as well.
    """
    to = request_headers.get("To") or ""
    if to_tag and status > 100 and not _TAG.search(to.rpartition(">")[2]):
        to = f"{to};tag={to_tag}"
    echo, count = request_headers.echo(via)
    lines = [f"{name}: {value}" for name, value in extra if name != "Content-Length"]
    head = "\r\n".join([f"SIP/2.0 {status} {reason or REASONS.get(status, 'Unknown')}\r\n{echo}To: {to}", *lines])
    return _ended(head, 1 + count + len(lines), body)
