"""Every page for everybody, by day and by night: what can be measured of WCAG 2.2 (tests/frontend/access.py).

What agents see through a shift is in test_agent_access and test_agent_writing_access.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from http_api.static import StaticPages
from tests.agents_ws.scripted import now_us
from tests.browser import FRONTEND, needs_chromium, serve
from tests.frontend.access import LACKS, check, check_whole, walk
from tests.frontend.board import Board, alert, item, node, queue, shard
from tests.frontend.test_wallboard_page import Server as Wall

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SIZE = {"width": 1280, "height": 800}
AGENT = {"team": "first", "connected": True, "load": 1, "capacity": 3, "skills": {"orders": 7}}
HELD = {"interaction_id": "i1", "medium": "voice", "queue": "orders", "state": "connected", "since": 0, "work_id": "w9"}


@dataclass
class Stage:
    """A page of the stage's server in one of the two looks."""

    base: str
    page: Page
    theme: str

    async def go(self, path: str, shown: str) -> None:
        """To a page, once this is on it."""
        await self.page.goto(f"{self.base}/{path}")
        await expect(self.page.locator(shown).first).to_be_visible()


def crowded(board: Board) -> None:
    """Something of everything that the supervisors' page shows."""
    waiting = item(1) | {"customer": "Acme", "due_at": now_us() - 1, "breach": 1.0, "requirements": {"mandarin": 1}}
    here = AGENT | {"agent_id": "anna", "presence": "ready", "reason": None, "since": now_us(), "held": [HELD]}
    away = AGENT | {"agent_id": "ben", "presence": "not_ready", "reason": "lunch", "since": now_us()}
    asked = {"interaction_id": "i1", "reservation_id": "r1", "agent": "anna", "name": "Anna", "medium": "voice"}
    chat = {"interaction_id": "c1", "state": "talking", "queue": "orders", "customer": "Visitor", "agent": "anna"}
    board.snapshot |= {
        "queues": [queue(1, 60_000_000)],
        "work": [waiting, item(2) | {"state": "offered", "offered_to": "anna"}],
        "agents": [here, away],
        "alerts": [alert(7)],
        "help": [asked | {"since_us": now_us(), "seen_by": ""}],
        "chats": [chat | {"name": "Anna", "listeners": []}],
    }
    board.shards = [shard("north", here=True), shard("south", reached=False), shard("west", sums={"trouble": "full"})]
    board.nodes = [node("a.1", here=True, role="owner"), node("b.1", state="draining")]


@pytest_asyncio.fixture(loop_scope="module", params=["light", "dark"])
async def stage(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    board, wall = Board(), Wall()
    crowded(board)

    async def socket(asked: web.Request) -> web.StreamResponse:
        on_a_wall = "/wallboard/" in asked.headers.get("Cookie", "")
        return await (wall if on_a_wall else board).handle(asked)

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response({"items": [], "plans": [], "calls": [], "version": 1, "rows": [], "next": None})

    app = web.Application()
    app.router.add_get("/api/v1/board/ws", socket)
    app.router.add_get("/api/v1/shards", board.all_shards)
    app.router.add_get("/api/v1/nodes", board.all_nodes)
    app.router.add_get("/api/v1/{what:.*}", nothing)
    StaticPages(FRONTEND).add_to(app)
    async with serve(app) as base:
        page = await browser.new_page(viewport=SIZE, color_scheme=request.param, reduced_motion="reduce", locale="en")  # type: ignore[arg-type]
        page.set_default_timeout(30_000)
        yield Stage(base, page, request.param)
        await page.close()


@pytest.mark.parametrize(
    ("path", "shown"), [("", ".start .card"), ("agent/", ".sign-in"), ("supervisor/", ".sign-in"), ("visitor/", ".launcher")]
)
async def test_a_page_before_anything_is_done(stage: Stage, path: str, shown: str) -> None:
    await stage.go(path, shown)
    await check_whole(stage.page)
    assert len(await walk(stage.page)) >= 3


async def test_the_widget(stage: Stage) -> None:
    page = stage.page
    await stage.go("visitor/?locale=zh-TW", ".launcher")
    await page.locator(".launcher").press("Enter")
    await expect(page.locator("textarea[name=question]")).to_be_visible()
    await check_whole(page)
    await walk(page)
    await page.locator("textarea[name=question]").focus()
    await page.keyboard.press("Escape")
    await expect(page.locator(".launcher")).to_be_focused()


async def test_the_supervisors_page(stage: Stage) -> None:
    page = stage.page
    await stage.go("agent/icon.svg", "svg")
    await page.evaluate("sessionStorage.setItem('jackfield.token', 't')")
    await stage.go("supervisor/", "[data-agent=anna]")
    await check_whole(page)
    names = await walk(page)
    assert names[0].startswith("A Skip"), "the way past the bar comes first"
    for view in await page.locator(".views button").all():
        await view.click()
        await expect(view).to_have_attribute("aria-current", "page")
        await check_whole(page)
    await page.get_by_role("button", name="Live board").click()
    for asks in ("Presence", "Skills", "Assign"):
        button = page.locator("[data-agent=anna]").get_by_role("button", name=asks)
        await button.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await check(page)
        await walk(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(button).to_be_focused()


async def test_the_wallboard(stage: Stage) -> None:
    await stage.page.context.add_cookies([{"name": "page", "value": "/wallboard/", "url": stage.base}])
    await stage.go(f"wallboard/?theme={stage.theme}#jfw_t", "table")
    await check_whole(stage.page)


async def test_the_check_finds_what_is_wrong(stage: Stage) -> None:
    page = stage.page
    await stage.go("", ".start .card")
    await page.evaluate("document.documentElement.lang = 'xx'; document.querySelector('nav').append(document.createElement('main'))")
    assert await page.evaluate(LACKS, ["en"]) == ['lang is "xx"', "not one main"]
    bare = "outline: none !important; box-shadow: none !important"
    await page.locator("nav a").evaluate_all("(all, bare) => all.forEach((one) => (one.style.cssText = bare))", bare)
    with pytest.raises(AssertionError, match="the focus does not show on A"):
        await walk(page)
