"""Calls that go on: supervisors see who is in them, listen, whisper, barge in, and take over; each of it audited."""

from typing import Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.live_work import LiveWorkApi, TakeOver, Watching, done
from http_api.routes import Route, order, read_body, reply
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


def in_calls_reach(scope: Scope, call: LiveCall) -> bool:
    """Whether one of the caller's agents is in it."""
    agents = (one.agent for one in call.parties if one.kind == "agent" and one.state != "coming" and one.agent)
    return any(scope.covers_agent(Action.LISTEN, agent_id) for agent_id in agents)


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


class Monitoring(Watching, Protocol):
    """Supervisors in calls (server.calls.monitoring). Each method returns after its effect and its audit entry."""

    def live(self, scope: Scope) -> tuple[LiveCall, ...]: ...

    async def listen(
        self, caller: Caller, interaction_id: str, mode: str, beside: str | None, comment: str
    ) -> Refused | None: ...


class CallsApi(LiveWorkApi[Monitoring]):
    """GET /calls, PUT and DELETE /calls/{id}/listener, POST /calls/{id}/take-over."""

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
            order(
                "PUT",
                "/api/v1/calls/{id}/listener",
                self.listen,
                "listenToCall",
                "Listen, whisper or barge in, with the leg of the own agent page; again to change how",
                Action.LISTEN,
                Listen,
            ),
            order("DELETE", "/api/v1/calls/{id}/listener", self.stop, "stopListening", "Listen no more", Action.LISTEN),
            order(
                "POST",
                "/api/v1/calls/{id}/take-over",
                self.take_over,
                "takeOverCall",
                "Take the customer over from the agents, who go to wrap-up",
                Action.TAKE_OVER,
                TakeOver,
            ),
        )

    async def live(self, request: web.Request) -> web.Response:
        """Supervisors see all who listen."""
        return reply(LiveCallList(self._monitoring.live(self._scopes.of(request[CALLER]))))

    async def listen(self, request: web.Request) -> web.Response:
        """204 when it holds; 409 without a leg on the agent page, or in a call of one's own."""
        asked, caller = await read_body(request, Listen), request[CALLER]
        interaction_id = self.covered(request)
        return done(await self._monitoring.listen(caller, interaction_id, asked.mode, asked.agent_id, asked.comment))
