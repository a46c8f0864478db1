"""Liveness, readiness and metrics, for those who run the server: no session is asked for, nothing personal is told."""

from typing import Literal

import msgspec
from aiohttp import web

from http_api.ports import Health, MetricsSource
from http_api.routes import Route, reply


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Check(msgspec.Struct, frozen=True):
    """One check; `detail` says what is wrong."""

    ok: bool
    detail: str | None


class Readiness(msgspec.Struct, frozen=True):
    """Ready when every check is."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Check]


class OperationsApi:
    """GET /healthz, /readyz and /metrics."""

    def __init__(self, health: Health, metrics: MetricsSource) -> None:
        self._health = health
        self._metrics = metrics

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/healthz",
                handler=self.healthz,
                operation="getHealth",
                summary="Whether the process answers",
                replies={200: Alive},
            ),
            Route(
                method="GET",
                path="/readyz",
                handler=self.readyz,
                operation="getReadiness",
                summary="Whether the server can take calls, with each check",
                replies={200: Readiness, 503: Readiness},
            ),
            Route(
                method="GET",
                path="/metrics",
                handler=self.metrics,
                operation="getMetrics",
                summary="Metrics for Prometheus",
                media_type="text/plain",
            ),
        )

    async def healthz(self, _request: web.Request) -> web.Response:
        """200 as long as the loop turns."""
        return reply(Alive())

    async def readyz(self, _request: web.Request) -> web.Response:
        """200, or 503 while a check fails."""
        checks = {name: Check(detail is None, detail) for name, detail in (await self._health.checks()).items()}
        ready = all(check.ok for check in checks.values())
        return reply(Readiness("ready" if ready else "not_ready", checks), 200 if ready else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        """The text exposition format."""
        return web.Response(
            body=self._metrics.render(),
            headers={"Content-Type": self._metrics.content_type, "Cache-Control": "no-store"},
        )
