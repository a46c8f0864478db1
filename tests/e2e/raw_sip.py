"""A SIP client that sends exactly what it is told: repetitions, nonsense, and no state of its own."""

import secrets
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.e2e.server import Server
from tests.ports import HOST

SDP = """v=0
o=raw 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
ANSWER_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, the To header with its tag, the whole text."""

    status: int
    to: str
    text: str


class RawSip:
    """One UDP socket. `exchange` sends a request and gives the first final answer to it."""

    def __init__(self, server: Server, user: str) -> None:
        self._server = server
        self.user = user
        self.call_id = secrets.token_hex(8)
        self.tag = secrets.token_hex(4)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.connect((HOST, server.sip_port))
        self.socket.settimeout(ANSWER_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    @property
    def port(self) -> int:
        """Our own port."""
        return int(self.socket.getsockname()[1])

    def request(
        self,
        method: str,
        target: str,
        cseq: int = 1,
        *,
        to: str = "",
        branch: str = "",
        body: str = "",
        extra: str = "",
    ) -> bytes:
        """A request's bytes. The same `branch` makes it a repetition."""
        lines = [
            f"{method} sip:{target}@{self._server.sip} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch={branch or 'z9hG4bK' + secrets.token_hex(6)};rport",
            f"From: <sip:{self.user}@{HOST}>;tag={self.tag}",
            f"To: {to or f'<sip:{target}@{self._server.sip}>'}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}@{HOST}:{self.port}>",
            "Max-Forwards: 70",
        ]
        body = body.replace("\n", "\r\n")
        lines += [extra] if extra else []
        lines += ["Content-Type: application/sdp"] if body else []
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()

    def send(self, data: bytes) -> None:
        """Bytes, as they are."""
        self.socket.send(data)

    def receive(self) -> Answer:
        """The next response or request, whichever comes; a request has status 0."""
        text = self.socket.recv(65535).decode(errors="replace")
        first = text.split("\r\n", 1)[0]
        to = next((line[4:] for line in text.split("\r\n") if line.startswith("To: ")), "")
        return Answer(int(first.split()[1]) if first.startswith("SIP/2.0 ") else 0, to, text)

    def final(self, method: str) -> Answer:
        """The next final answer to a request of this method."""
        while True:
            answer = self.receive()
            if answer.status >= 200 and f" {method}\r\n" in answer.text:
                return answer

    def exchange(self, data: bytes) -> Answer:
        """Sends, and waits for the final answer."""
        self.send(data)
        return self.final(data.split(b" ", 1)[0].decode())

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing more comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(65535)
        except TimeoutError:
            return True
        else:
            return False
        finally:
            self.socket.settimeout(ANSWER_S)
