"""Calls that go on: supervisors see who is in them, listen, whisper, barge in, and take over; each of it audited."""

from typing import Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, read_body, reply
from http_api.supervision_api import Comment, Name, Refused
from records.roles import Action, Scope, allowed
from records.sessions import Caller


class LiveParty(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a call, as the agents' WebSocket shows them (docs/agents-ws.md)."""

    id: str
    kind: str
    state: str
    agent: str | None = None
    name: str = ""
    queue: str | None = None
    muted: bool = False
    mode: str | None = None
    beside: str | None = None


class LiveCall(msgspec.Struct, frozen=True):
    """A call that somebody speaks in."""

    interaction_id: str
    parties: tuple[LiveParty, ...]


class LiveCallList(msgspec.Struct, frozen=True):
    """Oldest first."""

    calls: tuple[LiveCall, ...]


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How: heard by nobody (`listen`), by one agent (`whisper`) or by all (`barge`).

    `agent_id` names the agent whom a whisper reaches; without it, the first one in the call.
    """

    mode: Literal["listen", "whisper", "barge"]
    agent_id: Name | None = None
    comment: Comment = ""


class TakeOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    comment: Comment = ""


class Monitoring(Protocol):
    """Supervisors in calls (server.monitoring). Each method returns after its effect and its audit entry."""

    def live(self, scope: Scope) -> tuple[LiveCall, ...]: ...

    def covers(self, scope: Scope, interaction_id: str) -> bool: ...

    async def listen(
        self, caller: Caller, interaction_id: str, mode: str, beside: str | None, comment: str
    ) -> Refused | None: ...

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None: ...

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None: ...


class CallsApi:
    """GET /calls, PUT and DELETE /calls/{id}/listener, POST /calls/{id}/take-over."""

    def __init__(self, monitoring: Monitoring, scopes: Scopes) -> None:
        self._monitoring = monitoring
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/calls",
                handler=self.live,
                operation="listCalls",
                summary="Calls that somebody of the caller's teams speaks in",
                roles=allowed(Action.LISTEN),
                replies={200: LiveCallList},
            ),
            Route(
                method="PUT",
                path="/api/v1/calls/{id}/listener",
                handler=self.listen,
                operation="listenToCall",
                summary="Listen, whisper or barge in, with the leg of the own agent page; again to change how",
                roles=allowed(Action.LISTEN),
                body=Listen,
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="DELETE",
                path="/api/v1/calls/{id}/listener",
                handler=self.stop,
                operation="stopListening",
                summary="Listen no more",
                roles=allowed(Action.LISTEN),
                replies={204: None},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path="/api/v1/calls/{id}/take-over",
                handler=self.take_over,
                operation="takeOverCall",
                summary="Take the customer over from the agents, who go to wrap-up",
                roles=allowed(Action.TAKE_OVER),
                body=TakeOver,
                replies={204: None},
                problems=(404, 409),
            ),
        )

    async def live(self, request: web.Request) -> web.Response:
        """Supervisors see all who listen."""
        return reply(LiveCallList(self._monitoring.live(self._scopes.of(request[CALLER]))))

    async def listen(self, request: web.Request) -> web.Response:
        """204 when it holds; 409 without a leg on the agent page, or in a call of one's own."""
        asked, caller = await read_body(request, Listen), request[CALLER]
        interaction_id = self._covered(request)
        return _done(await self._monitoring.listen(caller, interaction_id, asked.mode, asked.agent_id, asked.comment))

    async def stop(self, request: web.Request) -> web.Response:
        """204 when nothing is heard any more; 409 when nothing was."""
        return _done(await self._monitoring.stop(request[CALLER], self._covered(request)))

    async def take_over(self, request: web.Request) -> web.Response:
        """204 when the work is queued for the caller, who is joined at once."""
        asked = await read_body(request, TakeOver)
        return _done(await self._monitoring.take_over(request[CALLER], self._covered(request), asked.comment))

    def _covered(self, request: web.Request) -> str:
        interaction_id = request.match_info["id"]
        if not self._monitoring.covers(self._scopes.of(request[CALLER]), interaction_id):
            raise not_found()
        return interaction_id


def _done(refused: Refused | None) -> web.Response:
    if refused is None:
        return web.Response(status=204)
    raise ProblemError(409, refused.code.replace("_", "-"), refused.message)
