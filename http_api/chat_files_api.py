"""Files of chats, the agents' side: sent in a chat of one's own, read where the interaction may be seen."""

from typing import Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.interactions_api import ChatFilePart, may_see
from http_api.ports import InteractionQueries, Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, reply
from records.roles import Action, allowed

NAMING = (
    Parameter("reservation_id", "By which the chat is the agent's"),
    Parameter("client_id", "Names this send: sent again with the same one, it is still one message"),
    Parameter("name", "What the file is called"),
)


class SentFile(msgspec.Struct, frozen=True, kw_only=True):
    """The message that the file has become."""

    number: int
    at: int
    file: ChatFilePart


class FileLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent: media types (none: no files are taken), bytes of one file, and files of a chat."""

    types: tuple[str, ...]
    max_bytes: int
    per_chat: int


class ChatFiles(Protocol):
    """Who keeps them (server.chats.chat_files). What is refused is a ProblemError."""

    def limits(self) -> FileLimits:
        """What may be sent now."""
        ...

    def serves(self, agent_id: str, interaction_id: str) -> bool:
        """Whether the chat is that agent's at this moment."""
        ...

    async def send(self, agent_id: str, interaction_id: str, request: web.Request) -> SentFile:
        """Takes the body as a file of the chat."""
        ...

    async def fetch(self, interaction_id: str, file_id: str) -> web.StreamResponse:
        """The file, to be saved; for a caller who may see the interaction."""
        ...


class ChatFilesApi:
    """POST /interactions/{id}/files, GET /interactions/{id}/files/{file}, GET /chat-files/limits."""

    def __init__(self, files: ChatFiles, interactions: InteractionQueries, scopes: Scopes) -> None:
        self._files = files
        self._interactions = interactions
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/interactions/{id}/files",
                handler=self.send,
                operation="sendChatFile",
                summary="Send a picture or file in a chat of one's own; the body is the file itself",
                roles=allowed(Action.TAKE_WORK),
                replies={201: SentFile},
                query=NAMING,
                problems=(400, 404, 409, 413, 415, 429, 503),
            ),
            Route(
                method="GET",
                path="/api/v1/interactions/{id}/files/{file}",
                handler=self.fetch,
                operation="getChatFile",
                summary="A picture or file of a chat, to be saved",
                roles=allowed(Action.SEE_INTERACTIONS),
                replies={200: None},
                media_type="application/octet-stream",
                problems=(404, 503),
            ),
            Route(
                method="GET",
                path="/api/v1/chat-files/limits",
                handler=self.limits,
                operation="getChatFileLimits",
                summary="Which files may be sent in chats",
                roles=allowed(Action.TAKE_WORK),
                replies={200: FileLimits},
            ),
        )

    async def limits(self, _request: web.Request) -> web.Response:
        """What holds now."""
        return reply(self._files.limits())

    async def send(self, request: web.Request) -> web.Response:
        """201 with the message."""
        agent_id = request[CALLER].agent_id
        if agent_id is None:
            raise ProblemError(403, "forbidden", "Only who has chats can send files in them.")
        return reply(await self._files.send(agent_id, request.match_info["id"], request), 201)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """404 also for a file of an interaction that is out of the caller's reach."""
        interaction_id = request.match_info["id"]
        if not await self._may_see(request, interaction_id):
            raise not_found()
        return await self._files.fetch(interaction_id, request.match_info["file"])

    async def _may_see(self, request: web.Request, interaction_id: str) -> bool:
        caller = request[CALLER]
        # The record may be a moment behind the chat.
        if caller.agent_id is not None and self._files.serves(caller.agent_id, interaction_id):
            return True
        view = await self._interactions.view(interaction_id)
        return view is not None and await may_see(self._interactions, self._scopes.of(caller), view.record)
