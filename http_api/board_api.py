"""The live state: queues and agents now."""

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import AgentOverview, LiveBoard, QueueOverview
from http_api.routes import EVERYBODY_SIGNED_IN, Route, reply
from records.accounts import Role


class Queues(msgspec.Struct, frozen=True):
    """Every queue."""

    queues: tuple[QueueOverview, ...]


class Agents(msgspec.Struct, frozen=True):
    """Every agent that the caller may see."""

    agents: tuple[AgentOverview, ...]


class BoardApi:
    """GET /queues and /agents."""

    def __init__(self, board: LiveBoard) -> None:
        self._board = board

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/queues",
                handler=self.queues,
                operation="listQueues",
                summary="Every queue with what waits in it now",
                roles=EVERYBODY_SIGNED_IN,
                replies={200: Queues},
            ),
            Route(
                method="GET",
                path="/api/v1/agents",
                handler=self.agents,
                operation="listAgents",
                summary="Every agent now; an agent sees only that agent",
                roles=EVERYBODY_SIGNED_IN,
                replies={200: Agents},
            ),
        )

    async def queues(self, _request: web.Request) -> web.Response:
        """Everybody who is signed in sees how long the queues are."""
        return reply(Queues(tuple(self._board.queues())))

    async def agents(self, request: web.Request) -> web.Response:
        """An agent sees itself, supervisors see all."""
        caller = request[CALLER]
        seen = self._board.agents()
        if caller.role is Role.AGENT:
            seen = [agent for agent in seen if agent.agent_id == caller.agent_id]
        return reply(Agents(tuple(seen)))
