"""UDP sockets of RTP legs.

Plain non-blocking sockets, not asyncio transports: one recv and one send is all that a packet costs, and all
sockets that are ready are served in one go. Until the peer's first packet a socket is unconnected, so that the
address it really sends from can be learnt and strangers counted. From then on it is connected: the kernel drops
every other sender before this process wakes up, and send() needs no address and no route lookup. The price:
strangers are counted only before the first packet.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import select
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

import structlog

from media.clock import monotonic_us
from media.errors import MediaError

log = structlog.get_logger(__name__)

_MAX_PACKET = 2048
_BUSY: Final = (BlockingIOError, InterruptedError)
_TINY_BUFFER = 2304


class PacketTransport(Protocol):
    """What carries a leg's packets: a UDP socket, or an SRTP session of a WebRTC connection."""

    def send(self, packet: bytes) -> None:
        """Send one RTP packet, or drop it when the way is not open."""

    async def close(self) -> None:
        """Release everything; idempotent."""


class Poller:
    """Watches many sockets with one reader of the event loop.

    On Linux an epoll object of our own is the loop's only handle, and all ready sockets are read in one callback with
    one reading of the clock; elsewhere each socket is given to the loop.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoll = select.epoll() if hasattr(select, "epoll") else None

    def add(self, sock: socket.socket, readable: Callable[[int], None]) -> None:
        """Call `readable(now)` whenever the socket can be read."""
        loop = self._running_loop()
        self._callbacks[sock.fileno()] = readable
        if self._epoll is None:
            loop.add_reader(sock.fileno(), lambda: readable(monotonic_us()))
        else:
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def remove(self, sock: socket.socket) -> None:
        """Forget the socket; call it before closing it."""
        if self._callbacks.pop(sock.fileno(), None) is None:
            return
        if self._epoll is None:
            self._running_loop().remove_reader(sock.fileno())
        else:
            self._epoll.unregister(sock.fileno())

    def close(self) -> None:
        """Stop watching."""
        if self._epoll is not None and not self._epoll.closed:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            if self._epoll is not None:
                self._loop.add_reader(self._epoll.fileno(), self._ready, self._epoll)
        return self._loop

    def _ready(self, epoll: select.epoll) -> None:
        now = monotonic_us()
        callbacks = self._callbacks
        for descriptor, _ in epoll.poll(0):
            callback = callbacks.get(descriptor)
            if callback is not None:
                try:
                    callback(now)
                except Exception:
                    # A fault in one leg must not keep the others from being read.
                    log.exception("media_packet_failed", descriptor=descriptor)


@lru_cache(4096)
def _address(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise MediaError("bad_address", f"{host!r} is no IP address") from None


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class RtpSocket:
    """One leg's RTP socket with its RTCP neighbour, sending to and hearing only the negotiated peer.

    The peer may send from another port than it negotiated (symmetric RTP, RFC 4961): its first packet settles the
    port, once. The host must be the negotiated one.
    """

    def __init__(self, poller: Poller, host: str, port: int, on_packet: Callable[[bytes, int], None]) -> None:
        """OSError when the port or the one above it is taken by another process."""
        self._poller = poller
        self._host = host
        self._on_packet = on_packet
        self._peer: tuple[str, int] | None = None
        self._rtcp_peer: tuple[str, int] | None = None
        self._latched = False
        self._closed = False
        self.port = port
        self.strangers = 0
        self.send_errors = 0
        self._sock = _bound(host, port)
        try:
            # Never read: it keeps the port ours and swallows reports, so it gets the smallest buffer there is.
            self._rtcp = _bound(host, port + 1)
            self._rtcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _TINY_BUFFER)
        except OSError:
            self._sock.close()
            raise
        poller.add(self._sock, self._readable)

    def hand_over(self, on_packet: Callable[[bytes, int], None]) -> None:
        """The socket was opened in advance, and belongs to somebody from now on."""
        self._on_packet = on_packet
        self.strangers = 0

    def set_peer(self, host: str, port: int) -> None:
        """Name the negotiated peer; a change of it forgets what was latched. MediaError bad_address."""
        peer = (_address(host), port)
        if peer == self._peer:
            return
        if self._latched:
            self._unlatch()
        self._peer = peer
        self._rtcp_peer = (peer[0], port + 1)

    def send(self, packet: bytes) -> None:
        """Send one packet; an error is counted, because a peer that is gone shows itself by silence."""
        try:
            if self._latched:
                self._sock.send(packet)
            elif self._peer is not None and not self._closed:
                self._sock.sendto(packet, self._peer)
        except OSError:
            self.send_errors += 1

    def send_rtcp(self, packet: bytes) -> None:
        """Send one RTCP packet to the port above the negotiated one."""
        if self._rtcp_peer is None or self._closed:
            return
        try:
            self._rtcp.sendto(packet, self._rtcp_peer)
        except OSError:
            self.send_errors += 1

    async def close(self) -> None:
        """Close both sockets; idempotent."""
        if not self._closed:
            self._closed = True
            self._latched = False
            self._poller.remove(self._sock)
            self._sock.close()
            self._rtcp.close()

    def _readable(self, now: int) -> None:
        try:
            if self._latched:
                self._on_packet(self._sock.recv(_MAX_PACKET), now)
                return
            data, source = self._sock.recvfrom(_MAX_PACKET)
        except _BUSY:
            return
        except OSError:
            # ECONNREFUSED and its kin: an ICMP answer to something that was sent, not a fault of this socket.
            self.send_errors += 1
            return
        if self._peer is None or source[0] != self._peer[0]:
            self.strangers += 1
            return
        self._latch(source)
        self._on_packet(data, now)

    def _latch(self, source: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            # Unreachable just now: it stays unconnected, and the next packet tries again.
            self._sock.connect(source)
            self._latched = True

    def _unlatch(self) -> None:
        """Python cannot dissolve a UDP connection, so the socket is made anew on the same port."""
        self._poller.remove(self._sock)
        self._sock.close()
        self._latched = False
        self._sock = _bound(self._host, self.port)
        self._poller.add(self._sock, self._readable)
