"""A telephone line of the harness: SIP over UDP by the project's own user agent without I/O, and one socket for sound.

What is heard is not listened to; a packet now and then shows the far side that somebody is there.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sip.clock import monotonic_us, random_ids
from sip.core import Core, outgoing
from sip.events import SipEvent
from sip.flow import Flow
from sip.login import Login
from sip.registration import Account
from sip.sdp import Origin, SdpError, build_answer, build_offer, negotiate
from sip.settings import Settings

SOUND_EVERY_S = 5.0
# One packet of silence (G.711 mu-law) behind an RTP header of version 2.
SILENCE = b"\x80\x00" + bytes(10) + b"\xff" * 160


class Line(asyncio.DatagramProtocol):
    """`async with Line(...)`. Any number of calls and registrations. `on_event` is told what happens, on the loop."""

    def __init__(self, host: str, port: int, on_event: Callable[[SipEvent], None]) -> None:
        self._host, self._port = host, port
        self._on_event = on_event
        self._core = Core(Settings(now=monotonic_us, ids=random_ids(), host=host, port=port, tcp=False), self._send)
        self._core.context.port = port
        self._sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sound.bind((host, 0))
        self._sound.setblocking(False)
        self._remotes: dict[str, tuple[str, int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._speaker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Line":
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._host, self._port))
        self._speaker = loop.create_task(self._speak(), name="speaker")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._speaker is not None:
            self._speaker.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._udp.close()
        self._sound.close()

    def register(self, user: str, password: str, node: str) -> None:
        """From now on at this node (host:port), and not signed off where it was: that one may be gone."""
        self._core.registrations.pop(user, None)
        uri = f"sip:{node}"
        accounts = [each.account for each in self._core.registrations.values()]
        new = Account(user, uri, node.partition(":")[0], Login(user, password))
        self._core.register([*accounts, new], monotonic_us())
        self._after()

    def dial(self, call: str, uri: str, number: str) -> None:
        """INVITE; CallAnswered or CallFailed follows."""
        offer = build_offer(host=self._host, port=self._sound.getsockname()[1], origin=self._origin())
        self._core.dial(call, uri, outgoing(number, number, offer, {}), monotonic_us())
        self._after()

    def answer(self, call: str, offer: bytes) -> bool:
        """200; False for what no telephone could talk to, which is refused."""
        try:
            agreed = negotiate(offer)
        except SdpError:
            self._core.reject(call, 488, None, monotonic_us())
            return False
        sdp = build_answer(offer, agreed, host=self._host, port=self._sound.getsockname()[1], origin=self._origin())
        self._core.answer(call, sdp, monotonic_us())
        self.talks(call, offer)
        self._after()
        return True

    def talks(self, call: str, sdp: bytes) -> None:
        """Where the far side of a call listens."""
        with suppress(SdpError):
            agreed = negotiate(sdp)
            self._remotes[call] = agreed.remote_host, agreed.remote_port

    def hang_up(self, call: str) -> None:
        """BYE or CANCEL; without effect for a call that is over."""
        self._remotes.pop(call, None)
        self._core.hangup(call, None, monotonic_us())
        self._after()

    def over(self, call: str) -> None:
        """No sound any more."""
        self._remotes.pop(call, None)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Whatever comes to the SIP port."""
        self._core.receive(data, Flow("UDP", addr[0], addr[1]), monotonic_us())
        self._after()

    def _origin(self) -> Origin:
        return Origin(secrets.randbits(40), 0, self._host)

    def _send(self, flow: Flow, data: bytes, _fallback: Flow | None) -> None:
        self._udp.sendto(data, (flow.host, flow.port))

    def _after(self) -> None:
        """Events are told on a later turn of the loop, as `sip.ua` does."""
        loop = asyncio.get_running_loop()
        while self._core.context.events:
            loop.call_soon(self._on_event, self._core.context.events.popleft())
        if self._timer is not None:
            self._timer.cancel()
        due = self._core.next_deadline()
        self._timer = None if due is None else loop.call_later(max(0, due - monotonic_us()) / 1e6, self._expire)

    def _expire(self) -> None:
        self._core.expire(monotonic_us())
        self._after()

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(SOUND_EVERY_S)
            for remote in list(self._remotes.values()):
                with suppress(OSError):
                    self._sound.sendto(SILENCE, remote)
