"""Links of wallboards: made, listed, named and revoked by supervisors and administrators."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, read_body, reply
from http_api.supervision_api import Name
from records.roles import Action, Scope, allowed
from records.sessions import Caller
from records.wallboards import WallboardLink

PATH = "/api/v1/wallboards"
PAGE = "/wallboard/"
MAX_LINKS = 200
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewWallboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a link shows: these queues, and the queues and numbers of agents of these teams. One of them at least."""

    name: Title
    teams: tuple[Name, ...] = ()
    queues: tuple[Name, ...] = ()


class NewName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the link is called from now on."""

    name: Title


class WallboardOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A link without its token; `screens` are connected with it now. Times in microseconds since the epoch."""

    id: int
    name: str
    teams: tuple[str, ...]
    queues: tuple[str, ...]
    created_at: int
    created_by: str
    screens: int


class MadeWallboard(msgspec.Struct, frozen=True, kw_only=True):
    """The new link. Its address is told here and never again: `path` on this server, with the token behind the #."""

    wallboard: WallboardOverview
    path: str


class WallboardList(msgspec.Struct, frozen=True):
    """All that the caller's teams cover whole."""

    items: tuple[WallboardOverview, ...]


class Links(Protocol):
    """Keeps them (server.floor.wallboards)."""

    async def list(self) -> Sequence[WallboardLink]: ...

    async def make(
        self, caller: Caller, name: str, teams: Sequence[str], queues: Sequence[str]
    ) -> tuple[WallboardLink, str]:
        """The link and its token."""
        ...

    async def rename(self, caller: Caller, link: WallboardLink, name: str) -> bool:
        """False when it is gone."""
        ...

    async def revoke(self, caller: Caller, link: WallboardLink) -> bool:
        """Its screens are cut off at once. False when it is gone."""
        ...

    def watching(self, link: WallboardLink) -> int:
        """How many screens are connected with it."""
        ...


class WallboardsApi:
    """/wallboards."""

    def __init__(self, links: Links, scopes: Scopes) -> None:
        self._links = links
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        roles, one = allowed(Action.MANAGE_WALLBOARDS), PATH + "/{id}"
        return (
            Route(
                method="GET",
                path=PATH,
                handler=self.list,
                operation="listWallboards",
                summary="Links of wallboards",
                roles=roles,
                replies={200: WallboardList},
            ),
            Route(
                method="POST",
                path=PATH,
                handler=self.make,
                operation="makeWallboard",
                summary="Make a link for a wallboard (docs/wallboard.md)",
                roles=roles,
                body=NewWallboard,
                replies={201: MadeWallboard},
                problems=(404, 409),
            ),
            Route(
                method="PATCH",
                path=one,
                handler=self.rename,
                operation="nameWallboard",
                summary="Give a link another name",
                roles=roles,
                body=NewName,
                replies={200: WallboardOverview},
                problems=(404,),
            ),
            Route(
                method="DELETE",
                path=one,
                handler=self.revoke,
                operation="revokeWallboard",
                summary="Revoke a link: its screens are cut off at once",
                roles=roles,
                replies={204: None},
                problems=(404,),
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """Oldest first."""
        return reply(WallboardList(tuple(self._overview(link) for link in await self._own(request))))

    async def make(self, request: web.Request) -> web.Response:
        """201; 404 for a team or a queue that is not the caller's."""
        asked, scope = await read_body(request, NewWallboard), self._scopes.of(request[CALLER])
        if not asked.teams and not asked.queues:
            raise ProblemError(400, "bad-request", "Name a team or a queue.")
        if not _covers(scope, asked.teams, asked.queues):
            raise not_found()
        if len(await self._links.list()) >= MAX_LINKS:
            raise ProblemError(409, "too-many", f"There are {MAX_LINKS} links; revoke one first.")
        link, token = await self._links.make(request[CALLER], asked.name, asked.teams, asked.queues)
        return reply(MadeWallboard(wallboard=self._overview(link), path=f"{PAGE}#{token}"), 201)

    async def rename(self, request: web.Request) -> web.Response:
        """The link as it is then."""
        asked, link = await read_body(request, NewName), await self._one(request)
        if not await self._links.rename(request[CALLER], link, asked.name):
            raise not_found()
        return reply(msgspec.structs.replace(self._overview(link), name=asked.name))

    async def revoke(self, request: web.Request) -> web.Response:
        """204."""
        if not await self._links.revoke(request[CALLER], await self._one(request)):
            raise not_found()
        return web.Response(status=204)

    async def _one(self, request: web.Request) -> WallboardLink:
        for link in await self._own(request):
            if str(link.id) == request.match_info["id"]:
                return link
        raise not_found()

    async def _own(self, request: web.Request) -> Sequence[WallboardLink]:
        scope = self._scopes.of(request[CALLER])
        return [link for link in await self._links.list() if _covers(scope, link.teams, link.queues)]

    def _overview(self, link: WallboardLink) -> WallboardOverview:
        return WallboardOverview(
            id=link.id,
            name=link.name,
            teams=link.teams,
            queues=link.queues,
            created_at=link.created_at,
            created_by=link.created_by,
            screens=self._links.watching(link),
        )


def _covers(scope: Scope, teams: Sequence[str], queues: Sequence[str]) -> bool:
    return all(scope.covers_team(Action.MANAGE_WALLBOARDS, team) for team in teams) and all(
        scope.covers_queue(Action.MANAGE_WALLBOARDS, queue) for queue in queues
    )
