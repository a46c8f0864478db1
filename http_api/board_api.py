"""The live state: queues and agents now."""

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import AgentOverview, LiveBoard, QueueOverview, Scopes
from http_api.routes import Route, look, reply
from records.roles import Action


class Queues(msgspec.Struct, frozen=True):
    """Every queue that the caller may see."""

    queues: tuple[QueueOverview, ...]


class Agents(msgspec.Struct, frozen=True):
    """Every agent that the caller may see."""

    agents: tuple[AgentOverview, ...]


class BoardApi:
    """GET /queues and /agents."""

    def __init__(self, board: LiveBoard, scopes: Scopes) -> None:
        self._board = board
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            look(
                "/api/v1/queues",
                self.queues,
                "listQueues",
                "The queues of the caller's teams with what waits in them now, and today's service level",
                Action.SEE_QUEUES,
                Queues,
            ),
            look(
                "/api/v1/agents",
                self.agents,
                "listAgents",
                "The agents of the caller's teams now; an agent sees only that agent",
                Action.SEE_AGENTS,
                Agents,
            ),
        )

    async def queues(self, request: web.Request) -> web.Response:
        """Queues that the caller's teams serve; administrators see all."""
        scope = self._scopes.of(request[CALLER])
        seen = [queue for queue in self._board.queues() if scope.covers_queue(Action.SEE_QUEUES, queue.queue)]
        return reply(Queues(tuple(seen)))

    async def agents(self, request: web.Request) -> web.Response:
        """An agent sees itself, a supervisor the own teams, an administrator all."""
        scope = self._scopes.of(request[CALLER])
        seen = [agent for agent in self._board.agents() if scope.covers_agent(Action.SEE_AGENTS, agent.agent_id)]
        return reply(Agents(tuple(seen)))
