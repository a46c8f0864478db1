"""Visitors' way in: a WebSocket, and the same over plain requests for networks that let none through."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web

from chat.conductor import ChatConductor
from chat.connection import VisitorConnection, VisitorSocket
from chat.events import Marked, Side, Typed
from chat.file_rest import VisitorFiles
from chat.files import FileDesk
from chat.guard import CHAT, Guard
from chat.limits import Buckets, ChatLimits
from chat.lines import line_of
from chat.messages import (
    SUBPROTOCOL,
    BadMessageError,
    ByeCode,
    ChatPage,
    EntryState,
    LeaveMessage,
    Line,
    Open,
    OpenedChat,
    Opening,
    Rate,
    Receipt,
    Refused,
    Resume,
    Say,
    Typing,
    Welcome,
    decode_client,
)
from chat.origins import Origins
from chat.ports import ChatRefusedError
from chat.rest import ChatRoute, Handler, body, number, reply
from chat.visiting import VisitorChat
from router.errors import RoutingEndedError

PATH: Final = "/chat/v1/ws"
CHATS: Final = "/chat/v1/chats"
ENTRY: Final = "/chat/v1/entries/{name}"
LEFT: Final = "/chat/v1/left-messages"
OPENING: Final = (404, 409, 429, 503)
SENDING: Final = (401, 404, 409, 413, 415, 429)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}

log = structlog.get_logger(__name__)


class ChatEndpoint:
    """`now` is the shard's clock in microseconds."""

    def __init__(
        self,
        conductor: ChatConductor,
        files: FileDesk,
        now: Callable[[], int],
        address_of: Callable[[web.Request], str] = lambda request: request.remote or "",
    ) -> None:
        self._files, self._conductor = files, conductor
        self._address_of, self._now = address_of, now
        self.origins = Origins(lambda: conductor.site)
        requests = Buckets(self._limits.requests_per_minute, self._limits.request_burst)
        self._guard = Guard(self.origins, requests, address_of, now, conductor.looked_at)
        self._sockets: dict[VisitorSocket, asyncio.Event] = {}
        self._connections: defaultdict[str, list[VisitorConnection]] = defaultdict(list)
        self._polls: set[asyncio.Event] = set()
        self.endings: Counter[str] = Counter()

    def _more(self) -> dict[str, Any]:
        return {"files": self._files.limits, "peers": self._conductor.site.peers()}

    @property
    def _limits(self) -> ChatLimits:
        return self._conductor.site.limits

    def follow(self) -> None:
        """The conductor's site was read again."""
        self._guard.requests.reshape(self._limits.requests_per_minute, self._limits.request_burst)

    @property
    def counts(self) -> Mapping[str, int]:
        """What is open, for metrics and the leak test."""
        return {"visitor_sockets": len(self._sockets), "visitor_polls": len(self._polls)}

    def routes(self) -> tuple[ChatRoute, ...]:
        """Its rows of the route table."""
        one = f"{CHATS}/{{id}}"
        posts = (
            ("messages", self._say, "sayInChat", "Say something", Say, {201: Line}, (409,)),
            ("typing", self._typing, "typeInChat", "The visitor types, or has stopped", Typing, {204: None}, ()),
            ("receipt", self._receipt, "markChat", "What has arrived and what was read", Receipt, {204: None}, ()),
            ("end", self._end, "endChat", "End the chat", None, {204: None}, ()),
            ("rating", self._rate, "rateChat", "Rate the chat that is over, 1-5", Rate, {204: None}, (409,)),
        )
        routes = [
            self._route(
                "GET", PATH, self.handle, "connectVisitor", "Visitors' WebSocket (docs/chat.md)", None, {101: None}
            ),
            self._route("POST", CHATS, self._open, "openChat", "Open a chat", Open, {201: OpenedChat}, OPENING),
            self._route("GET", ENTRY, self._state, "getChatEntry", "Open now?", None, {200: EntryState}, (404,)),
            self._route(
                "POST", LEFT, self._leave, "leaveMessage", "Leave a message", LeaveMessage, {204: None}, OPENING
            ),
            self._route(
                "GET", f"{one}/messages", self._read, "readChat", "Status and new messages", None, {200: ChatPage}
            ),
        ]
        routes += [
            self._route("POST", f"{one}/{tail}", handler, operation, summary, body, replies, (401, 404, 429, *own))
            for tail, handler, operation, summary, body, replies, own in posts
        ]
        files = VisitorFiles(self._files, self._own)
        about = "A picture or file: the body, with `client_id` and `name` in the query"
        routes += [
            self._route("POST", f"{one}/files", files.send, "sendFileInChat", about, None, {201: Line}, SENDING),
            self._route(
                "GET", f"{one}/files/{{file}}", files.have, "getFileOfChat", "A file", None, {200: bytes}, (401, 404)
            ),
        ]
        asked = (
            (CHATS, "askOpenChat"),
            (f"{one}/{{what}}", "askChat"),
            (f"{one}/files/{{file}}", "askFileOfChat"),
            (LEFT, "askLeaveMessage"),
        )
        for path, operation in asked:
            preflight = self._route("OPTIONS", path, self._preflight, operation, "CORS preflight", None, {204: None})
            routes.append(preflight)
        return tuple(routes)

    def send_away(self) -> None:
        """Who is here connects again, to another node, and brings the chat along."""
        for connections in self._connections.values():
            for connection in connections:
                connection.close(ByeCode.SHUTDOWN)

    async def aclose(self) -> None:
        """Say bye to everybody and wait until all connections are gone. Chats stay open."""
        self._guard.stopping = True
        for poll in self._polls:
            poll.set()
        self.send_away()
        greeted = {id(c) for connections in self._connections.values() for c in connections}
        if len(greeted) < len(self._sockets):
            await asyncio.gather(*(socket.end(ByeCode.SHUTDOWN) for socket in list(self._sockets)))
        await asyncio.gather(*(gone.wait() for gone in list(self._sockets.values())))

    # --- the WebSocket ------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """403 for a foreign origin, 400 for another subprotocol, 503 while stopping; else the conversation."""
        if self._guard.stopping:
            raise web.HTTPServiceUnavailable(text="the server is stopping\n")
        if not self.origins.may_connect(request):
            raise web.HTTPForbidden(text="this origin may not embed the chat\n")
        offered = request.headers.get("Sec-WebSocket-Protocol")
        if offered is not None and SUBPROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPBadRequest(text=f"the only subprotocol is {SUBPROTOCOL}\n")
        ws = web.WebSocketResponse(
            timeout=self._limits.close_timeout_s,
            heartbeat=self._limits.heartbeat_s,
            protocols=(SUBPROTOCOL,),
            max_msg_size=self._limits.frame_bytes,
            compress=False,
            writer_limit=self._limits.frame_bytes,
        )
        await ws.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=self._limits.frame_bytes)
        socket = VisitorSocket(ws, request, self._limits)
        gone = self._sockets[socket] = asyncio.Event()
        try:
            await self._serve(socket, request)
        except ConnectionError as error:
            log.debug("visitor_connection_broken", error=repr(error))
        except Exception as error:
            log.error("visitor_connection_failed", exc_info=error)
            await socket.end(ByeCode.INTERNAL)
        finally:
            del self._sockets[socket]
            gone.set()
        return ws

    async def _serve(self, socket: VisitorSocket, request: web.Request) -> None:
        opening = await self._opening(socket)
        if isinstance(opening, ByeCode):
            self.endings[opening] += 1
            return await socket.end(opening)
        if opening is None:
            return None
        try:
            runner, token = await self._enter(opening, request)
        except RoutingEndedError:
            self.endings[ByeCode.SHUTDOWN] += 1
            return await socket.end(ByeCode.SHUTDOWN)
        except ChatRefusedError as error:
            self.endings[error.code] += 1
            if isinstance(opening, Resume) and error.code == "unavailable":
                return await socket.end(ByeCode.MOVING)
            await socket.write(Refused(code=error.code, message=str(error)))
            code = ByeCode.UNKNOWN_CHAT if error.code == "unknown_chat" else ByeCode.REFUSED
            return await socket.end(code, str(error))
        status, after = runner.status(), opening.after if isinstance(opening, Resume) else 0
        connection = VisitorConnection(
            socket, self._conductor, runner, after=after, version=status.version, now=self._now, limits=self._limits
        )
        self._register(runner, connection)
        try:
            await socket.write(Welcome(status=status, server_time_us=self._now(), token=token, **self._more()))
            await connection.run()
        except (TimeoutError, ConnectionError) as error:
            log.info("visitor_lost", error=repr(error))
        finally:
            self._unregister(runner, connection)
            self.endings[connection.ending or "left"] += 1
        return None

    def _register(self, runner: VisitorChat, connection: VisitorConnection) -> None:
        there = self._connections[runner.chat_id]
        there.append(connection)
        if len(there) > self._limits.connections_per_chat:
            there[0].close(ByeCode.REPLACED)
        if self._guard.stopping:
            connection.close(ByeCode.SHUTDOWN)

    def _unregister(self, runner: VisitorChat, connection: VisitorConnection) -> None:
        there = self._connections[runner.chat_id]
        there.remove(connection)
        if not there:
            del self._connections[runner.chat_id]
        self._conductor.looked_at(connection.chat)

    async def _opening(self, socket: VisitorSocket) -> Opening | ByeCode | None:
        try:
            message = await socket.ws.receive(timeout=self._limits.hello_timeout_s)
        except TimeoutError:
            return ByeCode.HELLO_TIMEOUT
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return None
        if message.type is not WSMsgType.TEXT:
            return ByeCode.PROTOCOL_ERROR
        try:
            opening = decode_client(message.data)
        except BadMessageError as error:
            log.info("visitor_opening_bad", error=str(error))
            return ByeCode.PROTOCOL_ERROR
        return opening if isinstance(opening, Open | Resume) else ByeCode.PROTOCOL_ERROR

    async def _enter(self, opening: Opening, request: web.Request) -> tuple[VisitorChat, str | None]:
        if isinstance(opening, Open):
            self.origins.check(request, opening.entry)
            return await self._conductor.open(opening, self._address_of(request))
        return await self._chat(opening.token), None

    async def _chat(self, token: str) -> VisitorChat:
        runner = await self._conductor.find(token)
        if runner is None:
            raise ChatRefusedError("unknown_chat", "there is no chat of this token")
        return runner

    # --- plain requests -----------------------------------------------------------------------------------------

    async def _open(self, request: web.Request) -> web.Response:
        opening = await body(request, Open)
        self.origins.check(request, opening.entry)
        runner, token = await self._conductor.open(opening, self._address_of(request))
        request[CHAT] = runner
        messages = await runner.after(0)
        return reply(OpenedChat(token=token, status=runner.status(), messages=messages, **self._more()), 201)

    async def _state(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.origins.check(request, name)
        return reply(self._conductor.reception.state(name))

    async def _leave(self, request: web.Request) -> web.Response:
        left = await body(request, LeaveMessage)
        self.origins.check(request, left.entry)
        await self._conductor.reception.leave(left, self._address_of(request))
        return web.Response(status=204)

    async def _read(self, request: web.Request) -> web.Response:
        """`wait` seconds for a message after `after`, or, with `version`, for another status than that one."""
        runner = await self._own(request)
        after = number(request, "after", 0, 2**31 - 1)
        version = number(request, "version", 0, 2**53)
        wait_s = min(number(request, "wait", 0, 3600), self._limits.poll_s)
        poll = asyncio.Event()
        self._polls.add(poll)
        runner.watch(poll.set)
        try:
            async with asyncio.timeout(wait_s):
                while (
                    runner.last <= after
                    and version in (0, runner.version)
                    and not (runner.moved or self._guard.stopping)
                ):
                    poll.clear()
                    await poll.wait()
        except TimeoutError:
            pass  # Nothing new is an answer too.
        finally:
            self._polls.discard(poll)
            runner.unwatch(poll.set)
        messages = await runner.after(after)
        return reply(ChatPage(status=runner.status(), messages=messages, **self._more()))

    async def _say(self, request: web.Request) -> web.Response:
        said = await body(request, Say)
        runner = await self._own(request)
        message = await self._conductor.visiting.say(runner, said.client_id, said.text)
        return reply(line_of(message), 201)

    async def _typing(self, request: web.Request) -> web.Response:
        typing = await body(request, Typing)
        (await self._own(request)).tell(Typed(Side.CUSTOMER, typing.on))
        return web.Response(status=204)

    async def _receipt(self, request: web.Request) -> web.Response:
        receipt = await body(request, Receipt)
        (await self._own(request)).tell(Marked(Side.CUSTOMER, receipt.delivered, receipt.read))
        return web.Response(status=204)

    async def _end(self, request: web.Request) -> web.Response:
        self._conductor.visiting.end(await self._own(request))
        return web.Response(status=204)

    async def _rate(self, request: web.Request) -> web.Response:
        rate = await body(request, Rate)
        await self._conductor.visiting.rate(await self._own(request), rate.score)
        return web.Response(status=204)

    async def _preflight(self, _request: web.Request) -> web.Response:
        return web.Response(status=204, headers=_PREFLIGHT)

    async def _own(self, request: web.Request) -> VisitorChat:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ChatRefusedError("no_token", "the token of the chat is needed")
        runner = request[CHAT] = await self._chat(token.strip())
        if runner.chat_id != request.match_info["id"]:
            raise ChatRefusedError("unknown_chat", "there is no such chat of this token")
        return runner

    # --- rows of the table ----------------------------------------------------------------------------------------

    def _route(
        self,
        method: str,
        path: str,
        handler: Handler,
        operation: str,
        summary: str,
        body: Any,
        replies: Mapping[int, Any],
        problems: tuple[int, ...] = (),
    ) -> ChatRoute:
        guarded = handler if path == PATH else self._guard.around(handler)
        return ChatRoute(
            method=method,
            path=path,
            handler=guarded,
            operation=operation,
            summary=summary,
            body=body,
            replies=replies,
            problems=(400, 403, *problems),
        )
