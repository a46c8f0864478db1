"""A user agent core on a bench: a clock turned by hand, packets kept in lists, and a peer that speaks SIP text."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sip.clock import monotonic_us, random_ids
from sip.core import Core, outgoing
from sip.events import SipEvent
from sip.flow import Flow
from sip.message import Message, Request, Response, parse
from sip.settings import Settings

PEER = Flow("UDP", "192.0.2.7", 5070)
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
ANSWER = SDP.replace(b"192.0.2.7", b"198.51.100.1")
E = TypeVar("E")
SECOND = 1_000_000


def counting_ids() -> Any:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):08x}"


def local_settings(**changes: Any) -> Settings:
    """Settings for real sockets on free ports, with the real clock."""
    return Settings(**{"port": 0, "now": monotonic_us, "ids": random_ids(), **changes})


@dataclass
class Packet:
    flow: Flow
    message: Message
    data: bytes


class Rig:
    """A `Core` with what it sent and said."""

    def __init__(self, **changes: Any) -> None:
        self.now = 1_000 * SECOND
        self.packets: list[Packet] = []
        settings = Settings(host="198.51.100.1", ids=counting_ids(), now=lambda: self.now)
        self.core = Core(replace(settings, **changes), self._send)
        self.heard: list[SipEvent] = []

    def _send(self, flow: Flow, data: bytes, _fallback: Flow | None) -> None:
        self.packets.append(Packet(flow, parse(data), data))

    def feed(self, data: bytes | str, source: Flow = PEER) -> None:
        self.core.receive(data if isinstance(data, bytes) else data.encode(), source, self.now)

    def taken(self) -> list[Packet]:
        taken, self.packets = self.packets, []
        return taken

    def responses(self) -> list[Response]:
        return [p.message for p in self.taken() if isinstance(p.message, Response)]

    def requests(self) -> list[Request]:
        return [p.message for p in self.taken() if isinstance(p.message, Request)]

    def statuses(self) -> list[int]:
        return [r.status for r in self.responses()]

    def events(self) -> list[SipEvent]:
        events = list(self.core.context.events)
        self.core.context.events.clear()
        self.heard += events
        return events

    def one(self, kind: type[E]) -> E:
        """The only event that waits, which must be of this kind."""
        events = self.events()
        assert len(events) == 1, events
        assert isinstance(events[0], kind), events
        return events[0]

    def advance(self, microseconds: int) -> None:
        """Turn the clock, stopping at each deadline on the way."""
        end = self.now + microseconds
        while (due := self.core.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.core.expire(self.now)
        self.now = end

    def dial(self, call: str = "c1", target: str = "sip:bob@192.0.2.7:5070", **headers: str) -> Request:
        self.core.dial(call, target, outgoing("400", "Jackfield", SDP, headers), self.now)
        return self.requests()[-1]

    def idle(self) -> bool:
        """Whether nothing at all is remembered of any call or transaction."""
        context = self.core.context
        return not (context.calls or context.dialogs or len(context.layer) or len(context.timers))

    def settle(self) -> None:
        """Let every timer run out, then check that nothing stays."""
        self.advance(400 * SECOND)
        assert self.idle()


@dataclass
class Peer:
    """Writes the messages of one call from the peer's side, towards `Rig`."""

    call_id: str = "call-1"
    tag: str = "alice"
    to_tag: str = ""
    cseq: int = 1
    branch: int = 0
    transport: str = "UDP"
    routes: list[str] = field(default_factory=list)

    def request(
        self,
        method: str,
        body: bytes = b"",
        *,
        kind: str = "application/sdp",
        extra: str = "",
        cseq: int | None = None,
        branch: str | None = None,
        uri: str = "sip:400@198.51.100.1:5060",
    ) -> bytes:
        if branch is None:
            self.branch += 1
            branch = f"z9hG4bK-{self.call_id}-{self.branch}"
        to_tag = f";tag={self.to_tag}" if self.to_tag else ""
        head = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.transport} 192.0.2.7:5070;branch={branch}\r\n"
            f"Max-Forwards: 70\r\n"
            f'From: "Alice" <sip:alice@example.net>;tag={self.tag}\r\n'
            f"To: <sip:400@198.51.100.1>{to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\n"
            f"CSeq: {cseq if cseq is not None else self.cseq} {method}\r\n"
            f"Contact: <sip:alice@192.0.2.7:5070>\r\n{extra}"
        )
        if body:
            head += f"Content-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def next(self, method: str, body: bytes = b"", **more: Any) -> bytes:
        """The next request of the dialog."""
        self.cseq += 1
        return self.request(method, body, **more)


def reply(request: Request, status: int, *, tag: str = "bob", body: bytes = b"", extra: str = "") -> bytes:
    """A peer's response to one of our requests."""
    vias = "".join(f"Via: {v}\r\n" for v in request.headers.rows("Via"))
    to = str(request.to) if request.to.tag or status == 100 else f"{request.to};tag={tag}"
    contact = "Contact: <sip:bob@192.0.2.7:5070>\r\n" if status < 300 else ""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"SIP/2.0 {status} Reason\r\n{vias}From: {request.from_}\r\nTo: {to}\r\nCall-ID: {request.call_id}\r\n"
        f"CSeq: {request.cseq}\r\n{contact}{extra}{kind}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def incoming(rig: Rig, peer: Peer | None = None, body: bytes = SDP) -> tuple[Peer, str]:
    """Bring a call in; returns the peer and our id of the call."""
    peer = peer or Peer()
    rig.feed(peer.request("INVITE", body))
    assert rig.statuses() == [100]
    event = rig.events()[-1]
    return peer, event.call  # type: ignore[union-attr]


def answered(rig: Rig, peer: Peer | None = None, body: bytes = SDP) -> tuple[Peer, str]:
    """Bring a call in and answer it; the ACK has not come."""
    peer, call = incoming(rig, peer, body)
    rig.core.answer(call, ANSWER, rig.now)
    peer.to_tag = rig.responses()[-1].to.tag or ""
    return peer, call


def established(rig: Rig, peer: Peer | None = None) -> tuple[Peer, str]:
    """Bring a call in, answer it, acknowledge it."""
    peer, call = answered(rig, peer)
    rig.feed(peer.request("ACK"))
    rig.events()
    return peer, call


def dialled(rig: Rig, call: str = "c1") -> Request:
    """Dial out and have the peer answer; returns our INVITE."""
    invite = rig.dial(call)
    rig.feed(reply(invite, 200, body=ANSWER))
    rig.taken()
    rig.events()
    return invite
