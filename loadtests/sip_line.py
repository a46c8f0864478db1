"""SIP over UDP in gevent: the project's own user agent without I/O, with its timers and retransmissions.

locust runs on gevent, so the asyncio shell of `sip.ua` cannot be used. Without retransmission (RFC 3261, timer T1) a
burst would lose calls that a real phone would not lose.
"""

import re
import secrets
from collections.abc import Callable

import gevent
from gevent import socket
from gevent.event import AsyncResult
from gevent.event import Event as Wake

from bench.phones import HOST, credentials, registration
from sip.clock import monotonic_us, random_ids
from sip.core import Core, outgoing
from sip.events import SipEvent
from sip.flow import Flow
from sip.message import Response, parse
from sip.sdp import Origin, build_answer, build_offer, negotiate
from sip.settings import Settings

DATAGRAM = 65_535
# Nobody listens there (discard): what sound costs is measured elsewhere.
NO_SOUND = 9
TO_REGISTER = re.compile(rb"\r\nCSeq: *\d+ +REGISTER\r\n", re.IGNORECASE)
REGISTER_TRIES_S = (0.5, 1.0, 2.0, 4.0)
LONGEST_SLEEP_S = 1.0


class SipLine:
    """One socket for any number of calls. `on_event` is told what happens, on its greenlets."""

    def __init__(self, server_port: int, on_event: Callable[[SipEvent], None]) -> None:
        self.server_port = server_port
        self._server = (HOST, server_port)
        self._on_event = on_event
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        settings = Settings(now=monotonic_us, ids=random_ids(), host=HOST, port=self.port, tcp=False)
        self._core = Core(settings, self._send)
        self._core.context.port = self.port
        self._answers: dict[str, AsyncResult[Response]] = {}
        self._wake = Wake()
        self._greenlets = [gevent.spawn(self._read), gevent.spawn(self._tick)]
        self._origins = 0

    def close(self) -> None:
        """Calls that are still open are not said goodbye to."""
        gevent.killall(self._greenlets)
        self._socket.close()

    def register(self, user: str, password: str) -> None:
        """Signs a phone in. Raises RuntimeError when the server refuses it or does not answer."""
        ids, authorization = (secrets.token_hex(8), secrets.token_hex(4)), ""
        for number in (1, 2):
            ask = registration(user, self.port, self._server[1], ids, number, authorization)
            answer = self._ask(f"{ids[0]} {number}", ask)
            if answer.status != 401:
                break
            authorization = credentials(answer, user, password, f"sip:{HOST}:{self._server[1]}")
        if answer.status != 200:
            raise RuntimeError(f"{user} cannot register: {answer.status} {answer.reason}")

    def dial(self, call: str, entry: str, from_user: str) -> None:
        """INVITE without sound; CallAnswered or CallFailed follows."""
        offer = build_offer(host=HOST, port=NO_SOUND, origin=self._origin())
        what = outgoing(from_user, from_user, offer, {})
        self._core.dial(call, f"sip:{entry}@{HOST}:{self._server[1]}", what, monotonic_us())
        self._after()

    def answer(self, call: str, offer: bytes) -> None:
        """200 to an INVITE, without sound."""
        sdp = build_answer(offer, negotiate(offer), host=HOST, port=NO_SOUND, origin=self._origin())
        self._core.answer(call, sdp, monotonic_us())
        self._after()

    def hang_up(self, call: str) -> None:
        """BYE or CANCEL; without effect for a call that is over."""
        self._core.hangup(call, None, monotonic_us())
        self._after()

    def _origin(self) -> Origin:
        self._origins += 1
        return Origin(self._origins, 1, HOST)

    def _send(self, flow: Flow, data: bytes, _fallback: Flow | None) -> None:
        self._socket.sendto(data, (flow.host, flow.port))

    def _ask(self, key: str, request: bytes) -> Response:
        """One request outside of a call, sent again until it is answered."""
        answer: AsyncResult[Response] = AsyncResult()
        self._answers[key] = answer
        for wait_s in REGISTER_TRIES_S:
            self._socket.sendto(request, self._server)
            if answer.wait(wait_s) is not None:
                break
        else:
            raise RuntimeError(f"no answer to {request.split(b' ', 1)[0].decode()}")
        del self._answers[key]
        found: Response = answer.get()
        return found

    def _read(self) -> None:
        while True:
            data, (host, port) = self._socket.recvfrom(DATAGRAM)
            if data.startswith(b"SIP/2.0 ") and TO_REGISTER.search(data):
                self._registered(data)
                continue
            self._core.receive(data, Flow("UDP", host, port), monotonic_us())
            self._after()

    def _registered(self, data: bytes) -> None:
        message = parse(data)
        answer = self._answers.get(f"{message.call_id} {message.cseq.number}")
        if answer is not None and isinstance(message, Response):
            answer.set(message)

    def _tick(self) -> None:
        while True:
            due = self._core.next_deadline()
            wait_s = LONGEST_SLEEP_S if due is None else (due - monotonic_us()) / 1e6
            if wait_s > 0:
                self._wake.wait(min(wait_s, LONGEST_SLEEP_S))
                self._wake.clear()
            self._core.expire(monotonic_us())
            self._deliver()

    def _after(self) -> None:
        self._wake.set()
        self._deliver()

    def _deliver(self) -> None:
        while self._core.context.events:
            self._on_event(self._core.context.events.popleft())
