"""Chats that go on: supervisors read them live, whisper, barge in, and take over; each of it audited, as in calls."""

from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.live_work import LiveWorkApi, TakeOver, Watching, conflict, done
from http_api.routes import Parameter, Route, order, read_body, read_number, reply
from http_api.supervision_api import Comment, Refused
from records.roles import Action, Scope, allowed
from records.sessions import Caller

MAX_WAIT_S = 25
_NUMBER = {"type": "integer", "minimum": 0}


class ChatListener(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor in a chat, and how."""

    agent: str
    name: str
    mode: str


class LiveChat(msgspec.Struct, frozen=True, kw_only=True):
    """An open chat: waiting, talking or parked. `agent` and `name` of who has it, `customer` by their own name."""

    interaction_id: str
    state: str
    queue: str
    customer: str
    agent: str | None
    name: str
    listeners: tuple[ChatListener, ...]


def in_reach(scope: Scope, chat: LiveChat) -> bool:
    """Whether it is a chat of one of the caller's agents, or one that waits in one of their queues."""
    if chat.agent is not None:
        return scope.covers_agent(Action.LISTEN, chat.agent)
    return scope.covers_queue(Action.LISTEN, chat.queue)


class LiveChatList(msgspec.Struct, frozen=True):
    """Oldest first."""

    chats: tuple[LiveChat, ...]


class ChatLine(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as the visitor has it."""

    number: int
    author: str
    name: str
    text: str
    at_us: int


class WhisperLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a supervisor said to the agent alone, behind the message with the number `after`."""

    after: int
    name: str
    text: str
    at_us: int


class ChatView(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now, the messages after the number that was asked for (100 at most), and all whispers.

    `typing`: the customer writes.
    """

    chat: LiveChat
    version: int
    typing: bool
    lines: tuple[ChatLine, ...]
    whispers: tuple[WhisperLine, ...]


class ListenToChat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How: read along (`listen`), and write to the agent alone (`whisper`) or to everybody (`barge`)."""

    mode: Literal["listen", "whisper", "barge"]
    comment: Comment = ""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the supervisor writes. `client_id` names this send: said again with the same one, it is one message."""

    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=8000)]


class ChatMonitoring(Watching, Protocol):
    """Supervisors in chats (server.chats.chat_monitoring). Each method returns after its effect and its audit entry."""

    def live(self, scope: Scope) -> tuple[LiveChat, ...]: ...

    async def read(
        self, caller: Caller, interaction_id: str, after: int, version: int | None, wait_s: float
    ) -> ChatView | Refused: ...

    async def listen(self, caller: Caller, interaction_id: str, mode: str, comment: str) -> Refused | None: ...

    async def say(self, caller: Caller, interaction_id: str, client_id: str, text: str) -> Refused | None: ...


class ChatsApi(LiveWorkApi[ChatMonitoring]):
    """GET /chats, GET /chats/{id}, PUT and DELETE /chats/{id}/listener, POST .../messages and .../take-over."""

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        listen = allowed(Action.LISTEN)
        path = "/api/v1/chats/{id}"
        return (
            Route(
                method="GET",
                path="/api/v1/chats",
                handler=self.live,
                operation="listChats",
                summary="Open chats of the caller's teams",
                roles=listen,
                replies={200: LiveChatList},
            ),
            Route(
                method="GET",
                path=path,
                handler=self.read,
                operation="readChatLive",
                summary="Read along, while one listens: what is new, held back until there is something",
                roles=listen,
                query=(
                    Parameter("after", "The last number that the page has", {**_NUMBER, "default": 0}),
                    Parameter("version", "Wait while this one holds", _NUMBER),
                    Parameter("wait", "Seconds to wait for something new", {**_NUMBER, "default": 0}),
                ),
                replies={200: ChatView},
                problems=(400, 404, 409),
            ),
            order(
                "PUT",
                f"{path}/listener",
                self.listen,
                "listenToChat",
                "Read along, whisper or barge in; again to change how",
                Action.LISTEN,
                ListenToChat,
            ),
            order("DELETE", f"{path}/listener", self.stop, "stopListeningToChat", "Read no more", Action.LISTEN),
            order(
                "POST",
                f"{path}/messages",
                self.say,
                "sayInChatAsSupervisor",
                "Write to the agent (whisper) or to everybody (barge)",
                Action.LISTEN,
                Said,
            ),
            order(
                "POST",
                f"{path}/take-over",
                self.take_over,
                "takeOverChat",
                "Take the visitor over from the agent, who goes to wrap-up",
                Action.TAKE_OVER,
                TakeOver,
            ),
        )

    async def live(self, request: web.Request) -> web.Response:
        """Who listens is among it."""
        return reply(LiveChatList(self._monitoring.live(self._scopes.of(request[CALLER]))))

    async def read(self, request: web.Request) -> web.Response:
        """409 `not-listening` for one who has not said that they listen."""
        after = read_number(request, "after", 0, 0, 2**31)
        wait = read_number(request, "wait", 0, 0, MAX_WAIT_S)
        version = read_number(request, "version", 0, 0, 2**31) if "version" in request.query else None
        seen = await self._monitoring.read(request[CALLER], self.covered(request), after, version, wait)
        if isinstance(seen, Refused):
            raise conflict(seen)
        return reply(seen)

    async def listen(self, request: web.Request) -> web.Response:
        """204 when it holds."""
        asked = await read_body(request, ListenToChat)
        interaction_id = self.covered(request)
        return done(await self._monitoring.listen(request[CALLER], interaction_id, asked.mode, asked.comment))

    async def say(self, request: web.Request) -> web.Response:
        """204 when it is kept and on its way."""
        said = await read_body(request, Said)
        return done(await self._monitoring.say(request[CALLER], self.covered(request), said.client_id, said.text))
