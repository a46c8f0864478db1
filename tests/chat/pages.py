"""A visitor's page over a real socket."""

from collections.abc import Callable
from typing import Any

import aiohttp

from chat import messages as c

KEY = "k" * 22


class Page:
    """A visitor's page over a real socket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.token = ""
        self.status: c.Status | None = None
        self.seen: list[c.Line] = []

    async def say(self, message: c.ClientMessage) -> None:
        await self.ws.send_str(c.encode(message).decode())

    async def speak(self, client_id: str, text: str) -> None:
        await self.say(c.Say(client_id=client_id, text=text))

    async def hear(self) -> c.ServerMessage:
        raw = await self.ws.receive(timeout=30)
        assert raw.type is aiohttp.WSMsgType.TEXT, (raw, self.ws.close_code)
        message = c.decode_server(raw.data)
        if isinstance(message, c.Welcome | c.StatusShown):
            self.status = message.status
        elif isinstance(message, c.Messages):
            self.seen += message.messages
        return message

    async def until(self, kind: type[Any], fits: Callable[[Any], Any] = lambda _message: True) -> Any:
        while True:
            message = await self.hear()
            if isinstance(message, kind) and fits(message):
                return message

    async def open(self, question: str = "hello", key: str = KEY, **more: Any) -> c.Welcome:
        await self.say(c.Open(**{"entry": "web", "key": key, "question": question, "name": "Visitor", **more}))
        welcome: c.Welcome = await self.until(c.Welcome)
        self.token = welcome.token or ""
        return welcome

    async def lines(self, count: int) -> list[c.Line]:
        """Everything that was said, once it is so much."""
        while len(self.seen) < count:
            await self.hear()
        return self.seen

    async def state(self, state: str) -> c.Status:
        if self.status is None or self.status.state != state:
            await self.until(c.StatusShown, lambda shown: shown.status.state == state)
        assert self.status is not None
        return self.status
