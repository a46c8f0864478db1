"""SDP of the WebRTC leg: read a browser's audio offer, write the one answer that this server gives.

Offer and answer follow RFC 8829 (JSEP) narrowed to one bundled audio section: RFC 8843 (BUNDLE), RFC 8839 (ICE
attributes), RFC 8842 (DTLS setup), RFC 5761 (rtcp-mux), RFC 4733 (telephone-event). Pure: text in, values out.

The offer's candidates are left unread. A browser always checks towards the server's candidates, and those
authenticated checks teach its addresses (RFC 8445, 7.3.1.3): mDNS names need no resolving, and an offer cannot
make this server send to an address of the sender's choice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from media.errors import MediaError

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DtlsRole = Literal["client", "server"]
WireCodec = Literal["PCMU", "PCMA", "OPUS"]
"""What may be negotiated with a browser; the engine itself knows G.711 only."""

MAX_OFFER_CHARS: Final = 64 * 1024
SAMPLE_RATE_HZ: Final = 8000
PACKET_MS: Final = 20

OPUS_CLOCK_HZ: Final = 48_000
# The engine's sound is 8 kHz: a browser that knows it spends neither bits nor cycles on more (RFC 7587, 6.1).
_OPUS_FORMAT: Final = (
    "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxplaybackrate=8000;sprop-maxcapturerate=8000"
)
_STATIC_ENCODINGS: Final = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
_WIRE_CODECS: Final[dict[tuple[str, int], WireCodec]] = {
    ("PCMU", 8000): "PCMU",
    ("PCMA", 8000): "PCMA",
    ("OPUS", OPUS_CLOCK_HZ): "OPUS",
}
_ENCODING_OF: Final[dict[WireCodec, str]] = {"PCMU": "PCMU/8000", "PCMA": "PCMA/8000", "OPUS": "opus/48000/2"}
_ANSWER_DIRECTION: Final[dict[str, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
# An offer of actpass is answered active (RFC 8842, 5.3): the handshake starts with the first working pair, and
# this server never has to reassemble a browser's large, fragmented ClientHello.
_DTLS_ROLE: Final[dict[str, DtlsRole]] = {"actpass": "client", "passive": "client", "active": "server"}
_SETUP_OF_ROLE: Final[dict[DtlsRole, str]] = {"client": "active", "server": "passive"}
_DIGESTS: Final = frozenset({"sha-256", "sha-384", "sha-512"})
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")
_RTPMAP: Final = re.compile(r"([0-9]{1,3}) ([\w.-]+)/([0-9]{1,6})(?:/[12])?")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_PAYLOAD_TYPE: Final = re.compile(r"[0-9]{1,3}")
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")


class OfferError(MediaError):
    """An offer that cannot be answered; `reason` is a short snake_case word for logs and clients."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hash of the far end's DTLS certificate (RFC 8122): algorithm as in `sha-256`, value as in `AB:CD:...`."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """One m= section of an offer, as far as an answer needs it."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """All values of `a=<name>:<value>`, in order."""
        return _values(self.attributes, name)

    @property
    def mid(self) -> str | None:
        return next(iter(self.values("mid")), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the far end offers: all its sections, and for the one audio section that is answered the transport
    parameters and the chosen payload types."""

    sections: tuple[Section, ...]
    audio_index: int
    bundled: bool
    ufrag: str
    password: str = field(repr=False)
    fingerprints: tuple[Fingerprint, ...]
    dtls_role: DtlsRole
    direction: Direction
    codec: WireCodec
    payload_type: int
    dtmf_payload_type: int | None
    dtmf_rate: int


@dataclass(frozen=True, slots=True)
class LocalCandidate:
    """A host candidate of this server, as announced (RFC 8839, 5.1)."""

    foundation: str
    priority: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class LocalParameters:
    """This server's half of the transport parameters. `session_id` is the number in the o= line."""

    ufrag: str
    password: str = field(repr=False)
    fingerprint: Fingerprint
    candidates: Sequence[LocalCandidate]
    ssrc: int
    cname: str
    session_id: int


def parse_offer(sdp: str, *, allow_opus: bool = False) -> Offer:
    """Read an offer. Raises OfferError when it has no audio section that this server can answer."""
    if len(sdp) > MAX_OFFER_CHARS:
        raise OfferError("offer_too_long")
    session, sections = _split(sdp)
    index = next((i for i, s in enumerate(sections) if s.kind == "audio" and _is_offered(s)), None)
    if index is None:
        raise OfferError("no_audio")
    audio = sections[index]
    attributes = audio.attributes + session  # the section's own value precedes the session's
    if "ice-lite" in session:
        raise OfferError("ice_lite")
    if "rtcp-mux" not in audio.attributes:
        raise OfferError("no_rtcp_mux")
    chosen = _choose_formats(audio, allow_opus=allow_opus)
    return Offer(
        sections=sections,
        audio_index=index,
        bundled=audio.mid is not None and audio.mid in _bundle(session),
        ufrag=_matching(attributes, "ice-ufrag", _UFRAG, "bad_ice_ufrag"),
        password=_matching(attributes, "ice-pwd", _PASSWORD, "bad_ice_pwd"),
        fingerprints=_fingerprints(attributes),
        dtls_role=_dtls_role(attributes),
        direction=_answer_direction(attributes),
        codec=chosen.codec,
        payload_type=chosen.payload_type,
        dtmf_payload_type=chosen.dtmf_payload_type,
        dtmf_rate=chosen.dtmf_rate,
    )


def build_answer(offer: Offer, local: LocalParameters) -> str:
    """The full answer: the audio section with every candidate inside, each other section rejected."""
    lines = [
        "v=0",
        f"o=- {local.session_id} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
    ]
    if offer.bundled:
        lines.append(f"a=group:BUNDLE {offer.sections[offer.audio_index].mid}")
    for index, section in enumerate(offer.sections):
        if index == offer.audio_index:
            lines += _audio_answer(offer, section, local)
        else:
            lines += _rejected(section)
    return "\r\n".join(lines) + "\r\n"


def _split(sdp: str) -> tuple[tuple[str, ...], tuple[Section, ...]]:
    session: list[str] = []
    attributes = session
    heads: list[tuple[str, list[str]]] = []
    for line in _NEWLINE.split(sdp):
        if line.startswith("m="):
            attributes = []
            heads.append((line[2:], attributes))
        elif line.startswith("a="):
            attributes.append(line[2:].rstrip())
    return tuple(session), tuple(_section(head, tuple(values)) for head, values in heads)


def _section(head: str, attributes: tuple[str, ...]) -> Section:
    kind, _, rest = head.partition(" ")
    port, _, rest = rest.partition(" ")
    protocol, *formats = rest.split() or [""]
    if not (kind and _PORT.fullmatch(port) and protocol and formats):
        raise OfferError("bad_media_line")
    return Section(kind, int(port), protocol, tuple(formats), attributes)


def _is_offered(section: Section) -> bool:
    # Port 0 rejects a section unless it is bundle-only (RFC 8843, 6).
    return section.protocol.endswith("RTP/SAVPF") and (section.port != 0 or "bundle-only" in section.attributes)


def _values(attributes: Sequence[str], name: str) -> list[str]:
    return [a[len(name) + 1 :].strip() for a in attributes if a.startswith(f"{name}:")]


def _matching(attributes: Sequence[str], name: str, pattern: re.Pattern[str], reason: str) -> str:
    value = next(iter(_values(attributes, name)), "")
    if not pattern.fullmatch(value):
        raise OfferError(reason)
    return value


def _bundle(session: Sequence[str]) -> list[str]:
    return [mid for group in _values(session, "group") if group.startswith("BUNDLE ") for mid in group.split()[1:]]


def _fingerprints(attributes: Sequence[str]) -> tuple[Fingerprint, ...]:
    found = []
    for value in _values(attributes, "fingerprint"):
        algorithm, _, digest = value.partition(" ")
        if algorithm.lower() in _DIGESTS and digest:
            found.append(Fingerprint(algorithm.lower(), digest.strip().upper()))
    if not found:
        raise OfferError("no_fingerprint")
    return tuple(dict.fromkeys(found))


def _dtls_role(attributes: Sequence[str]) -> DtlsRole:
    role = _DTLS_ROLE.get(next(iter(_values(attributes, "setup")), ""))
    if role is None:
        raise OfferError("bad_setup")
    return role


def _answer_direction(attributes: Sequence[str]) -> Direction:
    return next((_ANSWER_DIRECTION[a] for a in attributes if a in _ANSWER_DIRECTION), "sendrecv")


class _Formats(NamedTuple):
    codec: WireCodec
    payload_type: int
    dtmf_payload_type: int | None
    dtmf_rate: int


def _choose_formats(audio: Section, *, allow_opus: bool) -> _Formats:
    """The first codec of ours in the offer's own order, and telephone-event at its clock rate, else at 8 kHz."""
    encodings: dict[int, tuple[str, int]] = dict(_STATIC_ENCODINGS)
    for value in audio.values("rtpmap"):
        if match := _RTPMAP.fullmatch(value):
            encodings[int(match[1])] = (match[2].upper(), int(match[3]))
    offered = [int(f) for f in audio.formats if _PAYLOAD_TYPE.fullmatch(f) and int(f) < 128]
    for number in offered:
        codec = _WIRE_CODECS.get(encodings.get(number, ("", 0)))
        if codec is None or (codec == "OPUS" and not allow_opus):
            continue
        for rate in dict.fromkeys((encodings[number][1], SAMPLE_RATE_HZ)):
            event = next((n for n in offered if encodings.get(n) == ("TELEPHONE-EVENT", rate)), None)
            if event is not None:
                return _Formats(codec, number, event, rate)
        return _Formats(codec, number, None, SAMPLE_RATE_HZ)
    raise OfferError("no_common_codec")


def _audio_answer(offer: Offer, section: Section, local: LocalParameters) -> list[str]:
    first = local.candidates[0]
    family = "IP6" if ":" in first.host else "IP4"
    formats = [offer.payload_type]
    lines = [f"a=rtpmap:{offer.payload_type} {_ENCODING_OF[offer.codec]}"]
    if offer.codec == "OPUS":
        lines.append(f"a=fmtp:{offer.payload_type} {_OPUS_FORMAT}")
    if offer.dtmf_payload_type is not None:
        formats.append(offer.dtmf_payload_type)
        lines += [
            f"a=rtpmap:{offer.dtmf_payload_type} telephone-event/{offer.dtmf_rate}",
            f"a=fmtp:{offer.dtmf_payload_type} 0-15",
        ]
    mid = [f"a=mid:{section.mid}"] if section.mid is not None else []
    return [
        f"m=audio {first.port} {section.protocol} {' '.join(map(str, formats))}",
        f"c=IN {family} {first.host}",
        *mid,
        f"a={offer.direction}",
        "a=rtcp-mux",
        *lines,
        f"a=ptime:{PACKET_MS}",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:{local.fingerprint.algorithm} {local.fingerprint.value}",
        f"a=setup:{_SETUP_OF_ROLE[offer.dtls_role]}",
        f"a=ssrc:{local.ssrc} cname:{local.cname}",
        *(f"a=candidate:{c.foundation} 1 udp {c.priority} {c.host} {c.port} typ host" for c in local.candidates),
        "a=end-of-candidates",
    ]


def _rejected(section: Section) -> list[str]:
    mid = [f"a=mid:{section.mid}"] if section.mid is not None else []
    return [
        f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}",
        "c=IN IP4 0.0.0.0",
        *mid,
        "a=inactive",
    ]
