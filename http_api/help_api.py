"""Agents who ask their supervisors for help: who, with what, since when; somebody looks after it, and it is done."""

from typing import Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import not_found
from http_api.routes import Route, reply
from records.roles import Action, Scope, allowed
from records.sessions import Caller


class HelpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An agent asks for help with this work; `seen_by` is the supervisor who looks after it ("": nobody yet)."""

    reservation_id: str
    interaction_id: str
    agent: str
    name: str
    medium: str
    since_us: int
    seen_by: str


class HelpList(msgspec.Struct, frozen=True):
    """Oldest first."""

    requests: tuple[HelpRequest, ...]


class HelpRequests(Protocol):
    """What agents ask (server.desks.help_desk)."""

    def requests(self, scope: Scope) -> tuple[HelpRequest, ...]: ...

    def acknowledge(self, reservation_id: str, caller: Caller) -> None: ...

    def done(self, reservation_id: str) -> None: ...


class HelpApi:
    """GET /help, POST /help/{id}/acknowledge and /help/{id}/done."""

    def __init__(self, desk: HelpRequests, scopes: Scopes) -> None:
        self._desk = desk
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        roles = allowed(Action.LISTEN)
        return (
            Route(
                method="GET",
                path="/api/v1/help",
                handler=self.list,
                operation="listHelp",
                summary="Agents of the caller's teams who ask for help",
                roles=roles,
                replies={200: HelpList},
            ),
            Route(
                method="POST",
                path="/api/v1/help/{id}/acknowledge",
                handler=self.acknowledge,
                operation="acknowledgeHelp",
                summary="Look after it: the agent and the other supervisors are told who does",
                roles=roles,
                replies={204: None},
                problems=(404,),
            ),
            Route(
                method="POST",
                path="/api/v1/help/{id}/done",
                handler=self.done,
                operation="finishHelp",
                summary="It is done: the agent is told, and it goes from the list",
                roles=roles,
                replies={204: None},
                problems=(404,),
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """The board's WebSocket tells each change of it."""
        return reply(HelpList(self._desk.requests(self._scopes.of(request[CALLER]))))

    async def acknowledge(self, request: web.Request) -> web.Response:
        """204; again it says the same."""
        self._desk.acknowledge(self._asked(request), request[CALLER])
        return web.Response(status=204)

    async def done(self, request: web.Request) -> web.Response:
        """204 when nobody asks any more."""
        self._desk.done(self._asked(request))
        return web.Response(status=204)

    def _asked(self, request: web.Request) -> str:
        reservation_id, scope = request.match_info["id"], self._scopes.of(request[CALLER])
        if all(one.reservation_id != reservation_id for one in self._desk.requests(scope)):
            raise not_found()
        return reservation_id
