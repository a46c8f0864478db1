"""One agent's connection after its hello: a reader, one writer, and a leg being opened beside them."""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import WSMsgType, web

from agents_ws.codec import Codec
from agents_ws.commands import carry_out
from agents_ws.hub import Hub
from agents_ws.limits import EndpointLimits, RateLimit
from agents_ws.messages import (
    CLOSE_CODES,
    Ack,
    BadMessageError,
    Bye,
    ByeCode,
    Command,
    Hello,
    OpenLeg,
    Ping,
    Pong,
    ReadChat,
    Refused,
    ServerMessage,
    SignOut,
    TypeInChat,
)
from agents_ws.ports import Gateway
from agents_ws.session import Phase, Session, SessionError
from agents_ws.tasks import cancel_and_wait, guarded
from router.errors import RoutingEndedError

_log = structlog.get_logger(__name__)

_REASONS = {
    ByeCode.HELLO_TIMEOUT: "no hello in time",
    ByeCode.UNAUTHORIZED: "the token is unknown or expired",
    ByeCode.PROTOCOL_ERROR: "the message is not part of the protocol",
    ByeCode.HEARTBEAT_LOST: "nothing heard for too long",
    ByeCode.REPLACED: "a newer connection of this agent took over",
    ByeCode.TOO_FAST: "too many messages",
    ByeCode.SLOW_CLIENT: "messages were not read",
    ByeCode.SIGNED_OUT: "signed out",
    ByeCode.SHUTDOWN: "the server is stopping",
    ByeCode.INTERNAL: "the server failed; connect again",
}


class Socket:
    """A WebSocket whose writes have a time limit and whose end is always a `bye` with its close code.

    Only frames of `frame` carry messages, in the form of `codec`.
    """

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, limits: EndpointLimits, codec: Codec) -> None:
        self.ws = ws
        self.codec = codec
        self.frame = WSMsgType.BINARY if codec.binary else WSMsgType.TEXT
        self._request = request
        self._limits = limits

    async def write(self, payload: bytes) -> None:
        """Raises TimeoutError when the client does not read, ConnectionError when it is gone."""
        async with asyncio.timeout(self._limits.write_timeout_s):
            await self.ws.send_frame(payload, self.frame)

    def write_now(self, payload: bytes) -> bool:
        """Put it on the wire without waiting; False, with nothing written, when the client must be waited for."""
        transport = self._request.transport
        if transport is None or transport.is_closing() or self.ws.closed:
            return False
        if transport.get_write_buffer_size() > self._limits.write_buffer_bytes:
            return False
        transport.write(_frame(payload, self.frame))
        return True

    async def write_message(self, message: ServerMessage) -> None:
        """As `write`."""
        await self.write(self.codec.encode(message))

    async def end(self, code: ByeCode, detail: str | None = None) -> None:
        """Say bye and close; a client that does not let itself be told is cut off."""
        try:
            async with asyncio.timeout(self._limits.close_timeout_s):
                if not self.ws.closed:
                    bye = Bye(code=code, reason=detail or _REASONS[code])
                    await self.ws.send_frame(self.codec.encode(bye), self.frame)
                await self.ws.close(code=CLOSE_CODES[code], message=code.value.encode())
        except (TimeoutError, ConnectionError) as error:
            _log.debug("agent_connection_cut", code=code, error=repr(error))
            if self._request.transport is not None:
                self._request.transport.abort()


def _frame(payload: bytes, kind: WSMsgType) -> bytes:
    """A whole message as one unmasked frame (RFC 6455 s.5.2)."""
    size, first = len(payload), 0x80 | kind
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class SnapshotError(Exception):
    """The gateway could not say what the agent's page shows."""


class Connection:
    """Runs until either side ends it. The writer alone writes numbered messages; replies go through the session."""

    def __init__(
        self,
        socket: Socket,
        gateway: Gateway,
        hub: Hub,
        *,
        agent_id: str,
        token: str,
        generation: int,
        now: Callable[[], int],
        limits: EndpointLimits,
        peers: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._peers = peers
        self._socket = socket
        self._gateway = gateway
        self._hub = hub
        self._agent_id = agent_id
        self._token = token
        self._generation = generation
        self._now = now
        self._limits = limits
        self._session: Session | None = None
        self._awake = asyncio.Event()
        # Whether the writer has nothing in hand.
        self._idle = False
        self._ending: ByeCode | None = None
        self._detail: str | None = None
        self._ended = asyncio.Event()
        self._commands: set[asyncio.Task[None]] = set()
        self._opening_leg = False
        self._listening = False
        self._silence: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """There may be something to write: at once where the writer would have nothing else to do, else by it."""
        session = self._session
        if session is not None and self._idle and not self._awake.is_set() and self._ending is None:
            payload = session.next(self._generation)
            while payload is not None and self._socket.write_now(payload):
                payload = session.written(self._generation)
            if payload is None and session.phase is Phase.LIVE:
                return
        self._awake.set()

    def close(self, code: ByeCode) -> None:
        """End the connection after what is held was written; the first reason given stands."""
        if self._ending is None:
            self._ending = code
            # What is held is written first, but a client that does not read can not put off the end.
            asyncio.get_running_loop().call_later(self._limits.close_timeout_s, self._ended.set)
        self._awake.set()

    @property
    def ending(self) -> ByeCode | None:
        """Why the server ends this connection, or None when it does not (or the client left)."""
        return self._ending

    async def run(self, session: Session) -> None:
        """Returns when the socket is closed and no task of this connection is left."""
        self._session = session
        name = f"agents_ws:{self._agent_id}:{self._generation}"
        writer = guarded(self._write(session), name=f"{name}:writer", on_failure=self._failed)
        reader = guarded(self._read(session), name=f"{name}:reader", on_failure=self._failed)
        self._watch_silence(session)
        try:
            await self._ended.wait()
        finally:
            self._idle = False
            if self._silence is not None:
                self._silence.cancel()
            await cancel_and_wait({writer, reader})
        if self._ending is not None:
            await self._socket.end(self._ending, self._detail)

    async def settled(self) -> None:
        """Wait for commands still being carried out: their replies wait in the session for the next connection."""
        if self._commands:
            await asyncio.wait(self._commands)

    def _failed(self, _: BaseException) -> None:
        self._ending = self._ending or ByeCode.INTERNAL
        self._ended.set()

    # -- writing -------------------------------------------------------------------------------------------------

    async def _write(self, session: Session) -> None:
        try:
            while True:
                self._awake.clear()
                await self._flush(session)
                if self._ending is not None:
                    break
                self._idle = True
                await self._awake.wait()
                self._idle = False
        except TimeoutError:
            self._ending = ByeCode.SLOW_CLIENT
        except ConnectionError:
            _log.debug("agent_connection_broken", agent=self._agent_id)
        self._ended.set()

    async def _flush(self, session: Session) -> None:
        while True:
            if session.generation != self._generation:
                return
            if session.phase is Phase.STALE and self._ending is None:
                await self._take_snapshot(session)
            payload = session.take(self._generation)
            if payload is not None:
                await self._socket.write(payload)
            elif session.phase is Phase.LIVE or self._ending is not None:
                return

    async def _take_snapshot(self, session: Session) -> None:
        reserved = session.begin_snapshot()
        try:
            async with asyncio.timeout(self._limits.command_timeout_s):
                snapshot = await self._gateway.snapshot(self._agent_id)
        except TimeoutError as error:
            raise SnapshotError("no snapshot in time") from error
        if session.generation == self._generation:
            session.finish_snapshot(reserved, snapshot)

    # -- reading -------------------------------------------------------------------------------------------------

    async def _read(self, session: Session) -> None:
        rate = RateLimit(self._limits.messages_per_second, self._limits.burst, self._now())
        while self._ending is None:
            self._listening = True
            message = await self._socket.ws.receive()
            self._listening = False
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return self._ended.set()
            if message.type is not self._socket.frame:
                return self._violation(f"only {self._socket.frame.name.lower()} messages are spoken here")
            now = self._now()
            session.heard(self._generation, now)
            if now >= session.check_at:
                self._check_token(session, now)
            if not rate.take(now):
                return self.close(ByeCode.TOO_FAST)
            try:
                await self._handle(session, message.data)
            except (BadMessageError, SessionError) as error:
                return self._violation(str(error))
            except TimeoutError:
                return self.close(ByeCode.SLOW_CLIENT)
            except ConnectionError:
                return self._ended.set()
        return None

    def _watch_silence(self, session: Session) -> None:
        """One timer that is looked at when it is due: setting a limit for each message costs more than reading it."""
        left_s = (session.silence_deadline() - self._now()) / 1_000_000
        if left_s <= 0 and self._listening:
            return self.close(ByeCode.HEARTBEAT_LOST)
        # What is being carried out has a limit of its own, and what was said meanwhile has not been read yet.
        self._silence = asyncio.get_running_loop().call_later(max(left_s, 1.0), self._watch_silence, session)
        return None

    def _check_token(self, session: Session, now: int) -> None:
        """Now and then, beside what the agent does: a page that stays is not to outlive its sign-in."""
        session.check_at = now + int(self._limits.token_check_s * 1_000_000)
        name = f"agents_ws:{self._agent_id}:{self._generation}:token"
        task = guarded(self._ask_again(session), name=name, on_failure=self._failed)
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _ask_again(self, session: Session) -> None:
        try:
            async with asyncio.timeout(self._limits.command_timeout_s):
                if not await self._gateway.may_stay(self._agent_id, self._token):
                    session.doubt()
                    self.close(ByeCode.UNAUTHORIZED)
        except Exception as error:  # noqa: BLE001  a database that is away signs nobody out
            _log.warning("agent_token_not_checked", agent=self._agent_id, error=repr(error))

    def _violation(self, detail: str) -> None:
        self._detail = detail[:200]
        self.close(ByeCode.PROTOCOL_ERROR)

    async def _handle(self, session: Session, data: str | bytes) -> None:
        match self._socket.codec.decode_client(data):
            case Hello():
                raise SessionError("hello was said before")
            case Ack(seq=seq):
                session.acknowledge(self._generation, seq)
            case Ping(ref=ref):
                await self._socket.write_message(Pong(ref=ref, server_time_us=self._now(), peers=self._peers()))
            case TypeInChat(reservation_id=reservation_id, on=on):
                self._gateway.chat_typing(self._agent_id, reservation_id, on)
            case ReadChat(reservation_id=reservation_id, number=number):
                self._gateway.chat_read(self._agent_id, reservation_id, number)
            case command if session.first_time(command.ref):
                await self._command(session, command)
            case _:
                _log.debug("agent_request_repeated", agent=self._agent_id)

    # -- commands ------------------------------------------------------------------------------------------------

    async def _command(self, session: Session, command: Command) -> None:
        opens_leg = isinstance(command, OpenLeg)
        if opens_leg and self._opening_leg:
            self._hub.send_to(session, Refused(ref=command.ref, code="leg_busy", message="a leg is being opened"))
            return
        self._opening_leg = self._opening_leg or opens_leg
        # A task of its own: a command that was begun is finished even when its connection ends meanwhile.
        name = f"agents_ws:{self._agent_id}:{self._generation}:{command.ref}"
        task = guarded(self._carry_out(session, command), name=name, on_failure=self._failed)
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)
        if not opens_leg:  # negotiating a leg takes long enough for an accept to overtake it
            await asyncio.wait({task})

    async def _carry_out(self, session: Session, command: Command) -> None:
        opens_leg = isinstance(command, OpenLeg)
        timeout_s = self._limits.leg_timeout_s if opens_leg else self._limits.command_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                reply = await carry_out(self._gateway, self._agent_id, command)
        except TimeoutError:
            reply = Refused(ref=command.ref, code="timeout", message="the server did not answer in time")
        except RoutingEndedError:
            reply = Refused(ref=command.ref, code="unavailable", message="this node of the server is ending")
        except Exception as error:  # noqa: BLE001  one failed request must not cost the agent the call
            _log.error("agent_command_failed", agent=self._agent_id, command=type(command).__name__, exc_info=error)
            reply = Refused(ref=command.ref, code="internal", message="the server failed to do this")
        finally:
            self._opening_leg = self._opening_leg and not opens_leg
        self._hub.send_to(session, reply)
        if isinstance(command, SignOut) and not isinstance(reply, Refused):
            self._hub.close(self._agent_id, ByeCode.SIGNED_OUT)
