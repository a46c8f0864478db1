"""Chats that go on: supervisors read them live, whisper, barge in, and take over; each of it audited, as in calls."""

from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_body, read_number, reply
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


class TakeChatOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    comment: Comment = ""


class ChatMonitoring(Protocol):
    """Supervisors in chats (server.chat_monitoring). Each method returns after its effect and its audit entry."""

    def live(self, scope: Scope) -> tuple[LiveChat, ...]: ...

    def covers(self, scope: Scope, interaction_id: str) -> bool: ...

    async def read(
        self, caller: Caller, interaction_id: str, after: int, version: int | None, wait_s: float
    ) -> ChatView | Refused: ...

    async def listen(self, caller: Caller, interaction_id: str, mode: str, comment: str) -> Refused | None: ...

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None: ...

    async def say(self, caller: Caller, interaction_id: str, client_id: str, text: str) -> Refused | None: ...

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None: ...


class ChatsApi:
    """GET /chats, GET /chats/{id}, PUT and DELETE /chats/{id}/listener, POST .../messages and .../take-over."""

    def __init__(self, monitoring: ChatMonitoring, scopes: Scopes) -> None:
        self._monitoring = monitoring
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        listen, take = allowed(Action.LISTEN), allowed(Action.TAKE_OVER)
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
            Route(
                method="PUT",
                path=f"{path}/listener",
                handler=self.listen,
                operation="listenToChat",
                summary="Read along, whisper or barge in; again to change how",
                roles=listen,
                body=ListenToChat,
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="DELETE",
                path=f"{path}/listener",
                handler=self.stop,
                operation="stopListeningToChat",
                summary="Read no more",
                roles=listen,
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path=f"{path}/messages",
                handler=self.say,
                operation="sayInChatAsSupervisor",
                summary="Write to the agent (whisper) or to everybody (barge)",
                roles=listen,
                body=Said,
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path=f"{path}/take-over",
                handler=self.take_over,
                operation="takeOverChat",
                summary="Take the visitor over from the agent, who goes to wrap-up",
                roles=take,
                body=TakeChatOver,
                replies={204: None},
                problems=(404, 409),
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
        seen = await self._monitoring.read(request[CALLER], self._covered(request), after, version, wait)
        if isinstance(seen, Refused):
            raise _problem(seen)
        return reply(seen)

    async def listen(self, request: web.Request) -> web.Response:
        """204 when it holds."""
        asked = await read_body(request, ListenToChat)
        interaction_id = self._covered(request)
        return _done(await self._monitoring.listen(request[CALLER], interaction_id, asked.mode, asked.comment))

    async def stop(self, request: web.Request) -> web.Response:
        """204 when nobody is shown any more; 409 when nobody was."""
        return _done(await self._monitoring.stop(request[CALLER], self._covered(request)))

    async def say(self, request: web.Request) -> web.Response:
        """204 when it is kept and on its way."""
        said = await read_body(request, Said)
        return _done(await self._monitoring.say(request[CALLER], self._covered(request), said.client_id, said.text))

    async def take_over(self, request: web.Request) -> web.Response:
        """204 when the chat is the caller's."""
        asked = await read_body(request, TakeChatOver)
        return _done(await self._monitoring.take_over(request[CALLER], self._covered(request), asked.comment))

    def _covered(self, request: web.Request) -> str:
        interaction_id = request.match_info["id"]
        if not self._monitoring.covers(self._scopes.of(request[CALLER]), interaction_id):
            raise not_found()
        return interaction_id


def _done(refused: Refused | None) -> web.Response:
    if refused is None:
        return web.Response(status=204)
    raise _problem(refused)


def _problem(refused: Refused) -> ProblemError:
    return ProblemError(409, refused.code.replace("_", "-"), refused.message)
