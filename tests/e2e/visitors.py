"""Scripted visitors: a page that remembers what it has, and comes back for the rest."""

import asyncio
import itertools
import secrets
from typing import Any, Self

import aiohttp

from chat import messages as c
from chat.endpoint import CHATS, PATH
from tests.e2e.server import Server


class Visitor:
    """`async with Visitor(server)`, then `open`. `lines` is what the page shows, in the order in which it came."""

    def __init__(self, server: Server, name: str = "Visitor", locale: str = "en") -> None:
        self.name = name
        self.locale = locale
        self.key = secrets.token_urlsafe(24)
        self.token = ""
        self.chat_id = ""
        self.lines: list[c.Line] = []
        self.status: c.Status | None = None
        self.refused: list[c.Refused] = []
        self.bye: c.Bye | None = None
        self._server = server
        self._sends = itertools.count(1)
        self._changed = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()
        await self._http.close()

    @property
    def texts(self) -> list[str]:
        """What was said, in order."""
        return [line.text for line in self.lines]

    def at(self, server: Server) -> Self:
        """The next connection is to this node."""
        self._server = server
        return self

    async def open(self, question: str = "Where is my parcel?", **more: Any) -> Self:
        """Opens the chat (or comes back to it, with the same key)."""
        self.lines = []
        fields = {"entry": "web", "name": self.name, "locale": self.locale, **more}
        await self._connect(c.Open(key=self.key, question=question, **fields))
        return self

    async def resume(self) -> Self:
        """Comes back with the token and the last number that the page has."""
        await self._connect(c.Resume(token=self.token, after=self.lines[-1].number if self.lines else 0))
        return self

    async def move(self, server: Server) -> Self:
        """Comes back at another node, and again as long as the chat is not there."""
        self._server, seen = server, self.status
        async with asyncio.timeout(30):
            while self.status is seen:
                await self.cut()
                await self.resume()
                await self.until(lambda page: page.bye is not None or page.status is not seen)
        return self

    async def cut(self) -> None:
        """The network is gone: no close frame, nothing."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None
            transport = self._ws._response.connection and self._ws._response.connection.transport
            if transport is not None:
                transport.abort()
            await self._ws.close()

    async def say(self, text: str, client_id: str = "") -> str:
        """Says something; returns the id of the send."""
        client_id = client_id or f"s{next(self._sends)}"
        await self.send(c.Say(client_id=client_id, text=text))
        return client_id

    async def send(self, message: c.ClientMessage) -> None:
        """Any message of the protocol."""
        await self._ws.send_str(c.encode(message).decode())

    async def until(self, what: Any, timeout_s: float = 30) -> None:
        """Waits until `what(self)` is true."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: what(self))
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s} s: {self.status} {self.texts} {self.bye}") from None

    async def until_state(self, state: str, timeout_s: float = 10.0) -> c.Status:
        """Waits for waiting, talking or ended."""
        await self.until(lambda visitor: visitor.status and visitor.status.state == state, timeout_s)
        assert self.status is not None
        return self.status

    async def until_said(self, text: str, timeout_s: float = 30) -> None:
        """Waits until this was said."""
        await self.until(lambda visitor: text in visitor.texts, timeout_s)

    async def _connect(self, opening: c.Open | c.Resume) -> None:
        self.bye = None
        self._ws = await self._http.ws_connect(f"{self._server.base}{PATH}", protocols=[c.SUBPROTOCOL])
        welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Before anything is sent: `cut` closes the connection of a reader.
        self._reader = asyncio.create_task(self._read(welcomed), name=f"visitor:{self.name}")
        await self.send(opening)
        async with asyncio.timeout(30):
            await welcomed

    async def _read(self, welcomed: asyncio.Future[None]) -> None:
        async for raw in self._ws:
            message = c.decode_server(raw.data)
            async with self._changed:
                self._take(message)
                self._changed.notify_all()
            if not welcomed.done():
                welcomed.set_result(None)

    def _take(self, message: c.ServerMessage) -> None:
        match message:
            case c.Welcome(status=status, token=token):
                self.status, self.chat_id, self.token = status, status.chat_id, token or self.token
            case c.StatusShown(status=status):
                self.status = status
            case c.Messages(messages=messages):
                last = self.lines[-1].number if self.lines else 0
                numbers = [line.number for line in messages]
                assert numbers == list(range(last + 1, last + 1 + len(numbers))), f"a gap or a double: {last} {numbers}"
                self.lines += messages
            case c.Refused():
                self.refused.append(message)
            case c.Bye():
                self.bye = message
            case c.Pong():
                pass

    async def rest(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """One plain request of the same chat: status and JSON body."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self._server.base}{CHATS}{path}"
        async with self._http.request(method, url, json=body, params=query, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None
