"""The live board's server as the supervisors' page sees it, scripted, and rows for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from http_api.static import StaticPages
from tests.agents_ws.scripted import now_us
from tests.browser import FRONTEND, chromium_page, serve

MINUTE_US = 60_000_000
TAKEN = 8  # the alert that somebody else was first to acknowledge


class Board:
    """The server's side of the socket: `say` goes to every page; `met` counts those that were answered."""

    def __init__(self) -> None:
        self.base = ""
        self.met = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.pages: list[web.WebSocketResponse] = []
        self.snapshot: dict[str, Any] = {"queues": [], "agents": [], "work": []}
        self.asked: list[dict[str, str]] = []
        self.past: list[dict[str, Any]] = []
        self.limits: dict[str, int] = {}
        self.follow_ups: list[dict[str, Any]] = []
        self.explanations: dict[str, dict[str, Any]] = {}
        self.shards: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        await self.answers.wait()
        self.met += 1
        self.pages.append(ws)
        await self.say({"type": "welcome", "account": "sam", "role": "supervisor", "teams": [], "beat_us": 5_000_000})
        await self.say({"type": "snapshot", "version": 1, **self.snapshot})
        async for _ in ws:
            pass
        self.pages.remove(ws)
        return ws

    async def statistics(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        if request.query.get("format") == "csv":
            return web.Response(
                text="name\norders\n",
                content_type="text/csv",
                headers={"Content-Disposition": 'attachment; filename="queue-month-2026-03-04.csv"'},
            )
        return web.json_response({"by": "queue", "rows": []})

    async def listed(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": self.follow_ups})

    async def guidance(self, _request: web.Request) -> web.Response:
        titles = {"queues": {"orders": {"en": "Orders"}}, "agents": {"anna": "Anna"}}
        return web.json_response({"site": "", "titles": titles, "replies": [], "scripts": {}})

    async def all_shards(self, _request: web.Request) -> web.Response:
        return web.json_response({"shards": self.shards}, status=200 if self.answers.is_set() else 503)

    async def all_nodes(self, _request: web.Request) -> web.Response:
        return web.json_response({"nodes": self.nodes})

    async def explained(self, request: web.Request) -> web.Response:
        return web.json_response(self.explanations[request.match_info["id"]])

    async def alerts(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.past, "next": None})

    async def acknowledge(self, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        if number == TAKEN:
            problem = {"type": "urn:jackfield:problem:already-done", "title": "Conflict", "status": 409}
            return web.json_response(problem, status=409)
        await self.change(alerts=[alert(number, acknowledged_at=now_us(), acknowledged_by="sam")])
        return web.json_response({})

    async def change(self, **parts: Any) -> None:
        await self.say({"type": "change", "version": 2, "queues": [], "agents": [], "work": [], "gone": {}, **parts})

    async def say(self, message: dict[str, Any]) -> None:
        for page in self.pages:
            always = {"reasons": {"lunch": {"en": "Lunch"}}, "limits": self.limits, "server_time_us": now_us()}
            await page.send_str(json.dumps({**always, **message}))


@asynccontextmanager
async def supervising(board: Board) -> AsyncIterator[Page]:
    """A signed-in supervisors' page to go to at `board.base`, with a clock that the test may move."""
    app = web.Application()
    app.router.add_get("/api/v1/board/ws", board.handle)
    app.router.add_get("/api/v1/statistics", board.statistics)
    app.router.add_get("/api/v1/alerts", board.alerts)
    app.router.add_get("/api/v1/follow-ups", board.listed)
    app.router.add_get("/api/v1/guidance", board.guidance)
    app.router.add_get("/api/v1/shards", board.all_shards)
    app.router.add_get("/api/v1/nodes", board.all_nodes)
    app.router.add_get("/api/v1/agents/{id}/explanation", board.explained)
    app.router.add_get("/api/v1/work/{id}/explanation", board.explained)
    app.router.add_post("/api/v1/alerts/{id}/acknowledge", board.acknowledge)
    StaticPages(FRONTEND).add_to(app)
    async with serve(app) as base, chromium_page() as page:
        await page.clock.install()
        await page.goto(f"{base}/agent/icon.svg")
        await page.evaluate("sessionStorage.setItem('jackfield.token', 't')")
        page.set_default_timeout(30_000)
        board.base = base
        yield page
        await page.goto("about:blank")


def queue(waiting: int, per_place_us: int | None) -> dict[str, Any]:
    return {
        "queue": "orders",
        "title": "Orders",
        "medium": "voice",
        "waiting": waiting,
        "oldest_queued_at": now_us(),
        "wait_per_place_us": per_place_us,
    }


def item(number: int) -> dict[str, Any]:
    return {
        "work_id": f"w{number}",
        "queue": "orders",
        "medium": "voice",
        "state": "waiting",
        "queued_at": now_us(),
        "attempts": 0,
        "order": [0, number, number],
        "requirements": {},
    }


def alert(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "kind": "target_at_risk",
        "subject_kind": "queue",
        "subject": "orders",
        "raised_at": now_us() - 65_000_000,
        "detail": {"target": 0.9, "minutes": 30, "waiting": 3, "level": 0.857},
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "owner": "",
        **more,
    }


def breach(number: int, **more: Any) -> dict[str, Any]:
    return alert(number, **{"kind": "breach", "detail": {"over": 2}, **more})


def shard(name: str, **more: Any) -> dict[str, Any]:
    sums = {"waiting": 2, "oldest_queued_at": now_us() - MINUTE_US, "signed_in": 5, "ready": 3, "trouble": ""}
    known = {"shard": name, "here": False, "reached": True, "pages": [f"http://{name}.example:8080"]}
    return {**known, "sums": {**sums, **more.pop("sums", {})}, "owner": f"{name}.1", "epoch": 4, "nowhere": [], **more}


def node(label: str, **more: Any) -> dict[str, Any]:
    known = {"node": label.split(".")[0], "label": label, "state": "up", "role": "follower", "here": False}
    return {**known, "calls": 7, "chats": 8, "agents": 9, **more}


def people(count: int) -> list[dict[str, Any]]:
    return [
        {
            "agent_id": f"a{number}",
            "display_name": f"Agent {number:03}",
            "team": ("first", "second")[number % 2],
            "presence": ("ready", "not_ready")[number % 3 == 0],
            "reason": "lunch" if number % 3 == 0 else None,
            "since": now_us() - number * MINUTE_US,
            "connected": True,
            "load": number % 4,
            "capacity": 4,
            "held": [],
            "skills": {"orders": 5} if number % 5 == 0 else {},
            "today": {"handled": number, "missed": number % 7, "occupancy": 0.5},
        }
        for number in range(1, count + 1)
    ]
