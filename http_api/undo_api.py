"""Taking back what an audit entry says, while nothing later has touched it."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from aiohttp import web

from http_api.audit_api import AuditLog
from http_api.edits import BadRules, Conflict, Invalid, RulesConflict, edit_problem, signed
from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import not_found
from http_api.reach import covers_row
from http_api.routes import Route, read_body
from http_api.supervision_api import Comment, Refused, refusal
from records.audit import AuditEntry
from records.roles import Action, Extent, Scope, allowed, extent
from records.sessions import Caller


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`anyway`: of rules, keys that others changed since stay as they are now; without it that is refused."""

    anyway: bool = False
    comment: Comment = ""


class Undoing(Protocol):
    """server.floor.undo."""

    async def reach(self, entry: AuditEntry) -> Mapping[str, Mapping[str, Any]]:
        """The subjects that taking the entry back changes, with keys and values of rules."""
        ...

    async def undo(
        self, caller: Caller, entry: AuditEntry, comment: str, *, anyway: bool = False
    ) -> Refused | Conflict | Invalid | int:
        """The id of the new entry, or what stands against it."""
        ...


class Works(Protocol):
    """Which queue an open item is in (server.floor.supervision)."""

    def queue_of(self, work_id: str) -> str | None: ...


class UndoApi:
    """POST /audit/{id}/undo."""

    def __init__(self, undoing: Undoing, works: Works, audit: AuditLog, scopes: Scopes) -> None:
        self._undoing = undoing
        self._works = works
        self._audit = audit
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its row of the route table."""
        return (
            Route(
                method="POST",
                path="/api/v1/audit/{id}/undo",
                handler=self.undo,
                operation="undo",
                summary="Take an intervention back, while nothing later has touched what it changed",
                roles=allowed(Action.UNDO),
                body=Undo,
                replies={204: None},
                problems=(404, 409),
                special_problems={409: RulesConflict, 422: BadRules},
            ),
        )

    async def undo(self, request: web.Request) -> web.Response:
        """204; 404 for entries about others' agents and queues, 409 with the reason when it is too late."""
        asked, caller, number = await read_body(request, Undo), request[CALLER], request.match_info["id"]
        scope = self._scopes.of(caller)
        everything = extent(scope.role, Action.UNDO) is Extent.ALL
        known = number.isascii() and number.isdigit() and len(number) < 19
        entry = (
            await self._audit.find(int(number), teams=None if everything else sorted(scope.teams)) if known else None
        )
        if entry is None:
            raise not_found()
        for subject, row in (await self._undoing.reach(entry)).items():
            if not everything and not self._covers(scope, subject, row):
                raise not_found()
        done = await self._undoing.undo(caller, entry, asked.comment, anyway=asked.anyway)
        if isinstance(done, Refused):
            raise refusal(done)
        if isinstance(done, Conflict | Invalid):
            return edit_problem(request, done)
        return signed(web.Response(status=204), done)

    def _covers(self, scope: Scope, subject: str, row: Mapping[str, Any]) -> bool:
        kind, _, name = subject.partition(":")
        if kind != "work":
            return covers_row(scope, Action.UNDO, subject, row)
        # What is over is in nobody's queue any more, and is refused as that.
        queue = self._works.queue_of(name)
        return queue is None or scope.covers_queue(Action.UNDO, queue)
