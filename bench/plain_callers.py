"""Callers without sound, as small as they can be: a benchmark's own work must not be felt in its figures.

The messages are those of an ordinary caller on loopback, where no packet is lost (RFC 3261: INVITE, ACK, BYE).
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Self

from bench.stamped import Address, StampedSocket
from sip.headers import parse_name_addr
from sip.message import Message, Request, Response, parse, respond
from sip.sdp import Origin, build_offer

LIMIT_S = 5.0


@dataclass(slots=True)
class _Call:
    entry: str
    branch: str
    answer: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    final: Response | None = None
    # Set when it is hung up on, or our BYE is answered.
    over: asyncio.Event = field(default_factory=asyncio.Event)


class PlainCallers:
    """`dial` gives a call's name and when its INVITE was sent; all times are monotonic nanoseconds."""

    def __init__(self, host: str, sip_port: int) -> None:
        self._host = host
        self._server: Address = (host, sip_port)
        self._run = secrets.token_hex(4)
        self._calls: dict[str, _Call] = {}
        self.answered_at: dict[str, int] = {}
        # Just before the ACK of a 200 was sent.
        self.confirmed_at: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._socket = StampedSocket(self._host, self._received)
        # Port 9 (discard): these callers have nothing to say and do not listen.
        self._offer = build_offer(host=self._host, port=9, origin=Origin(1, 1, self._host))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hangs up whoever is on the line."""
        up = [name for name, call in self._calls.items() if call.final is not None and not call.over.is_set()]
        try:
            async with asyncio.timeout(LIMIT_S):
                for name in up:
                    self.hang_up(name)
                for name in up:
                    await self._calls[name].over.wait()
        finally:
            self._socket.close()

    def dial(self, entry: str) -> tuple[str, int]:
        """Sends an INVITE."""
        name = f"{self._run}-{len(self._calls)}"
        call = self._calls[name] = _Call(entry, f"z9hG4bK{secrets.token_hex(8)}")
        invite = self._request("INVITE", name, call, self._offer)
        began = time.monotonic_ns()
        self._socket.send(invite, self._server)
        return name, began

    async def answered(self, name: str, limit_s: float) -> int:
        """The final status. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            return await self._calls[name].answer

    def hang_up(self, name: str) -> None:
        """BYE."""
        self._socket.send(self._request("BYE", name, self._calls[name]), self._server)

    def _received(self, data: bytes, address: Address, at_ns: int) -> None:
        message: Message = parse(data)
        match message:
            case Response() if message.cseq.method == "INVITE" and message.status >= 200:
                self._answered(message, at_ns)
            case Response() if message.cseq.method == "BYE":
                self._calls[message.call_id].over.set()
            case Request(method="BYE"):
                self._calls[message.call_id].over.set()
                self._socket.send(respond(message.headers, 200), address)
            case _:
                return

    def _answered(self, response: Response, at_ns: int) -> None:
        name = response.call_id
        call = self._calls[name]
        first, call.final = call.final is None, response
        if response.status >= 300:
            call.over.set()
        else:  # an ACK of its own transaction (section 13.2.2.4)
            call.branch = f"z9hG4bK{secrets.token_hex(8)}"
        ack = self._request("ACK", name, call)
        if first:
            self.answered_at[name] = at_ns
            self.confirmed_at[name] = time.monotonic_ns()
        self._socket.send(ack, self._server)
        if first:
            call.answer.set_result(response.status)

    def _request(self, method: str, name: str, call: _Call, body: bytes = b"") -> bytes:
        host, port = self._server
        uri = f"sip:{call.entry}@{host}:{port}"
        to = f"<{uri}>"
        if call.final is not None:
            to = call.final.headers.rows("To")[0]
            if call.final.status < 300:
                uri = str(parse_name_addr(call.final.headers.rows("Contact")[0]).uri)
        branch = f"{call.branch}b" if method == "BYE" else call.branch
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{self._socket.port};branch={branch};rport",
            f"From: <sip:{name}@{host}:{self._socket.port}>;tag={self._run}",
            f"To: {to}",
            f"Call-ID: {name}",
            f"CSeq: {2 if method == 'BYE' else 1} {method}",
            f"Contact: <sip:{name}@{host}:{self._socket.port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}\r\n\r\n",
        ]
        return "\r\n".join(lines).encode() + body
