"""The site's files, read again on demand."""

from collections.abc import Mapping
from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.middleware import REQUEST_ID
from http_api.problems import CONTENT_TYPE, Problem
from http_api.routes import Route, read_body, reply
from records.roles import Action, allowed
from records.sessions import Caller

Comment = Annotated[str, msgspec.Meta(max_length=500)]


class Reload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it goes into the audit log."""

    comment: Comment = ""


class SiteReloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of the files before and now, the same when nothing was changed.

    `changes`: section (queues, agents, flows, prompts, ...) -> added, removed and changed names.
    """

    version_before: str
    version: str
    changes: Mapping[str, Mapping[str, tuple[str, ...]]]


class SiteMistake(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: the file in the site's folder, the key in it, what is wrong, what to do."""

    file: str
    path: str
    message: str
    suggestion: str


class BadSite(Problem, frozen=True, kw_only=True):
    """422: the files have mistakes, and nothing was changed."""

    mistakes: tuple[SiteMistake, ...]


class SiteFiles(Protocol):
    """Who reads them again (server.site_desk)."""

    async def reload(self, caller: Caller, comment: str) -> SiteReloaded | tuple[SiteMistake, ...]:
        """Returns when everybody goes by the new files, or with the mistakes in them."""
        ...


class SiteApi:
    """POST /api/v1/site/reload."""

    def __init__(self, files: SiteFiles) -> None:
        self._files = files

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/site/reload",
                handler=self.reload,
                operation="reloadSite",
                summary="Read the site's files again; calls and chats go on",
                roles=allowed(Action.RELOAD_SITE),
                body=Reload,
                replies={200: SiteReloaded},
                special_problems={422: BadSite},
            ),
        )

    async def reload(self, request: web.Request) -> web.Response:
        """What has changed, or the mistakes."""
        asked = await read_body(request, Reload)
        done = await self._files.reload(request[CALLER], asked.comment)
        if isinstance(done, SiteReloaded):
            return reply(done)
        problem = BadSite(
            type="urn:jackfield:problem:bad-site",
            title="Unprocessable Entity",
            status=422,
            detail="The site's files have mistakes; nothing was changed.",
            instance=f"urn:jackfield:request:{request[REQUEST_ID]}",
            mistakes=done,
        )
        return web.Response(
            status=422,
            body=msgspec.json.encode(problem),
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store"},
        )
