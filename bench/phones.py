"""SIP phones that answer at once and send back every RTP packet that they hear. One UDP socket for all of them.

They are deliberately small: a benchmark's own work must not be felt in its figures. The messages are those of an
ordinary phone (RFC 3261: REGISTER behind digest, INVITE, ACK, CANCEL, BYE), on loopback, where no packet is lost.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from bench.stamped import Address, StampedSocket
from sip.digest import Proof, ha1
from sip.headers import parse_auth, parse_uri
from sip.message import Message, Request, Response, parse, respond
from sip.sdp import Origin, build_answer, negotiate

HOST = "127.0.0.1"
EXPIRES_S = 600
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Ring:
    """An INVITE was sent to this user's phone, at this monotonic time in nanoseconds."""

    user: str
    at_ns: int


class _Echo(asyncio.DatagramProtocol):
    """The far end of every call's sound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._transport.sendto(data, addr)


class Phones:
    """`async with Phones()`, then `register`; each INVITE is put into `rings` and answered."""

    def __init__(self) -> None:
        self.rings: asyncio.Queue[Ring] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Response]] = {}
        self._invites: dict[str, Request] = {}

    async def __aenter__(self) -> "Phones":
        loop = asyncio.get_running_loop()
        self._sip = StampedSocket(HOST, self._received)
        self._rtp, _ = await loop.create_datagram_endpoint(_Echo, local_addr=(HOST, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sip.close()
        self._rtp.close()

    @property
    def port(self) -> int:
        """Where they can be rung."""
        return self._sip.port

    async def register(self, user: str, password: str, sip_port: int) -> None:
        """One phone signs in at the server. Raises RuntimeError when the server refuses it."""
        ids, authorization = (secrets.token_hex(8), secrets.token_hex(4)), ""
        for number in (1, 2):
            request = registration(user, self.port, sip_port, ids, number, authorization)
            future = self._answers[f"{ids[0]} {number}"] = asyncio.get_running_loop().create_future()
            self._sip.send(request, (HOST, sip_port))
            async with asyncio.timeout(ANSWER_S):
                answer = await future
            if answer.status != 401:
                break
            authorization = credentials(answer, user, password, f"sip:{HOST}:{sip_port}")
        if answer.status != 200:
            raise RuntimeError(f"{user} cannot register: {answer.status} {answer.reason}")

    def _received(self, data: bytes, addr: Address, at_ns: int) -> None:
        message: Message = parse(data)
        match message:
            case Response():
                future = self._answers.pop(f"{message.call_id} {message.cseq.number}", None)
                if future is not None:
                    future.set_result(message)
            case Request(method="INVITE"):
                # A repeated INVITE is answered again, but the phone rings once.
                if message.call_id not in self._invites:
                    self._invites[message.call_id] = message
                    self.rings.put_nowait(Ring(parse_uri(message.uri).user, at_ns))
                self._answer(message, addr)
            case Request(method="ACK"):
                return
            case Request(method="BYE" | "CANCEL"):
                self._invites.pop(message.call_id, None)
                self._sip.send(respond(message.headers, 200, to_tag="phone"), addr)
            case _:
                self._sip.send(respond(message.headers, 405, to_tag="phone"), addr)

    def _answer(self, invite: Request, addr: Address) -> None:
        sdp = build_answer(
            invite.body, negotiate(invite.body), host=HOST, port=_port(self._rtp), origin=Origin(1, 1, HOST)
        )
        extra = (("Contact", f"<sip:phone@{HOST}:{self.port}>"), ("Content-Type", "application/sdp"))
        self._sip.send(respond(invite.headers, 200, to_tag="phone", extra=extra, body=sdp), addr)


def _port(transport: asyncio.DatagramTransport) -> int:
    port: int = transport.get_extra_info("sockname")[1]
    return port


def registration(user: str, port: int, sip_port: int, ids: tuple[str, str], number: int, authorization: str) -> bytes:
    """The `number`th REGISTER of a phone at `port`; `ids` are its Call-ID and its tag."""
    call_id, tag = ids
    return "\r\n".join(
        [
            f"REGISTER sip:{HOST}:{sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: <sip:{user}@{HOST}>;tag={tag}",
            f"To: <sip:{user}@{HOST}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} REGISTER",
            f"Contact: <sip:{user}@{HOST}:{port}>",
            "Max-Forwards: 70",
            f"Expires: {EXPIRES_S}",
            *([f"Authorization: {authorization}"] if authorization else []),
            "Content-Length: 0\r\n\r\n",
        ]
    ).encode()


def credentials(challenge: Response, user: str, password: str, uri: str) -> str:
    """The Authorization header for a challenge with qop=auth (RFC 7616)."""
    asked = parse_auth(challenge.headers.rows("WWW-Authenticate")[0]).params
    algorithm = asked.get("algorithm", "MD5")
    cnonce = secrets.token_hex(8)
    key = ha1(user, asked["realm"], password, algorithm)
    proof = Proof(key, asked["nonce"], "REGISTER", uri, algorithm, "00000001", cnonce)
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="{cnonce}", response="{proof.response()}"'
    )
