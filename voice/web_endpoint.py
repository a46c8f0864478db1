"""The WebSocket endpoint of web callers: origin, limits, the first message, one call a socket, orderly end."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from voice.web_calls import WebCaller, WebCalls
from voice.web_limits import AddressLimits, Bucket, WebCallLimits
from voice.web_messages import (
    MAX_MESSAGE_BYTES,
    BadMessageError,
    ClientMessage,
    HangUp,
    Ping,
    Pong,
    PressDigit,
    Resume,
    ServerMessage,
    Start,
    decode_client,
    encode,
)

PATH: Final = "/call/v1/ws"
PROTOCOL_ERROR: Final = 4002
TOO_FAST: Final = 4005

log = structlog.get_logger(__name__)


class BrowserSocket:
    """Implements web_calls.Socket: a bounded queue that one writer empties. A browser that does not read is cut off."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, limits: WebCallLimits) -> None:
        self.ws = ws
        self._request = request
        self._limits = limits
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(limits.queued_messages)

    def send(self, message: ServerMessage) -> None:
        self._put(encode(message))

    def close(self) -> None:
        self._put(None)

    def _put(self, text: str | None) -> None:
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self._cut()

    async def write(self) -> None:
        """Until `close`, or the browser does not take what it is sent."""
        try:
            while (text := await self._queue.get()) is not None:
                async with asyncio.timeout(self._limits.write_timeout_s):
                    await self.ws.send_str(text)
            await self.ws.close()
        except (TimeoutError, ConnectionError) as error:
            log.info("web_caller_not_reading", error=repr(error))
            self._cut()

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


class WebCallEndpoint:
    """`handle` is the aiohttp handler. `now` is microseconds of any steady clock."""

    def __init__(
        self,
        calls: WebCalls,
        *,
        now: Callable[[], int],
        origin_allowed: Callable[[web.Request], bool],
        limits: WebCallLimits,
        address_of: Callable[[web.Request], str] = lambda request: request.remote or "",
    ) -> None:
        self._address_of = address_of
        self._calls = calls
        self._now = now
        self._origin_allowed = origin_allowed
        self._limits = limits
        self._addresses = AddressLimits(limits)
        self._sockets: set[BrowserSocket] = set()
        self._stopping = False
        self.refused: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """403 for a foreign origin, 429 beyond an address's limits, 503 while stopping; else the call."""
        if self._stopping:
            raise web.HTTPServiceUnavailable(text="the server is stopping\n")
        if not self._origin_allowed(request):
            self.refused["origin"] += 1
            log.warning("web_caller_origin_refused", origin=request.headers.get("Origin"))
            raise web.HTTPForbidden(text="this origin may not call\n")
        address = self._address_of(request)
        if not self._addresses.enter(address, self._now()):
            self.refused["address_limit"] += 1
            raise web.HTTPTooManyRequests(text="too many calls from this address\n")
        try:
            return await self._upgrade(request)
        finally:
            self._addresses.leave(address)

    async def aclose(self) -> None:
        """No new sockets; those that are left are closed (their calls have been ended before)."""
        self._stopping = True
        # Together: one whose browser is gone without a word is waited for.
        await asyncio.gather(*(socket.ws.close(code=1001, message=b"shutting down") for socket in self._sockets))

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        limits = self._limits
        ws = web.WebSocketResponse(
            timeout=2.0, heartbeat=limits.heartbeat_s, max_msg_size=MAX_MESSAGE_BYTES, compress=False
        )
        await ws.prepare(request)
        socket = BrowserSocket(ws, request, limits)
        self._sockets.add(socket)
        writer = asyncio.get_running_loop().create_task(socket.write(), name="web-caller-writer")
        try:
            await self._serve(socket)
        finally:
            self._sockets.discard(socket)
            socket.close()
            await asyncio.wait([writer], timeout=limits.write_timeout_s)
            writer.cancel()
        return ws

    async def _serve(self, socket: BrowserSocket) -> None:
        caller = await self._begin(socket)
        if caller is None:
            return
        try:
            await self._listen(socket, caller)
        finally:
            self._calls.detached(caller, socket)

    async def _begin(self, socket: BrowserSocket) -> WebCaller | None:
        try:
            async with asyncio.timeout(self._limits.first_message_s):
                message = await self._receive(socket)
        except TimeoutError:
            await socket.ws.close(code=PROTOCOL_ERROR, message=b"nothing said")
            return None
        match message:
            case Start():
                return self._calls.start(message, socket)
            case Resume(token, sdp):
                return await self._calls.resume(token, sdp, socket)
            case None:
                return None
            case _:
                await socket.ws.close(code=PROTOCOL_ERROR, message=b"start or resume comes first")
                return None

    async def _listen(self, socket: BrowserSocket, caller: WebCaller) -> None:
        limits = self._limits
        pace = Bucket(limits.messages_per_second, 1_000_000, limits.burst, self._now())
        while (message := await self._receive(socket)) is not None:
            if not pace.take(self._now()):
                await socket.ws.close(code=TOO_FAST, message=b"too many messages")
                return
            match message:
                case Ping():
                    socket.send(Pong())
                    caller.refresh()
                case PressDigit(digit):
                    self._calls.press(caller, digit)
                case HangUp():
                    self._calls.hang_up(caller)
                case Start() | Resume():
                    await socket.ws.close(code=PROTOCOL_ERROR, message=b"this socket has its call")
                    return

    async def _receive(self, socket: BrowserSocket) -> ClientMessage | None:
        """The next message; None when the connection is over, or was ended for what it said."""
        raw = await socket.ws.receive()
        if raw.type is not WSMsgType.TEXT:
            if raw.type is WSMsgType.BINARY:
                await socket.ws.close(code=PROTOCOL_ERROR, message=b"text only")
            return None
        try:
            return decode_client(raw.data)
        except BadMessageError as error:
            self.refused["bad_message"] += 1
            log.info("web_caller_message_bad", error=str(error))
            await socket.ws.close(code=PROTOCOL_ERROR, message=b"not part of the protocol")
            return None
