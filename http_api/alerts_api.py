"""Alerts: those that are open, their history, and the word that somebody has seen one."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_number, reply
from records.roles import Action, Extent, Scope, allowed, extent
from router.alerts import Alert

MAX_LISTED = 500
DEFAULT_LIMIT = 50


class OwnerAwayError(Exception):
    """The node that raises alerts is not reached now."""


class AlertOverview(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; times in microseconds since the epoch, `detail` the figures behind it (docs/statistics.md).

    `owner`: the team of the channel that it is about, "" for queues and agents.
    """

    id: int
    kind: str
    subject_kind: str
    subject: str
    raised_at: int
    detail: Mapping[str, Any]
    cleared_at: int | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    owner: str = ""

    @classmethod
    def of(cls, alert: Alert, owner: str = "") -> "AlertOverview":
        """The alert as the API has it."""
        return cls(
            id=alert.id,
            kind=alert.kind.value,
            subject_kind=alert.subject_kind,
            subject=alert.subject,
            raised_at=alert.raised_at,
            detail=alert.detail,
            cleared_at=alert.cleared_at,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
            owner=owner,
        )


def covers(scope: Scope, action: Action, alert: AlertOverview) -> bool:
    """Whether the caller's teams cover what the alert is about; `owner` is the team of a channel."""
    match alert.subject_kind:
        case "agent":
            return scope.covers_agent(action, alert.subject)
        case "queue":
            return scope.covers_queue(action, alert.subject)
        case "site":
            return extent(scope.role, action) is not Extent.NONE
        case _:
            return scope.covers_team(action, alert.owner)


class AlertPage(msgspec.Struct, frozen=True):
    """Newest first. `next` goes into `before` for the following page, null on the last."""

    items: tuple[AlertOverview, ...]
    next: int | None


class AlertBook(Protocol):
    """The alerts (server.floor.alerts.AlertDesk)."""

    def open(self, alert_id: int) -> Alert | None:
        """One that is open, else None."""
        ...

    def covers(self, scope: Scope, action: Action, alert: Alert) -> bool:
        """Whether the caller's teams cover what it is about."""
        ...

    def overview(self, alert: Alert) -> AlertOverview:
        """As the API has it."""
        ...

    async def acknowledge(self, alert_id: int, by: str) -> Alert:
        """Somebody has seen it. Raises KeyError when it is not open any more, ValueError when somebody had before."""
        ...

    async def page(self, scope: Scope, limit: int, before: int | None, *, open_only: bool) -> Sequence[AlertOverview]:
        """Those that the caller's teams cover, newest first, with an id below `before`."""
        ...


class AlertsApi:
    """GET /alerts and POST /alerts/{id}/acknowledge."""

    def __init__(self, book: AlertBook, scopes: Scopes) -> None:
        self._book = book
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        limit = Parameter(
            "limit",
            "How many at most",
            {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": DEFAULT_LIMIT},
        )
        return (
            Route(
                method="GET",
                path="/api/v1/alerts",
                handler=self.list,
                operation="listAlerts",
                summary="Alerts about the caller's queues, agents and channels, newest first, open and past ones",
                roles=allowed(Action.SEE_ALERTS),
                replies={200: AlertPage},
                query=(
                    Parameter("state", "open for only those", {"type": "string", "enum": ["open", "all"]}),
                    Parameter("before", "`next` of the page before"),
                    limit,
                ),
                problems=(400,),
            ),
            Route(
                method="POST",
                path="/api/v1/alerts/{id}/acknowledge",
                handler=self.acknowledge,
                operation="acknowledgeAlert",
                summary="Say that somebody looks after an open alert; the second one to say so is told 409",
                roles=allowed(Action.ACKNOWLEDGE_ALERTS),
                replies={200: AlertOverview},
                problems=(404, 409, 503),
            ),
        )

    async def list(self, request: web.Request) -> web.Response:
        """A page of the history."""
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LISTED)
        before = read_number(request, "before", 2**62, 1, 2**62)
        state = request.query.get("state", "all")
        if state not in ("open", "all"):
            raise ProblemError(400, "bad-request", "state must be open or all.")
        scope = self._scopes.of(request[CALLER])
        found = await self._book.page(scope, limit, before, open_only=state == "open")
        return reply(AlertPage(tuple(found), found[-1].id if len(found) == limit else None))

    async def acknowledge(self, request: web.Request) -> web.Response:
        """404 for what is past, not there or out of reach; 409 when somebody was first."""
        text, scope = request.match_info["id"], self._scopes.of(request[CALLER])
        alert = self._book.open(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
        if alert is None or not self._book.covers(scope, Action.ACKNOWLEDGE_ALERTS, alert):
            raise not_found()
        try:
            done = await self._book.acknowledge(alert.id, request[CALLER].account)
        except KeyError as error:
            raise not_found() from error
        except ValueError as error:
            raise ProblemError(409, "already-done", "Somebody has acknowledged it already.") from error
        except OwnerAwayError as error:
            raise ProblemError(503, "unavailable", "The node that keeps the alerts is not reached now.") from error
        return reply(self._book.overview(done))
