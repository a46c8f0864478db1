"""What calls and chats that go on have alike: who reaches which, leaving and taking over, how refusals are told."""

from typing import Generic, Protocol, TypeVar

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import read_body
from http_api.supervision_api import Comment, Refused
from records.roles import Scope
from records.sessions import Caller


class TakeOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    comment: Comment = ""


class Watching(Protocol):
    """Supervisors in live work (server.calls.monitoring, server.chats.chat_monitoring)."""

    def covers(self, scope: Scope, interaction_id: str) -> bool: ...

    async def stop(self, caller: Caller, interaction_id: str) -> Refused | None: ...

    async def take_over(self, caller: Caller, interaction_id: str, comment: str) -> Refused | None: ...


W = TypeVar("W", bound=Watching)


class LiveWorkApi(Generic[W]):
    """`monitoring` does it, `scopes` says for whom."""

    def __init__(self, monitoring: W, scopes: Scopes) -> None:
        self._monitoring = monitoring
        self._scopes = scopes

    async def stop(self, request: web.Request) -> web.Response:
        """204 when the caller is not shown in it any more; 409 when they were not."""
        return done(await self._monitoring.stop(request[CALLER], self.covered(request)))

    async def take_over(self, request: web.Request) -> web.Response:
        """204 when it is queued for the caller, who has it at once."""
        asked = await read_body(request, TakeOver)
        return done(await self._monitoring.take_over(request[CALLER], self.covered(request), asked.comment))

    def covered(self, request: web.Request) -> str:
        """The interaction of the path. Raises ProblemError 404 for one out of the caller's reach."""
        interaction_id = request.match_info["id"]
        if not self._monitoring.covers(self._scopes.of(request[CALLER]), interaction_id):
            raise not_found()
        return interaction_id


def done(refused: Refused | None) -> web.Response:
    """204. Raises the problem of a refusal."""
    if refused is None:
        return web.Response(status=204)
    raise conflict(refused)


def conflict(refused: Refused) -> ProblemError:
    """409 with the refusal's code."""
    return ProblemError(409, refused.code.replace("_", "-"), refused.message)
