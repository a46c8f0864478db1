"""The supervisors' page against a scripted board: what it shows of what it is told, and when it is told nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, WebSocket, expect

from http_api.static import StaticPages
from tests.agents_ws.scripted import now_us
from tests.browser import FRONTEND, chromium_page, needs_chromium, serve

pytestmark = [needs_chromium, pytest.mark.browser]

MINUTE_US = 60_000_000


class Board:
    """The server's side of the socket: `say` goes to every page; `met` counts those that were answered."""

    def __init__(self) -> None:
        self.base = ""
        self.met = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.pages: list[web.WebSocketResponse] = []
        self.snapshot: dict[str, Any] = {"queues": [], "agents": [], "work": []}

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

    async def say(self, message: dict[str, Any]) -> None:
        for page in self.pages:
            await page.send_str(json.dumps({"reasons": {"lunch": {"en": "Lunch"}}, "server_time_us": now_us(), **message}))


@pytest.fixture
def board() -> Board:
    return Board()


@pytest_asyncio.fixture
async def page(board: Board) -> AsyncIterator[Page]:
    app = web.Application()
    app.router.add_get("/api/v1/board/ws", board.handle)
    StaticPages(FRONTEND).add_to(app)
    async with serve(app) as base, chromium_page() as page:
        await page.clock.install()
        await page.goto(f"{base}/agent/icon.svg")
        await page.evaluate("sessionStorage.setItem('jackfield.token', 't')")
        page.set_default_timeout(10_000)
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


async def test_the_expected_wait_of_queues_and_items(page: Page, board: Board) -> None:
    board.snapshot |= {"queues": [queue(2, 2 * MINUTE_US)], "work": [item(1), item(2)]}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-queue=orders]")).to_contain_text("~ 6:00")
    await expect(page.locator("[data-work=w1]")).to_contain_text("~ 2:00")
    await expect(page.locator("[data-work=w2]")).to_contain_text("~ 4:00")
    change = {"type": "change", "version": 2, "agents": [], "gone": {}}
    await board.say({**change, "queues": [queue(2, None)], "work": []})
    await expect(page.locator("[data-queue=orders]")).not_to_contain_text("~")
    await expect(page.locator("[data-work=w1]")).not_to_contain_text("~")


async def test_a_silent_connection_is_stale_and_made_anew(page: Page, board: Board) -> None:
    stale = page.get_by_text("What you see may be out of date")
    heard = asyncio.Event()

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", hear)

    def hear(frame: str | bytes) -> None:
        if "beat" in str(frame):
            heard.set()

    page.on("websocket", listen)
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator(".lamps")).to_contain_text("Connected")
    for _ in range(2):
        await page.clock.fast_forward(9_000)
        heard.clear()
        await board.say({"type": "beat"})
        await asyncio.wait_for(heard.wait(), 5)
    await expect(page.locator(".lamps")).to_contain_text("Connected")
    assert board.met == 1

    board.answers.clear()
    await page.clock.fast_forward(13_000)
    await expect(stale).to_be_visible()
    board.answers.set()
    await page.clock.fast_forward(2_000)
    await expect(stale).to_have_count(0)
    assert board.met == 2
