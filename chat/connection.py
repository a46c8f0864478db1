"""One visitor's WebSocket after its opening: a reader, and one writer that follows the chat from where the page is.

Nothing is queued: the writer reads on in the chat when the page has taken the last frame, so a slow page costs no
memory; one that takes nothing for too long is cut off and comes back with the last number that it has.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import assert_never

import structlog
from aiohttp import WSMsgType, web

from chat.conductor import ChatConductor
from chat.events import Marked, Side, Typed
from chat.far_chat import FarChat
from chat.limits import Bucket, ChatLimits
from chat.messages import (
    CLOSE_CODES,
    BadMessageError,
    Bye,
    ByeCode,
    ClientMessage,
    End,
    Messages,
    Open,
    Ping,
    Pong,
    Rate,
    Receipt,
    Refused,
    Resume,
    Say,
    ServerMessage,
    StatusShown,
    Typing,
    decode_client,
    encode,
)
from chat.ports import ChatRefusedError, StoreAwayError
from chat.visiting import VisitorChat
from router.errors import RoutingEndedError

log = structlog.get_logger(__name__)

MAX_REPLIES = 64

REASONS = {
    ByeCode.HELLO_TIMEOUT: "neither open nor resume in time",
    ByeCode.UNKNOWN_CHAT: "there is no chat of this token",
    ByeCode.REFUSED: "refused",
    ByeCode.PROTOCOL_ERROR: "the message is not part of the protocol",
    ByeCode.TOO_FAST: "too many messages",
    ByeCode.SLOW_CLIENT: "messages were not read",
    ByeCode.REPLACED: "too many pages show this chat; a newer one took over",
    ByeCode.SHUTDOWN: "the server is stopping; connect again",
    ByeCode.MOVING: "the chat is with another node of the server that does not answer; connect again",
    ByeCode.INTERNAL: "the server failed; connect again",
}


class VisitorSocket:
    """A WebSocket whose writes have a time limit and whose end is always a `bye` with its close code."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, limits: ChatLimits) -> None:
        self.ws = ws
        self._request = request
        self._limits = limits

    async def write(self, message: ServerMessage) -> None:
        """Raises TimeoutError when the page does not read, ConnectionError when it is gone."""
        async with asyncio.timeout(self._limits.write_timeout_s):
            await self.ws.send_frame(encode(message), WSMsgType.TEXT)

    async def end(self, code: ByeCode, detail: str = "") -> None:
        """Say bye and close; a page that does not let itself be told is cut off."""
        try:
            async with asyncio.timeout(self._limits.close_timeout_s):
                if not self.ws.closed:
                    bye = Bye(code=code, reason=detail or REASONS[code])
                    await self.ws.send_frame(encode(bye), WSMsgType.TEXT)
                await self.ws.close(code=CLOSE_CODES[code], message=code.value.encode())
        except (TimeoutError, ConnectionError) as error:
            log.debug("visitor_connection_cut", code=code, error=repr(error))
            if self._request.transport is not None:
                self._request.transport.abort()


class VisitorConnection:
    """Runs until either side ends it."""

    def __init__(
        self,
        socket: VisitorSocket,
        conductor: ChatConductor,
        runner: VisitorChat,
        *,
        after: int,
        version: int,
        now: Callable[[], int],
        limits: ChatLimits,
    ) -> None:
        self._socket = socket
        self._conductor = conductor
        self._runner = runner
        self._after = after
        self._version = version
        self._now = now
        self._limits = limits
        self._awake = asyncio.Event()
        self._replies: deque[ServerMessage] = deque()
        self._ending: ByeCode | None = None
        self._detail = ""

    @property
    def chat(self) -> VisitorChat:
        """The chat, as it is followed now."""
        return self._runner

    @property
    def ending(self) -> ByeCode | None:
        """Why the server ends this connection, None when it does not."""
        return self._ending

    def close(self, code: ByeCode, detail: str = "") -> None:
        """End the connection; the first reason given stands."""
        if self._ending is None:
            self._ending, self._detail = code, detail[:200]
        self._awake.set()

    async def run(self) -> None:
        """Returns when the socket is closed."""
        self._runner.watch(self._awake.set)
        reader = asyncio.create_task(self._read(), name=f"chat:{self._runner.chat_id}:reader")
        try:
            await self._write()
        finally:
            self._runner.unwatch(self._awake.set)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
        if self._ending is not None:
            await self._socket.end(self._ending, self._detail)
        if not reader.cancelled() and (error := reader.exception()) is not None:
            raise error

    # --- writing ------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while self._ending is None and not self._socket.ws.closed:
                self._awake.clear()
                if self._runner.moved:
                    self._follow()
                elif not await self._write_next():
                    await self._awake.wait()
        except TimeoutError:
            self.close(ByeCode.SLOW_CLIENT)
        except StoreAwayError as error:
            log.warning("chat_not_readable", error=str(error))
            self.close(ByeCode.INTERNAL)
        except ChatRefusedError as error:
            log.info("chat_elsewhere_not_readable", error=str(error))
            self.close(ByeCode.MOVING)
        except ConnectionError:
            log.debug("visitor_connection_broken", chat=self._runner.chat_id)

    def _follow(self) -> None:
        """The chat is not here any more: it goes on as another shard has it, or the page comes to where it is."""
        runner, successor = self._runner, self._runner.successor
        if successor is None:
            self.close(ByeCode.MOVING if isinstance(runner, FarChat) else ByeCode.REPLACED)
            return
        runner.unwatch(self._awake.set)
        self._runner, self._version = successor, successor.version
        successor.watch(self._awake.set)

    async def _write_next(self) -> bool:
        """Writes what comes next; False when the page has everything."""
        runner = self._runner
        lines = await runner.after(self._after)
        if lines:
            await self._socket.write(Messages(messages=lines))
            self._after = lines[-1].number
        elif self._version != runner.version:
            status = runner.status()
            self._version = status.version
            await self._socket.write(StatusShown(status=status))
        elif self._replies:
            await self._socket.write(self._replies.popleft())
        else:
            return False
        return True

    # --- reading ------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        rate = Bucket(self._limits.requests_per_minute, self._limits.request_burst, self._now())
        try:
            while self._ending is None:
                message = await self._socket.ws.receive()
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                    return
                if message.type is not WSMsgType.TEXT:
                    self.close(ByeCode.PROTOCOL_ERROR, "only text messages are spoken here")
                elif not rate.take(self._now()) or len(self._replies) >= MAX_REPLIES:
                    self.close(ByeCode.TOO_FAST)
                else:
                    await self._take(message.data)
        except BaseException:
            self.close(ByeCode.INTERNAL)
            raise
        finally:
            self._awake.set()

    async def _take(self, data: str) -> None:
        try:
            message = decode_client(data)
        except BadMessageError as error:
            return self.close(ByeCode.PROTOCOL_ERROR, str(error))
        client_id = message.client_id if isinstance(message, Say) else None
        try:
            await self._handle(message)
        except ChatRefusedError as error:
            self._reply(Refused(code=error.code, message=str(error), client_id=client_id))
        except RoutingEndedError:
            self._reply(Refused(code="unavailable", message="this node of the server is ending", client_id=client_id))
        return None

    async def _handle(self, message: ClientMessage) -> None:
        conductor, runner = self._conductor, self._runner
        match message:
            case Say(client_id=client_id, text=text):
                await conductor.visiting.say(runner, client_id, text)
            case Typing(on=on):
                runner.tell(Typed(Side.CUSTOMER, on))
            case Receipt(delivered=delivered, read=read):
                runner.tell(Marked(Side.CUSTOMER, delivered, read))
            case End():
                conductor.visiting.end(runner)
            case Rate(score=score):
                await conductor.visiting.rate(runner, score)
            case Ping():
                self._reply(Pong(server_time_us=self._now(), peers=self._conductor.site.peers()))
            case Open() | Resume():
                self.close(ByeCode.PROTOCOL_ERROR, "the chat is open on this connection already")
            case _:
                assert_never(message)

    def _reply(self, message: ServerMessage) -> None:
        self._replies.append(message)
        self._awake.set()
