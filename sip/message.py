"""SIP messages: bytes to frozen values and back (RFC 3261 s.7), without any I/O.

`parse` is strict about what a transaction needs (start line, Via, From, To, Call-ID, CSeq, Content-Length) and
tolerant about the rest: compact names, any letter case, folded lines, bare line feeds, Latin-1 in place of UTF-8.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

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
_SPLIT = frozenset({"Via", "Route", "Record-Route", "Contact"})
_SINGLE = ("From", "To", "Call-ID", "CSeq", "Content-Length", "Max-Forwards", "Content-Type")
_ECHOED = frozenset({"Via", "From", "Call-ID", "CSeq"})
# The first line as nearly everybody writes it.
_USUAL_START = re.compile(
    r"(?:SIP/2\.0 ([1-6][0-9]{2}) ([!-~](?:[ -~]*[!-~])?)|([A-Z]{3,32}) ([!#-;=?-~]+) SIP/2\.0)(?=\r\n)"
)
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_ROW = re.compile(r"\r\n([A-Za-z\-]++):[ \t]*+(\S(?:.*\S)?)")
_FOLD = re.compile(r"\r?\n[ \t]+")
_NOT_IN_URI = re.compile(r'[<>"\t]')
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)


class Headers:
    """`all` rows in order, and the `first` value of each name. Names must be in canonical spelling."""

    __slots__ = ("_echo", "all", "first")

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        self.all = tuple(rows)
        self.first: Mapping[str, str] = dict(reversed(self.all))
        self._echo = ""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    def __repr__(self) -> str:
        return f"Headers({list(self.all)!r})"

    def get(self, name: str) -> str | None:
        """The first row's value, or None."""
        return self.first.get(name)

    def rows(self, name: str) -> list[str]:
        """The value of each row of that name, in order."""
        if name not in self.first:
            return []
        return [value for row, value in self.all if row == name]

    def values(self, name: str) -> list[str]:
        """Each element of a comma separated header over all its rows. Raises `Malformed`."""
        if name not in self.first:
            return []
        return [item for row in self.rows(name) for item in split_list(row)]

    def echo(self, via: Via | None) -> str:
        """The lines that each response to these headers repeats, but for To (RFC 3261 s.8.2.6.2).

        `via` is the topmost Via as it is to be said, None: as it came. The lines are made once.
        """
        if not self._echo:
            first = self.first
            top = str(via) if via is not None and "received" in via.params else first.get("Via")
            if len(first) == len(self.all) and first.keys() >= _ECHOED:
                rest = f"From: {first['From']}\r\nCall-ID: {first['Call-ID']}\r\nCSeq: {first['CSeq']}\r\n"
                self._echo = f"Via: {top}\r\n{rest}"
            else:
                values = [[name, value] for name, value in self.all if name in _ECHOED]
                for row in [row for row in values if row[0] == "Via"][:1]:
                    row[1] = str(top)
                self._echo = "".join([f"{name}: {value}\r\n" for name, value in values])
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
    return _whole(start, _lines_of(headers.all), body)


def _lines_of(rows: tuple[tuple[str, str], ...]) -> str:
    """These rows as lines, without Content-Length, which is said last. Raises ValueError for a line end in a value."""
    lines = [f"{name}: {value}\r\n" for name, value in rows if name != "Content-Length"]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        raise ValueError("a header value contains a line end, and with it a header of its author's own")
    return text


# What responses say of us is the same again and again: it is written once.
_kept_lines_of = lru_cache(64)(_lines_of)


def _whole(start: str, lines: str, body: bytes) -> bytes:
    if "\n" in start or "\r" in start:
        raise ValueError("the first line contains a line end")
    return f"{start}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("utf-8", "replace") + body


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
    try:
        return data[:end].decode(), data[end + width :]
    except UnicodeDecodeError:
        return data[:end].decode("latin-1"), data[end + width :]


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
    try:
        via, from_, to = found["Via"], found["From"], found["To"]
        call_id, cseq = found["Call-ID"], found["CSeq"]
    except KeyError as error:
        raise Malformed(f"no {error.args[0]}") from None
    if not (via and from_ and to and call_id and cseq):
        raise Malformed(f"no {next(name for name in _NEEDED if not found[name])}")
    if len(call_id) > 256 or not call_id.isprintable() or " " in call_id:
        raise Malformed("broken Call-ID")
    return parse_via(via), parse_name_addr(from_), parse_name_addr(to), call_id, parse_cseq(cseq)


def _single(headers: Headers) -> Headers:
    """The same, when nothing is said twice that stands for the whole message."""
    for name in _SINGLE:
        if len(headers.rows(name)) > 1:
            raise Malformed(f"{name} twice")
    return headers


def _body(headers: Headers, rest: bytes) -> bytes:
    stated = headers.first.get("Content-Length")
    if stated is None or stated == str(len(rest)):
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
    code, _, reason = start[8:].partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdigit()) or not 100 <= int(code) <= 699:
        raise Malformed("broken status line")
    return make_response(int(code), reason.strip(), _single(headers), _body(headers, rest))


def _parse_request(start: str, headers: Headers, rest: bytes, source: tuple[str, int] | None) -> Request:
    parts = start.split(" ")
    method = parts[0]
    if not is_token(method) or len(method) > MAX_METHOD:
        raise Malformed("broken method")
    try:
        version = parts[-1]
        if len(parts) != 3 or _NOT_IN_URI.search(parts[1]) or not _VERSION.fullmatch(version):
            raise Malformed("broken request line")
        if version.upper() != "SIP/2.0":
            raise Malformed("unknown version", 505)
        return make_request(method, parts[1], _single(headers), _body(headers, rest), source)
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
    """The headers, where each is a line of its own and no name comes twice; None for everything else."""
    rows = _ROW.findall(head)
    ends = head.count("\n")
    if len(rows) != ends or head.count("\r") != ends or ends > MAX_HEADERS or len(head) > MAX_LINE or "\0" in head:
        return None
    headers = Headers(rows)
    if not headers.first.keys() <= KNOWN:
        headers = Headers((row_name(name), value) for name, value in rows)
    first = headers.first
    if len(first) != ends:
        return None
    for name in _SPLIT:
        if name in first and "," in first[name]:
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
    usual = _USUAL_START.match(head)
    headers = None if usual is None else _usual_headers(head)
    if usual is None or headers is None:
        return _parse_any(head, rest, source)
    status, reason, method, uri = usual.groups()
    if status is not None:
        return make_response(int(status), reason, headers, _body(headers, rest))
    try:
        return make_request(method, uri, headers, _body(headers, rest), source)
    except Malformed as error:
        raise _answerable(error, method, headers) from None


def _parse_any(head: str, rest: bytes, source: tuple[str, int] | None) -> Message:
    """By the general grammar."""
    start, *lines = _lines(head)
    headers = _parse_rows(lines)
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
    to = request_headers.first.get("To", "")
    if to_tag and status > 100 and (";" not in to or not _TAG.search(to.rpartition(">")[2])):
        to = f"{to};tag={to_tag}"
    lines = f"{request_headers.echo(via)}To: {to}\r\n{_kept_lines_of(tuple(extra))}"
    return _whole(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Unknown')}", lines, body)
