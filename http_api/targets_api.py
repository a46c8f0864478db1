"""To whom a call or a chat can be handed on: the other agents who take such work, with who is free, and the queues."""

from collections.abc import Callable
from typing import Literal

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.problems import ProblemError
from http_api.routes import Parameter, Route, reply
from records.roles import Action, allowed
from router.vocabulary import Medium

_MEDIA = (Medium.VOICE, Medium.CHAT)

Availability = Literal["free", "busy", "not_ready", "offline"]


class TargetAgent(msgspec.Struct, frozen=True):
    """An agent who takes such work. Only one who is `free` can be asked by name."""

    agent_id: str
    name: str
    availability: Availability


class TargetQueue(msgspec.Struct, frozen=True):
    """A queue of such work: who waits there now, and how many of its agents are ready without any work.

    `titles`: language -> text, where the site gives several.
    """

    queue: str
    title: str
    waiting: int
    free: int
    titles: dict[str, str] = {}


class TargetList(msgspec.Struct, frozen=True):
    """In the order of the site's files, without the caller's own agent."""

    agents: tuple[TargetAgent, ...]
    queues: tuple[TargetQueue, ...]


class TargetsApi:
    """GET /transfer-targets. `targets` gives them for whoever asks, by agent and medium (server.desks.targets)."""

    def __init__(self, targets: Callable[[str | None, Medium], TargetList]) -> None:
        self._targets = targets

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/transfer-targets",
                handler=self.list,
                operation="listTransferTargets",
                summary="Agents and queues to whom a call or a chat can be transferred, with who is free",
                query=(Parameter("medium", "What is handed on", {"enum": list(_MEDIA), "default": "voice"}),),
                roles=allowed(Action.SEE_TARGETS),
                replies={200: TargetList},
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """What holds at this moment."""
        medium = request.query.get("medium", Medium.VOICE)
        if medium not in _MEDIA:
            raise ProblemError(400, "bad-query", f"medium is one of {', '.join(_MEDIA)}")
        return reply(self._targets(request[CALLER].agent_id, Medium(medium)))
