"""The WebSocket endpoint of agents' programs: origin, hello, one connection for each agent, orderly end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from agents_ws.codec import CODECS, JSON
from agents_ws.connection import Connection, Socket
from agents_ws.hub import Hub, Link
from agents_ws.limits import EndpointLimits
from agents_ws.messages import (
    AgentIdentity,
    BadMessageError,
    ByeCode,
    Hello,
    Welcome,
)
from agents_ws.pace import Pace
from agents_ws.ports import Gateway
from agents_ws.session import Attach, Session
from router.errors import RoutingEndedError

PATH: Final = "/api/v1/agents/ws"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Browsers may connect from the page's own origin and from those of `allowed`; programs send no Origin at all."""

    allowed: Callable[[], Collection[str]] = frozenset

    def __call__(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        own = (None, f"https://{request.host}", f"http://{request.host}")
        return origin in own or origin in self.allowed()


@dataclass(slots=True, eq=False)
class _Visit:
    """One socket from its upgrade to its end; `connection` from its hello on."""

    socket: Socket
    gone: asyncio.Event
    connection: Connection | None = None
    told: asyncio.Event | None = None


class AgentEndpoint:
    """`handle` is the aiohttp handler. `now` is the shard's clock in microseconds."""

    def __init__(
        self,
        gateway: Gateway,
        hub: Hub,
        *,
        now: Callable[[], int],
        origin_allowed: Callable[[web.Request], bool],
        limits: EndpointLimits | None = None,
        peers: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._peers = peers
        self._gateway = gateway
        self._hub = hub
        self._now = now
        self._origin_allowed = origin_allowed
        self._limits = limits or EndpointLimits()
        self._visits: set[_Visit] = set()
        # Hundreds may be known, or committed as connected, at the same moment.
        self._pace = Pace()
        self._stopping = False
        self._draining = False
        self.endings: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """403 for a foreign origin, 400 for another subprotocol, 503 while stopping; else the conversation."""
        if self._stopping:
            raise web.HTTPServiceUnavailable(text="the server is stopping\n")
        if not self._origin_allowed(request):
            _log.warning("agent_origin_refused", origin=request.headers.get("Origin"))
            raise web.HTTPForbidden(text="this origin may not connect\n")
        offered = request.headers.get("Sec-WebSocket-Protocol")
        if offered is not None and CODECS.keys().isdisjoint(name.strip() for name in offered.split(",")):
            raise web.HTTPBadRequest(text=f"the subprotocols are {' and '.join(CODECS)}\n")
        ws = web.WebSocketResponse(
            timeout=self._limits.close_timeout_s,
            protocols=tuple(CODECS),  # of those the first that the client names; without any it speaks JSON
            max_msg_size=self._limits.max_message_bytes,
            compress=False,  # a deflate window for each of thousands of agents costs more than it saves
            writer_limit=self._limits.write_buffer_bytes,
        )
        await ws.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        codec = JSON if ws.ws_protocol is None else CODECS[ws.ws_protocol]
        await self._serve(Socket(ws, request, self._limits, codec))
        return ws

    def drain(self) -> None:
        """No new connections; those that are there stay."""
        self._draining = True

    async def aclose(self) -> None:
        """Say bye to everybody and wait until all connections are gone."""
        self._stopping = True
        visits = list(self._visits)
        for visit in visits:
            if visit.connection is not None:
                visit.connection.close(ByeCode.SHUTDOWN)
        await asyncio.gather(*(self._send_away(visit) for visit in visits if visit.connection is None))
        await asyncio.gather(*(visit.gone.wait() for visit in visits))

    async def _send_away(self, visit: _Visit) -> None:
        visit.told = asyncio.Event()
        await self._end(visit.socket, ByeCode.SHUTDOWN)
        visit.told.set()

    async def _serve(self, socket: Socket) -> None:
        visit = _Visit(socket, asyncio.Event())
        self._visits.add(visit)
        try:
            await self._greet(visit)
        except ConnectionError as error:
            _log.debug("agent_connection_broken", error=repr(error))
        except RoutingEndedError:
            await self._end(socket, ByeCode.SHUTDOWN)
        except Exception as error:  # noqa: BLE001  one agent's failure is told to that agent, who connects again
            _log.error("agent_connection_failed", exc_info=error)
            await self._end(socket, ByeCode.INTERNAL)
        finally:
            if visit.told is not None:  # returning earlier would close the socket before the bye is out
                await visit.told.wait()
            self._visits.discard(visit)
            visit.gone.set()

    async def _greet(self, visit: _Visit) -> None:
        socket = visit.socket
        hello = await self._hello(socket)
        if isinstance(hello, ByeCode):
            return await self._end(socket, hello)
        if hello is None:
            return None
        identity, vouched = await self._who(hello)
        if identity is None:
            return await self._end(socket, ByeCode.UNAUTHORIZED)
        if self._stopping or self._draining:
            return await self._end(socket, ByeCode.SHUTDOWN)
        generation = await self._gateway.connected(identity.id)
        try:
            await self._pace.turn()
            await self._converse(visit, hello, identity, generation, vouched=vouched)
        finally:
            await self._gateway.disconnected(identity.id, generation)
            if visit.connection is not None:
                await visit.connection.settled()
        return None

    async def _who(self, hello: Hello) -> tuple[AgentIdentity | None, bool]:
        """Whose token it is, and whether that was looked up: who comes back to their session is known already."""
        if (agent_id := self._hub.known(hello.session, hello.token)) is not None:
            return self._gateway.identity(agent_id), False
        identity = await self._gateway.authenticate(hello.token)
        await self._pace.turn()
        return identity, True

    async def _hello(self, socket: Socket) -> Hello | ByeCode | None:
        try:
            message = await socket.ws.receive(timeout=self._limits.hello_timeout_s)
        except TimeoutError:
            return ByeCode.HELLO_TIMEOUT
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return None
        if message.type is not socket.frame:
            return ByeCode.PROTOCOL_ERROR
        try:
            hello = socket.codec.decode_client(message.data)
        except BadMessageError as error:
            _log.info("agent_hello_bad", error=str(error))
            return ByeCode.PROTOCOL_ERROR
        return hello if isinstance(hello, Hello) else ByeCode.PROTOCOL_ERROR

    async def _converse(
        self, visit: _Visit, hello: Hello, identity: AgentIdentity, generation: int, *, vouched: bool
    ) -> None:
        connection = Connection(
            visit.socket,
            self._gateway,
            self._hub,
            agent_id=identity.id,
            token=hello.token,
            generation=generation,
            now=self._now,
            limits=self._limits,
            peers=self._peers,
        )
        link = Link(generation, connection.wake, connection.close, visit.socket.codec)
        session, attach = self._hub.open(identity.id, hello.session, hello.last_seq, link)
        if attach is Attach.OUTDATED:
            return await self._end(visit.socket, ByeCode.REPLACED)
        if vouched:
            session.vouch(hello.token, self._now() + int(self._limits.token_check_s * 1_000_000))
        log = _log.bind(agent=identity.id, generation=generation)
        log.info("agent_connected", attach=attach.value, language=hello.language)
        visit.connection = connection
        if self._stopping:
            connection.close(ByeCode.SHUTDOWN)
        try:
            await visit.socket.write_message(self._welcome(session, identity, attach))
            await connection.run(session)
        except (TimeoutError, ConnectionError) as error:
            log.info("agent_lost_at_welcome", error=repr(error))
        finally:
            self._hub.detach(session, generation)
            self.endings[connection.ending or "left"] += 1
            log.info("agent_disconnected", ending=connection.ending or "left")
        return None

    def _welcome(self, session: Session, identity: AgentIdentity, attach: Attach) -> Welcome:
        return Welcome(
            session=session.session_id,
            agent=identity,
            resumed=attach is Attach.RESUMED,
            heartbeat_s=self._limits.heartbeat_s,
            server_time_us=self._now(),
            peers=self._peers(),
        )

    async def _end(self, socket: Socket, code: ByeCode) -> None:
        self.endings[code] += 1
        await socket.end(code)
