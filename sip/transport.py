"""UDP, TCP and TLS sockets for SIP (RFC 3261 s.18, RFC 3581, RFC 5626 keep-alive). The only sockets of this package.

Connections are reused in both directions: a connection that a peer opened carries our requests to it as well. Over TLS
that is how phones are reached: they have no certificate of their own. A connection that we open over TLS is made only
to a peer whose certificate is right for the name (or address) that we dial.
"""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import structlog

from sip.flow import Flow
from sip.framing import Framer
from sip.headers import Malformed
from sip.settings import Settings

log = structlog.get_logger(__name__)

_MAX_UNSENT = 256 * 1024
_MAX_WAITING = 64
_CONNECT_S = 5.0
_GOODBYE_S = 1.0
_SWEEP_S = 5.0
_NAME_US = 60_000_000
_MAX_NAMES = 256
_BIND_TRIES = 20

OnMessage = Callable[[bytes, Flow], None]
OnFailed = Callable[[Flow], None]


@dataclass(frozen=True, slots=True)
class Tls:
    """`server` shows our certificate to those who connect, `client` checks the certificate of those we connect to."""

    server: ssl.SSLContext
    client: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class Transport:
    """Sends to flows and hands over what comes in. `count` is told of each unusual thing by name."""

    def __init__(
        self,
        settings: Settings,
        on_message: OnMessage,
        on_failed: OnFailed,
        count: Callable[[str], None],
        tls: Tls | None = None,
    ) -> None:
        if settings.tls_port is not None and tls is None:
            raise ValueError("a TLS port needs a certificate")
        self._settings = settings
        self._tls = tls
        self.on_message = on_message
        self._on_failed = on_failed
        self.count = count
        self._udp: asyncio.DatagramTransport | None = None
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Flow, _Connection] = {}
        self._alive: set[_Connection] = set()
        self._waiting: dict[Flow, list[bytes]] = {}
        self._names: dict[str, tuple[int, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self.port = settings.port
        self.tls_port = settings.tls_port or 0

    async def start(self) -> None:
        """Bind. With port 0 UDP and TCP get the same free port. Raises OSError."""
        for attempt in range(_BIND_TRIES):
            try:
                await self._bind()
                return
            except OSError:
                await self._unbind()
                if self._settings.port != 0 or attempt == _BIND_TRIES - 1:
                    raise

    async def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        port = self._settings.port
        if self._settings.udp:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(self._settings.host, port)
            )
            self._udp = udp
            port = udp.get_extra_info("sockname")[1]
        if self._settings.tcp:
            server = await loop.create_server(lambda: _Connection(self, "TCP"), self._settings.host, port)
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
        self.port = port
        if self._settings.tls_port is not None and self._tls is not None:
            self._servers.append(
                await loop.create_server(
                    lambda: _Connection(self, "TLS"),
                    self._settings.host,
                    self._settings.tls_port,
                    ssl=self._tls.server,
                    ssl_handshake_timeout=_CONNECT_S,
                    ssl_shutdown_timeout=_GOODBYE_S,
                )
            )
            self.tls_port = self._servers[-1].sockets[0].getsockname()[1]

    async def _unbind(self) -> None:
        if self._udp is not None:
            self._udp.close()
        for server in self._servers:
            server.close()
        self._udp = None
        self._servers = []

    async def aclose(self) -> None:
        """Close every socket and task."""
        await self._unbind()
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._connections.values()):
            connection.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the closed transports call connection_lost
        try:
            async with asyncio.timeout(_GOODBYE_S):
                for connection in list(self._alive):
                    await connection.gone.wait()
        except TimeoutError:  # a peer that does not answer TLS's goodbye
            for connection in list(self._alive):
                connection.abort()
            await asyncio.sleep(0)

    @property
    def connections(self) -> int:
        """Open TCP and TLS connections."""
        return len(self._connections)

    def send(self, flow: Flow, data: bytes, fallback: Flow | None = None) -> None:
        """Send to a flow; a name is resolved and a missing connection is made first, in the background."""
        if flow.transport == "UDP":
            if _is_address(flow.host):
                self._send_udp(flow, data)
            else:
                self._later(flow, data, None)
            return
        connection = self._connections.get(flow)
        if connection is not None:
            connection.write(data)
        else:
            self._later(flow, data, fallback)

    def _send_udp(self, flow: Flow, data: bytes) -> None:
        if self._udp is None or self._udp.is_closing():
            self.count("unsent")
            return
        try:
            self._udp.sendto(data, (flow.host, flow.port))
        except (OSError, ValueError):
            self.count("unsent")

    def _later(self, flow: Flow, data: bytes, fallback: Flow | None) -> None:
        waiting = self._waiting.get(flow)
        if waiting is not None:
            if len(waiting) < _MAX_WAITING:
                waiting.append(data)
            else:
                self.count("unsent")
            return
        self._waiting[flow] = [data]
        task = asyncio.get_running_loop().create_task(self._open(flow, fallback), name=f"sip-open-{flow.host}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, flow: Flow, fallback: Flow | None) -> None:
        """Resolve and connect, then send what waits; guarded: a failure is counted and told to the owner."""
        failed = True
        try:
            if flow.transport == "UDP":
                address = Flow("UDP", await self._resolve(flow.host), flow.port)
                for data in self._waiting.pop(flow, ()):
                    self._send_udp(address, data)
            else:
                connection = await self._connect(flow, fallback)
                for data in self._waiting.pop(flow, ()):
                    connection.write(data)
            failed = False
        except (OSError, TimeoutError) as error:
            log.info("sip peer cannot be reached", host=flow.host, port=flow.port, error=str(error))
            self.count("unreachable")
        except Exception:
            log.exception("sip connection task failed", host=flow.host)
        finally:
            self._waiting.pop(flow, None)
        if failed:
            self._on_failed(flow)

    async def _connect(self, flow: Flow, fallback: Flow | None) -> "_Connection":
        if len(self._connections) >= self._settings.max_connections:
            raise OSError("too many connections")
        try:
            return await self._dial(flow)
        except (OSError, TimeoutError):
            if fallback is None or fallback == flow:
                raise
            return await self._dial(fallback)

    async def _dial(self, flow: Flow) -> "_Connection":
        host = await self._resolve(flow.host)
        loop = asyncio.get_running_loop()
        secure: dict[str, Any] = {}
        if flow.secure:
            if self._tls is None:
                raise OSError("TLS is not configured")
            secure = {
                "ssl": self._tls.client,
                "server_hostname": flow.host,
                "ssl_handshake_timeout": _CONNECT_S,
                "ssl_shutdown_timeout": _GOODBYE_S,
            }
        async with asyncio.timeout(_CONNECT_S):
            _, protocol = await loop.create_connection(
                lambda: _Connection(self, flow.transport, flow), host, flow.port, **secure
            )
        return protocol

    async def _resolve(self, host: str) -> str:
        if _is_address(host):
            return host
        now = self._settings.now()
        known = self._names.get(host)
        if known is not None and known[0] > now:
            return known[1]
        async with asyncio.timeout(_CONNECT_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
        if len(self._names) >= _MAX_NAMES:
            self._names.clear()
        address = str(found[0][4][0])
        self._names[host] = (now + _NAME_US, address)
        return address

    # -- called by the protocols

    def opened(self, flow: Flow, connection: "_Connection") -> bool:
        """Register a connection; False when there are too many."""
        self._alive.add(connection)
        if len(self._connections) >= self._settings.max_connections:
            self.count("connections_refused")
            return False
        self._connections[flow] = connection
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep_idle)
        return True

    def closed(self, flow: Flow, connection: "_Connection") -> None:
        """Forget a connection."""
        if self._connections.get(flow) is connection:
            del self._connections[flow]

    def lost(self, connection: "_Connection") -> None:
        """Its socket is closed."""
        self._alive.discard(connection)

    def now(self) -> int:
        """The settings' clock."""
        return self._settings.now()

    def _sweep_idle(self) -> None:
        """Close what has been silent too long, or sits on half a message (slow senders hold no memory)."""
        self._sweep = None
        now = self._settings.now()
        for connection in list(self._connections.values()):
            since = connection.partial_since
            slow = since is not None and now - since > self._settings.partial_message_us
            if slow or now - connection.last_seen > self._settings.idle_connection_us:
                self.count("connections_idle")
                connection.close()
        if self._connections:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep_idle)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, owner: Transport) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._owner.on_message(data, Flow("UDP", addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:  # noqa: ARG002 - asyncio's signature
        # An ICMP error says nothing about which of our packets it means; the timers find out.
        self._owner.count("udp_errors")


class _Connection(asyncio.Protocol):
    def __init__(self, owner: Transport, kind: str, flow: Flow | None = None) -> None:
        self._owner = owner
        self._kind = kind
        self._flow = flow
        self._refused = False
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()
        self.framer = Framer()
        self.last_seen = owner.now()
        self.partial_since: int | None = None  # when the message began that is not whole yet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if self._flow is None and peer is not None:
            self._flow = Flow(self._kind, peer[0], peer[1])
        if self._flow is None or not self._owner.opened(self._flow, self):
            self._refused = True
            self.close()

    def data_received(self, data: bytes) -> None:
        if self._flow is None or self._refused:
            return
        self.last_seen = self._owner.now()
        pings = self.framer.pings
        try:
            messages = self.framer.feed(data)
        except Malformed:
            self._owner.count("stream_broken")
            self.close()
            return
        if not self.framer.pending:
            self.partial_since = None
        elif messages or self.partial_since is None:
            self.partial_since = self.last_seen
        for _ in range(self.framer.pings - pings):
            self.write(b"\r\n")
        for message in messages:
            self._owner.on_message(message, self._flow)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._flow is not None:
            self._owner.closed(self._flow, self)
        self._owner.lost(self)
        self.gone.set()

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            self._owner.count("unsent")
        elif self._transport.get_write_buffer_size() > _MAX_UNSENT:
            self._owner.count("connections_slow")
            self._transport.abort()
        else:
            self.last_seen = self._owner.now()
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            with contextlib.suppress(RuntimeError):
                self._transport.close()
        if self._flow is not None:
            self._owner.closed(self._flow, self)


@lru_cache(1_024)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
