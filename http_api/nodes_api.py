"""The nodes of the site: which there are, what each does, and taking one out."""

from typing import Literal, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, look, read_body, reply
from http_api.supervision_api import Comment, Refused
from records.roles import Action, allowed
from records.sessions import Caller

NodeState = Literal["up", "draining", "unreachable"]
NodeRole = Literal["owner", "follower", "unknown"]


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node as the others know it. `label` is the name with the number of its start; `here`: it answers this request.

    `state`: `draining` takes nothing new, `unreachable` lives by its heartbeat and does not answer. `calls`, `chats`
    and `agents` (whose page is there) are 0 where it does not answer.
    """

    node: str
    label: str
    state: NodeState
    role: NodeRole
    here: bool
    calls: int
    chats: int
    agents: int


class NodeList(msgspec.Struct, frozen=True):
    """By name."""

    nodes: tuple[NodeView, ...]


class Drain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it goes into the audit log."""

    comment: Comment = ""


class Nodes(Protocol):
    """Who knows them (server.nodes.node_desk)."""

    async def all(self) -> tuple[NodeView, ...]: ...

    async def drain(self, caller: Caller, node: str, comment: str) -> NodeView | Refused | None:
        """Begun, and audited, when this returns; None when there is no such node."""
        ...


class NodesApi:
    """GET /api/v1/nodes and POST /api/v1/nodes/{node}/drain."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            look(
                "/api/v1/nodes",
                self.all,
                "listNodes",
                "The nodes of the site, and what each does",
                Action.SEE_NODES,
                NodeList,
            ),
            Route(
                method="POST",
                path="/api/v1/nodes/{node}/drain",
                handler=self.drain,
                operation="drainNode",
                summary="Have a node take nothing new, finish its calls and end",
                roles=allowed(Action.DRAIN_NODES),
                body=Drain,
                replies={200: NodeView},
                problems=(404, 409),
            ),
        )

    async def all(self, _request: web.Request) -> web.Response:
        """All of them."""
        return reply(NodeList(await self._nodes.all()))

    async def drain(self, request: web.Request) -> web.Response:
        """It goes on by itself; ask for the list to see how far it is. 409 when the node does not answer."""
        asked = await read_body(request, Drain)
        found = await self._nodes.drain(request[CALLER], request.match_info["node"], asked.comment)
        if found is None:
            raise not_found()
        if isinstance(found, Refused):
            raise ProblemError(409, found.code.replace("_", "-"), found.message)
        return reply(found)
