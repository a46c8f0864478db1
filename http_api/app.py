"""The HTTP application: every route of the table, behind the guard, and the pages."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from http_api.alerts_api import AlertBook, AlertsApi
from http_api.audit_api import AuditApi, AuditLog, DeliveryLog
from http_api.board_api import BoardApi
from http_api.customers_api import CustomerQueries, CustomersApi
from http_api.explain_api import ExplainApi, Explanations
from http_api.follow_ups_api import FollowUpBook, FollowUpsApi, Titles
from http_api.guard import Guard
from http_api.interactions_api import InteractionsApi
from http_api.middleware import add_headers, request_scope
from http_api.openapi import document
from http_api.operations_api import OperationsApi
from http_api.own_pages import OwnPages
from http_api.ports import Auth, Health, InteractionQueries, LiveBoard, MetricsSource, Scopes
from http_api.routes import Route
from http_api.rules_api import Rules, RulesApi
from http_api.session_api import SessionApi, remote_address
from http_api.static import StaticPages
from http_api.statistics_api import Statistics, StatisticsApi
from http_api.supervision_api import Supervision, SupervisionApi
from http_api.work_api import Programs, WorkApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the application works with. `now`: microseconds since the epoch; `messages`: callers' recordings."""

    auth: Auth
    interactions: InteractionQueries
    customers: CustomerQueries
    board: LiveBoard
    scopes: Scopes
    supervision: Supervision
    explanations: Explanations
    rules: Rules
    programs: Programs
    follow_ups: FollowUpBook
    messages: Path
    statistics: Statistics
    titles: Titles
    alerts: AlertBook
    audit: AuditLog
    deliveries: DeliveryLog
    health: Health
    metrics: MetricsSource
    now: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`frontend` None: no pages. Attempts to sign in that fail are counted over five minutes.

    `address_of` says from which address a request comes, `own_origins` from where the pages of other nodes do.
    """

    version: str
    frontend: Path | None = None
    max_body_bytes: int = 64 * 1024
    account_attempts: int = 10
    address_attempts: int = 100
    address_of: Callable[[web.Request], str] = remote_address
    own_origins: Callable[[], Collection[str]] = frozenset


def build(ports: Ports, settings: HttpSettings, extra_routes: Sequence[Route] = ()) -> web.Application:
    """The application. `extra_routes` are rows of the same table that others bring (the agents' WebSocket)."""
    routes = (*_routes(ports, settings), *extra_routes)
    own_pages = OwnPages(settings.own_origins)
    app = web.Application(middlewares=[request_scope, own_pages.preflight], client_max_size=settings.max_body_bytes)
    app.on_response_prepare.append(own_pages.add_headers)
    app.on_response_prepare.append(add_headers)
    guard = Guard(ports.auth, ports.now)
    described = _describe(routes, settings.version)
    for route in described:
        app.router.add_route(route.method, route.path, guard.wrap(route))
        if route.method == "GET" and route not in extra_routes:
            app.router.add_route("HEAD", route.path, guard.wrap(route))
    if settings.frontend is not None:
        StaticPages(settings.frontend).add_to(app)
    return app


def _routes(ports: Ports, settings: HttpSettings) -> tuple[Route, ...]:
    session = SessionApi(
        ports.auth,
        ports.now,
        account_attempts=settings.account_attempts,
        address_attempts=settings.address_attempts,
        address_of=settings.address_of,
    )
    return (
        *session.routes(),
        *InteractionsApi(ports.interactions, ports.scopes).routes(),
        *BoardApi(ports.board, ports.scopes).routes(),
        *SupervisionApi(ports.supervision, ports.scopes).routes(),
        *ExplainApi(ports.explanations, ports.scopes).routes(),
        *RulesApi(ports.rules, ports.scopes).routes(),
        *WorkApi(ports.programs).routes(),
        *CustomersApi(ports.customers, ports.interactions, ports.scopes).routes(),
        *AlertsApi(ports.alerts, ports.scopes).routes(),
        *StatisticsApi(ports.statistics, ports.scopes).routes(),
        *FollowUpsApi(ports.follow_ups, ports.messages, ports.scopes, ports.titles, ports.audit, ports.now).routes(),
        *AuditApi(ports.audit, ports.deliveries, ports.scopes).routes(),
        *OperationsApi(ports.health, ports.metrics).routes(),
    )


def _describe(routes: Sequence[Route], version: str) -> tuple[Route, ...]:
    """The table with the row that describes the table, itself included."""

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-cache"})

    own = Route(
        method="GET",
        path="/api/v1/openapi.json",
        handler=openapi,
        operation="getOpenApi",
        summary="This document",
    )
    everything = (*routes, own)
    body = msgspec.json.encode(document(everything, version))
    return everything
