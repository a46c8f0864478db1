"""ICE for one WebRTC leg: aioice's agent on sockets that this server chooses, with media taken off at the socket.

Three things differ from a stock `aioice.Connection`: sockets are bound to the given hosts and port range (aioice
binds port 0 and leaves loopback out); SRTP goes from the socket straight to a callback, without a queue and a
task switch for each packet (RFC 7983 tells STUN, DTLS and RTP apart by the first byte); and remote candidates are
only learnt from authenticated checks, so nothing is sent to an address that has not proved the ICE password.
"""

import asyncio
import ipaddress
import random
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, get_host_addresses

log = structlog.get_logger(__name__)

COMPONENT: Final = 1  # RTP and RTCP share it (rtcp-mux)
RECEIVE_BUFFER_BYTES: Final = 64 * 1024  # about 6 s of G.711: a stalled loop loses nothing, a flood is bounded
MAX_QUEUED_DTLS: Final = 64
CONSENT_INTERVAL_S: Final = 5.0
"""RFC 7675, 5.1: each wait is 0.8 to 1.2 times this, and never under 4 s."""
CONSENT_EXPIRES_S: Final = 30.0
SILENCE_LIMIT_S: Final = 10.0
"""A peer from whom nothing authentic has come for so long is gone. It answers our checks every 4 to 6 s, makes its
own, and each packet of sound counts: a living one is never so quiet, and a call need not wait the full 30 s."""
LOOK_EVERY_S: Final = 1.0
_TOP_PREFERENCE: Final = 65535


class IceConnection(Connection):
    """The controlled end of one ICE component.

    `on_media` gets each datagram in the RTP range as it came from the wire, still protected, inside the socket
    callback. `recv` and `send` carry what is left: DTLS.
    """

    role = "controlled"  # asked for by RTCDtlsTransport, as are _recv and _send

    def __init__(
        self, hosts: Sequence[str], port_range: tuple[int, int] | None, on_media: Callable[[bytes], None]
    ) -> None:
        super().__init__(ice_controlling=False)
        self.on_media = on_media
        self._hosts = expand_hosts(hosts)
        self._port_range = port_range
        self._recv = self.recv
        self._send = self.send
        self._media_pair: object | None = None
        self._media_transport: asyncio.DatagramTransport | None = None
        self._media_peer: tuple[str, int] = ("", 0)
        self.heard = False
        """Set by each authentic sign of life; taken back whenever it was looked at."""

    @property
    def lost(self) -> bool:
        """True once the connection is closing, be it by `close` or because consent expired (RFC 7675)."""
        return self._closing

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],  # noqa: ARG002 - aioice's signature
        timeout: int = 5,  # noqa: ARG002, ASYNC109
    ) -> list[Candidate]:
        """Bind one socket on each host; hosts that cannot be bound are logged and left out."""
        loop = asyncio.get_running_loop()
        candidates = []
        for rank, host in enumerate(self._hosts):
            try:
                sock = bind_udp(host, self._port_range)
            except OSError as error:
                log.warning("webrtc_bind_failed", host=host, port_range=self._port_range, error=str(error))
                continue
            _, protocol = await loop.create_datagram_endpoint(lambda: _MuxedProtocol(self), sock=sock)
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host", _TOP_PREFERENCE - rank),
                host=host,
                port=sock.getsockname()[1],
                type="host",
            )
            self._protocols.append(protocol)
            candidates.append(protocol.local_candidate)
        return candidates

    def knows(self, addr: tuple[str, int]) -> bool:
        """Whether an authenticated check has come from this address."""
        return any(c.host == addr[0] and c.port == addr[1] for c in self._remote_candidates)

    def data_received(self, data: bytes, component: int) -> None:
        """Queue a DTLS datagram; the bound keeps a flood from growing the queue while nobody reads it."""
        if self._queue.qsize() < MAX_QUEUED_DTLS:
            super().data_received(data, component)

    def request_received(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """An authentic check of the peer's is a sign of life, too."""
        if not self.heard and "MESSAGE-INTEGRITY" in message.attributes:
            self.heard = message.check_message_integrity(self.local_password.encode())
        super().request_received(message, addr, protocol)

    async def query_consent(self) -> None:
        """In place of aioice's own loop, which takes six checks of 5 s to notice: consent as RFC 7675 wants it, and
        an end after SILENCE_LIMIT_S without any sign of life."""
        loop = asyncio.get_running_loop()
        heard_at = consent_at = loop.time()
        check_at = heard_at + _consent_wait()
        while True:
            now = loop.time()
            await asyncio.sleep(LOOK_EVERY_S)
            # While this process stood still, the peer may have said what it will only read now.
            heard_at += max(0.0, loop.time() - now - LOOK_EVERY_S)
            now = loop.time()
            if self.heard:
                heard_at, self.heard = now, False
            if now - heard_at >= SILENCE_LIMIT_S or now - consent_at >= CONSENT_EXPIRES_S:
                log.info("webrtc_peer_silent", silent_s=round(now - heard_at, 1))
                self._query_consent_task = None  # it must not wait for itself
                await self.close()
                return
            if now >= check_at:
                check_at = now + _consent_wait()
                if await self._check_consent(heard_at + SILENCE_LIMIT_S - now):
                    consent_at, self.heard = loop.time(), True

    async def _check_consent(self, patience_s: float) -> bool:
        """One check, repeated like any STUN request, so that a lost datagram is not taken for a lost peer."""
        pair = self._nominated.get(COMPONENT)
        if pair is None or self.remote_password is None:
            return False
        try:
            async with asyncio.timeout(patience_s):
                await pair.protocol.request(
                    self.build_request(pair, nominate=False),
                    pair.remote_addr,
                    integrity_key=self.remote_password.encode(),
                    retransmissions=3,
                )
        except (stun.TransactionError, TimeoutError):
            return False
        return True

    def send_media(self, data: bytes) -> bool:
        """Send a protected packet to the nominated peer; False when there is none (yet, or any more)."""
        pair = self._nominated.get(COMPONENT)
        if pair is None:
            return False
        if pair is not self._media_pair:
            self._media_pair = pair
            self._media_transport = pair.protocol.transport
            self._media_peer = pair.remote_addr
        if self._media_transport is None or self._media_transport.is_closing():
            return False
        self._media_transport.sendto(data, self._media_peer)
        return True


def _consent_wait() -> float:
    return CONSENT_INTERVAL_S * random.uniform(0.8, 1.2)  # noqa: S311 - spreads checks, guards nothing


class _MuxedProtocol(StunProtocol):
    """Socket protocol that tells STUN, DTLS and SRTP apart (RFC 7983, 7)."""

    receiver: IceConnection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not isinstance(data, bytes) or not data:
            return
        first = data[0]
        if 128 <= first <= 191:
            self.receiver.on_media(data)
        elif first <= 3:
            self._stun_received(data, addr)
        elif 20 <= first <= 63 and self.receiver.knows((addr[0], addr[1])):
            self.receiver.data_received(data, COMPONENT)

    def _stun_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        # aioice expects well-formed attributes: anyone can send others, and they must not reach the loop's
        # exception handler.
        try:
            super().datagram_received(data, addr)
        except (struct.error, LookupError, ValueError) as error:
            log.debug("stun_malformed", peer=addr[0], error=str(error))


def expand_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    """Replace the wildcard address by this machine's addresses: an answer must leave from the address that was
    asked, which a wildcard socket cannot promise on a machine with several."""
    expanded: list[str] = []
    for host in hosts:
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            expanded += get_host_addresses(use_ipv4=address.version == 4, use_ipv6=address.version == 6)
            expanded.append("127.0.0.1" if address.version == 4 else "::1")
        else:
            expanded.append(host)
    return tuple(dict.fromkeys(expanded))


def bind_udp(host: str, port_range: tuple[int, int] | None) -> socket.socket:
    """A non-blocking UDP socket on `host`, on a free port of the inclusive range (any free port when None).

    Ports are tried from a random one upwards, so that a reopened leg rarely gets the port on which stray packets
    of an earlier leg still arrive. Raises OSError when none is free.
    """
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if port_range is None:
            sock.bind((host, 0))
        else:
            _bind_in_range(sock, host, *port_range)
    except OSError:
        sock.close()
        raise
    return sock


def _bind_in_range(sock: socket.socket, host: str, low: int, high: int) -> None:
    size = high - low + 1
    start = random.randrange(size)  # noqa: S311 - spreads ports, guards nothing
    for step in range(size):
        try:
            sock.bind((host, low + (start + step) % size))
        except OSError as error:
            if step == size - 1:
                raise OSError(f"no free UDP port in {low}-{high} on {host}") from error
        else:
            return
