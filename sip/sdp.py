"""Session descriptions for telephone audio (RFC 8866, RFC 4566) and their offer/answer (RFC 3264). Pure.

One audio stream of G.711 with telephone-event (RFC 4733) is negotiated; every other stream is refused with port 0.
IPv4 only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from msgspec import Struct

CODECS = ("PCMU", "PCMA")
STATIC = {"PCMU": 0, "PCMA": 8}
DTMF = "TELEPHONE-EVENT"
DEFAULT_DTMF_TYPE = 101
MAX_SDP = 16_384
MAX_STREAMS = 32
_FIRST_MULTICAST = 224
_PORT = re.compile(r"(\d{1,5})(?:/\d{1,5})?")
_RTPMAP = re.compile(r"(\d{1,3})\s+([^/\s]+)/(\d{1,6})(?:/(\d+))?\s*")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")
# What nearly every phone says: one audio stream to one address. What follows its port is the same in each of its calls.
_USUAL = re.compile(
    rb"v=0\r\no=[ -~]+\r\ns=[ -~]*\r\nc=IN IP4 "
    rb"((?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})\r\n(?:b=[ -~]*\r\n)?t=[ -~]*\r\n"
    rb"m=audio ([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}) (RTP/AVP(?: \d{1,3})++\r\n(?:a=[ -~]*\r\n)*+)"
)
_KEPT_LENGTH = 1_024


class SdpError(ValueError):
    """The description cannot be used; `status` is the SIP answer that it deserves (400 or 488)."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Direction(Enum):
    """Which way media flows, seen from the side that writes or holds it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    __hash__ = object.__hash__  # by identity, without a line of Python

    @property
    def sends(self) -> bool:
        """Whether this side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether this side receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    def reversed(self) -> "Direction":
        """The same flow seen from the other side."""
        swap = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
        return swap.get(self, self)

    def limited(self, other: "Direction") -> "Direction":
        """What remains when both allow it."""
        sends, receives = self.sends and other.sends, self.receives and other.receives
        if sends:
            return Direction.SENDRECV if receives else Direction.SENDONLY
        return Direction.RECVONLY if receives else Direction.INACTIVE


class Stream(Struct, frozen=True, gc=False):
    """One m-line. `formats` keeps the order of preference; `maps` is payload type -> (NAME, clock rate)."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str
    direction: Direction
    maps: dict[int, tuple[str, int]]
    ptime: int | None


class Description(Struct, frozen=True, gc=False):
    """A parsed session description."""

    streams: tuple[Stream, ...]


class Negotiated(Struct, frozen=True, gc=False):
    """What both sides can do. `direction` is ours; `ptime` in ms; `remote_port` receives RTP."""

    codec: str
    payload_type: int
    dtmf_payload_type: int | None
    remote_host: str
    remote_port: int
    direction: Direction
    ptime: int
    stream: int = 0


class Origin(Struct, frozen=True, gc=False):
    """Our o= line: the id stays for the session, the version counts up with each description that differs."""

    session_id: int
    version: int
    host: str


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    if len(data) > MAX_SDP:
        raise SdpError("description too large")
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            continue
        if len(line) < 2 or line[1] != "=":
            raise SdpError("broken line in the description")
        yield line[0], line[2:].strip()


def _address(value: str) -> str:
    """The address of a c= line; empty when it is well formed but nothing that we send to (IPv6, name, multicast)."""
    parts = value.split()
    if len(parts) != 3 or parts[0].upper() != "IN":
        raise SdpError("broken c= line")
    host = parts[2].partition("/")[0]
    usable = parts[1].upper() == "IP4" and _IPV4.fullmatch(host) and int(host.partition(".")[0]) < _FIRST_MULTICAST
    return host if usable else ""


@dataclass(slots=True)
class _Section:
    """The lines of the session or of one stream, while reading."""

    media: str = ""
    host: str | None = None
    direction: Direction | None = None
    ptime: int | None = None
    maps: dict[int, tuple[str, int]] | None = None

    def attribute(self, value: str) -> None:
        name, _, rest = value.partition(":")
        if name in ("sendrecv", "sendonly", "recvonly", "inactive"):
            self.direction = Direction(name)
        elif name == "ptime" and rest.strip().isdigit() and len(rest) < 6:
            self.ptime = int(rest)
        elif name == "rtpmap":
            found = _RTPMAP.fullmatch(rest.strip())
            if found is None:
                raise SdpError("broken rtpmap")
            if self.maps is not None and found[4] in (None, "1"):
                self.maps[int(found[1])] = (found[2].upper(), int(found[3]))


@lru_cache(64)
def _described(data: bytes) -> Description:
    """What is negotiated is answered a moment later: each description is read once."""
    return parse(data)


def parse(data: bytes) -> Description:
    """Parse a description. Raises `SdpError`."""
    session, sections = _Section(), list[_Section]()
    seen: set[str] = set()
    for letter, value in _lines(data):
        section = sections[-1] if sections else session
        seen.add(letter)
        if letter == "v" and value != "0":
            raise SdpError("unknown SDP version")
        if letter == "m":
            if len(sections) >= MAX_STREAMS:
                raise SdpError("too many streams")
            sections.append(_Section(media=value, maps={}))
        elif letter == "c":
            section.host = _address(value)
        elif letter == "a":
            section.attribute(value)
    if not {"v", "o"} <= seen:
        raise SdpError("v= or o= missing")
    return Description(tuple(_stream(section, session) for section in sections))


def _stream(section: _Section, session: _Section) -> Stream:
    parts = section.media.split()
    found = _PORT.fullmatch(parts[1]) if len(parts) >= 4 else None
    if found is None or int(found[1]) > 65_535:
        raise SdpError("broken m= line")
    maps = {number: (name, 8000) for name, number in STATIC.items()} | (section.maps or {})
    return Stream(
        kind=parts[0].lower(),
        port=int(found[1]),
        protocol=parts[2].upper(),
        formats=tuple(parts[3:]),
        host=(section.host if section.host is not None else session.host) or "",
        direction=section.direction or session.direction or Direction.SENDRECV,
        maps=maps,
        ptime=section.ptime,
    )


def _types(stream: Stream) -> list[tuple[int, str]]:
    """The stream's 8 kHz payload types with their names, in the order of preference."""
    numbers = [int(f) for f in stream.formats if f.isascii() and f.isdigit() and len(f) < 4]
    return [(n, stream.maps[n][0]) for n in numbers if n in stream.maps and stream.maps[n][1] == 8000]


def negotiate(
    offer: bytes, *, codecs: Sequence[str] = CODECS, local: Direction = Direction.SENDRECV, dtmf: bool = True
) -> Negotiated:
    """What to use of the peer's description, an offer or an answer alike.

    The first usable audio stream counts, and in it the peer's first codec that we know (RFC 3264 s.6.1). A peer that
    holds by c=0.0.0.0 (RFC 2543) or sendonly makes us recvonly. Raises `SdpError` with status 488 when nothing fits.
    """
    if codecs is CODECS and local is Direction.SENDRECV and dtmf:
        usual = _USUAL.fullmatch(offer)
        if usual is not None and len(usual[3]) <= _KEPT_LENGTH and len(offer) <= MAX_SDP:
            same = _negotiated_audio(usual[3])
            return Negotiated(
                same.codec, same.payload_type, same.dtmf_payload_type, usual[1].decode(), int(usual[2]),
                same.direction, same.ptime,
            )  # fmt: skip
    return _negotiate(offer, codecs, local, dtmf=dtmf)


@lru_cache(64)
def _negotiated_audio(rest: bytes) -> Negotiated:
    """What is settled by the rest of an m-line and its attributes, whatever the address."""
    offer = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 " + rest
    return _negotiate(offer, CODECS, Direction.SENDRECV, dtmf=True)


def _negotiate(offer: bytes, codecs: Sequence[str], local: Direction, *, dtmf: bool) -> Negotiated:
    for index, stream in enumerate(_described(offer).streams):
        if stream.kind != "audio" or stream.port == 0 or stream.protocol != "RTP/AVP" or not stream.host:
            continue
        types = _types(stream)
        chosen = next(((n, name) for n, name in types if name in codecs), None)
        if chosen is None:
            continue
        events = next((n for n, name in types if name == DTMF), None) if dtmf else None
        theirs = stream.direction
        if stream.host == "0.0.0.0":  # noqa: S104 - the old sign for hold, not an address to bind
            theirs = theirs.limited(Direction.SENDONLY)
        return Negotiated(
            codec=chosen[1],
            payload_type=chosen[0],
            dtmf_payload_type=events,
            remote_host=stream.host,
            remote_port=stream.port,
            direction=theirs.reversed().limited(local),
            ptime=stream.ptime if stream.ptime in (10, 20, 30, 40, 60) else 20,
            stream=index,
        )
    raise SdpError("no audio that we can do", 488)


def build_answer(offer: bytes, chosen: Negotiated, *, host: str, port: int, origin: Origin) -> bytes:
    """The answer to `offer`: the chosen stream with our address, every other with port 0, in the offer's order."""
    own = _audio(((chosen.codec, chosen.payload_type),), chosen.dtmf_payload_type, chosen.direction, chosen.ptime)
    if chosen.stream == 0 and offer.count(b"m=") == 1:
        return _written(origin, host, own % port)
    media = [
        own % port if index == chosen.stream else f"m={stream.kind} 0 {stream.protocol} {' '.join(stream.formats)}\r\n"
        for index, stream in enumerate(_described(offer).streams)
    ]
    return _written(origin, host, "".join(media))


def build_offer(
    *,
    host: str,
    port: int,
    origin: Origin,
    codecs: Sequence[str] = CODECS,
    dtmf_payload_type: int | None = DEFAULT_DTMF_TYPE,
    direction: Direction = Direction.SENDRECV,
    ptime: int = 20,
) -> bytes:
    """An offer of one audio stream with these codecs in this order."""
    known = tuple([(codec, STATIC[codec]) for codec in codecs])
    return _written(origin, host, _audio(known, dtmf_payload_type, direction, ptime) % port)


def _written(origin: Origin, host: str, media: str) -> bytes:
    own = f"o=- {origin.session_id} {origin.version} IN IP4 {origin.host}"
    return f"v=0\r\n{own}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n{media}".encode()


@lru_cache(64)
def _audio(codecs: tuple[tuple[str, int], ...], dtmf: int | None, direction: Direction, ptime: int) -> str:
    """The lines of an audio stream, with %d in place of its port."""
    types = [number for _, number in codecs] + ([dtmf] if dtmf is not None else [])
    lines = [f"m=audio %d RTP/AVP {' '.join(map(str, types))}"]
    lines += [f"a=rtpmap:{number} {codec}/8000" for codec, number in codecs]
    if dtmf is not None:
        lines += [f"a=rtpmap:{dtmf} telephone-event/8000", f"a=fmtp:{dtmf} 0-15"]
    return "\r\n".join([*lines, f"a=ptime:{ptime}", f"a={direction.value}\r\n"])
