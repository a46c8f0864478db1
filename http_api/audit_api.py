"""The audit log and the log of webhook deliveries."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError
from http_api.routes import Parameter, Route, read_number, reply
from records.audit import AuditEntry, Intervention
from records.roles import Action, Extent, allowed, extent
from records.webhooks import Delivery, DeliveryBefore

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
_MAX_ID = 10**18 - 1


class AuditPage(msgspec.Struct, frozen=True):
    """Interventions, newest first. `next` goes into `before` for the following page, null on the last.

    `undone`: those of them that were taken back since.
    """

    items: tuple[AuditEntry, ...]
    next: int | None
    undone: tuple[int, ...] = ()


class DeliveryPage(msgspec.Struct, frozen=True):
    """Deliveries, newest first. `next` goes into `before` for the following page, null on the last."""

    items: tuple[Delivery, ...]
    next: str | None


class AuditLog(Protocol):
    """The log (records.audit.Audit)."""

    async def add(self, intervention: Intervention) -> int: ...

    async def page(
        self, limit: int, before: int | None = None, *, teams: Sequence[str] | None = None
    ) -> tuple[AuditEntry, ...]: ...

    async def find(self, entry_id: int, *, teams: Sequence[str] | None = None) -> AuditEntry | None: ...

    async def undone(self, entry_ids: Sequence[int]) -> frozenset[int]: ...


class DeliveryLog(Protocol):
    """The log (records.webhooks.Deliveries)."""

    async def page(
        self, limit: int, before: DeliveryBefore | None = None, *, hook: str | None = None, state: str | None = None
    ) -> tuple[Delivery, ...]: ...


class AuditApi:
    """GET /audit and /webhooks/deliveries."""

    def __init__(self, audit: AuditLog, deliveries: DeliveryLog, scopes: Scopes) -> None:
        self._audit = audit
        self._deliveries = deliveries
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        limit = Parameter(
            "limit",
            "How many at most",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        )
        before = Parameter("before", "`next` of the page before")
        return (
            Route(
                method="GET",
                path="/api/v1/audit",
                handler=self.audit,
                operation="listAudit",
                summary="Interventions, newest first; a supervisor sees those that concern the own teams",
                roles=allowed(Action.SEE_AUDIT),
                replies={200: AuditPage},
                query=(before, limit),
                problems=(400,),
            ),
            Route(
                method="GET",
                path="/api/v1/webhooks/deliveries",
                handler=self.deliveries,
                operation="listDeliveries",
                summary="What webhooks were told, newest first, with what became of it",
                roles=allowed(Action.SEE_DELIVERIES),
                replies={200: DeliveryPage},
                query=(
                    Parameter("hook", "Only this hook's"),
                    Parameter("state", "waiting, delivered or failed"),
                    before,
                    limit,
                ),
                problems=(400,),
            ),
        )

    async def audit(self, request: web.Request) -> web.Response:
        """A page of the log."""
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        before = read_number(request, "before", _MAX_ID, 1, _MAX_ID)
        scope = self._scopes.of(request[CALLER])
        everything = extent(scope.role, Action.SEE_AUDIT) is Extent.ALL
        items = await self._audit.page(limit, before, teams=None if everything else sorted(scope.teams))
        undone = await self._audit.undone([each.id for each in items])
        return reply(AuditPage(items, items[-1].id if len(items) == limit else None, tuple(sorted(undone))))

    async def deliveries(self, request: web.Request) -> web.Response:
        """A page of the log."""
        limit, query = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT), request.query
        before = _delivery_before(query.get("before"))
        items = await self._deliveries.page(limit, before, hook=query.get("hook"), state=query.get("state"))
        following = f"{items[-1].created_at}-{items[-1].id}" if len(items) == limit else None
        return reply(DeliveryPage(items, following))


def _delivery_before(text: str | None) -> DeliveryBefore | None:
    if text is None:
        return None
    created_at, _, delivery = text.partition("-")
    if not (created_at.isascii() and created_at.isdigit() and len(created_at) < 19):
        raise ProblemError(400, "bad-request", "before must be `next` of a page.")
    return DeliveryBefore(int(created_at), delivery)
