"""The wallboard against a scripted server: its pages, that it is read from afar, and what it says when it is told nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import WSMsgType, web
from playwright.async_api import Page, expect

from http_api.static import StaticPages
from tests.agents_ws.scripted import now_us
from tests.browser import FRONTEND, chromium_page, needs_chromium, serve

pytestmark = [needs_chromium, pytest.mark.browser]

TV = {"width": 1920, "height": 1080}
# Nothing is smaller than this on a screen of 1080 lines: 24 mm on one of 55 inches.
SMALLEST_PX = 39
# Whatever is cut off by the screen, or scrolls.
HIDDEN = """() => {
  const root = document.documentElement;
  return root.scrollHeight > innerHeight || root.scrollWidth > innerWidth ||
    [...document.querySelectorAll('tbody tr, li, footer, header > *')].some((one) => {
      const box = one.getBoundingClientRect();
      return box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
    });
}"""
SIZES = """() => [...document.querySelectorAll('*')]
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && one.getClientRects().length)
  .map((one) => [parseFloat(getComputedStyle(one).fontSize), one.textContent])"""


def queue(name: str, teams: tuple[str, ...] = ("first",), **more: Any) -> dict[str, Any]:
    return {
        "queue": name,
        "title": name.title(),
        "medium": "voice",
        "teams": teams,
        "waiting": 0,
        "oldest_queued_at": None,
        "service_level": {"threshold_us": 10_000_000, "target": 0.9, "within": 9, "level": 0.9},
        "today": {"answered": 9, "abandoned": 1, "diverted": 0},
        "outlook": {"staffed": 12, "ready": 9, "free": 3},
        **more,
    }


def team(name: str, free: int) -> dict[str, Any]:
    return {"team": name, "signed_in": free + 4, "free": free, "busy": 2, "wrap_up": 1, "away": 1}


class Server:
    """The board's socket as a wallboard hears it."""

    def __init__(self) -> None:
        self.screens: list[web.WebSocketResponse] = []
        self.hellos: list[str] = []
        self.valid = True
        self.queues = [queue("orders"), queue("returns")]
        self.teams = [team("first", 3)]
        self.alerts: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        hello = await ws.receive()
        if hello.type is not WSMsgType.TEXT:
            return ws  # the page was closed meanwhile
        self.hellos.append(hello.json()["token"])
        if not self.valid:
            await ws.close(code=4401)
            return ws
        self.screens.append(ws)
        named = {"account": "wallboard:1", "role": "wallboard", "team_titles": {"first": {"en": "First line"}}}
        await self.say({"type": "welcome", "beat_us": 5_000_000, **named})
        await self.wall()
        async for _ in ws:
            pass
        self.screens.remove(ws)
        return ws

    async def wall(self, *, whole: bool = True, **more: Any) -> None:
        figures = {"queues": self.queues, "gone": [], "teams": self.teams, "alerts": self.alerts}
        named = {"version": 1, "name": "Hall", "time_zone": "Asia/Shanghai"}
        await self.say({"type": "wall", "whole": whole, **named, **figures, **more})

    async def say(self, message: dict[str, Any]) -> None:
        for screen in self.screens:
            await screen.send_str(json.dumps({"server_time_us": now_us(), **message}))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest_asyncio.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    app = web.Application()
    app.router.add_get("/api/v1/board/ws", server.handle)
    StaticPages(FRONTEND).add_to(app)
    async with serve(app) as base, chromium_page() as page:
        page.set_default_timeout(30_000)
        await page.set_viewport_size(TV)  # type: ignore[arg-type]
        await page.clock.install()
        await page.goto(f"{base}/wallboard/#jfw_t")
        yield page
        await page.goto("about:blank")


async def test_a_change_is_shown_and_the_token_goes_in_the_hello_only(page: Page, server: Server) -> None:
    orders = page.locator("[data-queue=orders]")
    await expect(orders.locator("td").first).to_have_text("0")
    await expect(orders.locator(".level")).to_contain_text("90 %")
    await expect(orders.locator(".level small")).to_have_text("on target 90 %")
    assert server.hellos == ["jfw_t"]
    late = queue("orders", waiting=12, oldest_queued_at=now_us() - 65_000_000)
    late["service_level"]["level"] = 0.42
    await server.wall(whole=False, queues=[late], gone=["returns"])
    await expect(orders.locator("td").first).to_have_text("12")
    await expect(orders).to_contain_text("over target")
    await expect(orders.locator(".level small")).to_have_text("below 90 %")
    await expect(page.locator("[data-queue=returns]")).to_have_count(0)
    await expect(page.locator("header .name")).to_have_text("Hall")


async def test_pages_turn_by_themselves_and_by_keys(page: Page, server: Server) -> None:
    server.queues = [
        *(queue(f"orders{number}") for number in range(5)),
        *(queue(f"chat{number}", ("second",), medium="chat", waiting=1) for number in range(3)),
    ]
    server.teams = [team("first", 3), team("second", 0)]
    server.alerts = [
        {"id": 3, "kind": "backlog", "subject_kind": "queue", "subject": "chat1", "raised_at": now_us(), "seen": False}
    ]
    await server.wall()
    heading, footer = page.locator("h1"), page.locator("footer")
    await expect(footer).to_contain_text("of 5")
    await page.keyboard.press(" ")
    await expect(footer).to_contain_text("paused")
    seen = set()
    for _ in range(5):
        title = await heading.inner_text()
        seen.add(title)
        assert not await page.evaluate(HIDDEN), title
        small = [text for size, text in await page.evaluate(SIZES) if size < SMALLEST_PX]
        assert small == [], title
        match title:
            case "By medium":
                await expect(page.locator("[data-medium=chat] td").first).to_have_text("3")
            case "Agents":
                await expect(page.locator("[data-team=all] td").first).to_have_text("3")
                await expect(page.locator("[data-team=second] td").last).to_have_text("4")
            case "Alerts":
                await expect(page.locator("[data-alert='3']")).to_contain_text("Chat1")
                await expect(page.locator("[data-alert='3'] small")).to_have_text("nobody looks after it yet")
        await page.keyboard.press("ArrowRight")
        await expect(heading).not_to_have_text(title)
    assert seen == {"First line", "second", "By medium", "Agents", "Alerts"}
    before = await heading.inner_text()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press(" ")
    await expect(footer).not_to_contain_text("paused")
    await expect(heading).to_have_text(before)
    await page.clock.fast_forward(15_000)
    await expect(heading).not_to_have_text(before)


@pytest.mark.parametrize("count", [6, 13])
async def test_six_queues_fill_a_page_and_no_more(page: Page, server: Server, count: int) -> None:
    long = "A queue whose name is longer than anybody should ever have made it"
    server.queues = [queue(f"q{number:02}", title=f"{number:02} {long}", waiting=999) for number in range(count)]
    await server.wall()
    await expect(page.locator("tbody tr")).to_have_count(6)
    assert not await page.evaluate(HIDDEN)


async def test_silence_is_said_within_seconds_and_again_for_as_long_as_it_lasts(page: Page, server: Server) -> None:
    await expect(page.locator("[data-queue=orders]")).to_be_visible()
    banner = page.locator("footer.banner")
    await expect(banner).to_have_count(0)
    await page.clock.fast_forward(13_000)  # no beat came
    await expect(banner).to_contain_text("Data stale since")
    assert not await page.evaluate(HIDDEN)
    for _ in range(4):  # it tries again and again
        before = len(server.hellos)
        await page.clock.fast_forward(11_000)
        async with asyncio.timeout(30):
            while len(server.hellos) == before:
                await asyncio.sleep(0.02)
    await page.clock.resume()
    await expect(banner).to_have_count(0)


async def test_a_revoked_link_shows_nothing_more_and_comes_back_when_it_holds_again(page: Page, server: Server) -> None:
    await expect(page.locator("[data-queue=orders]")).to_be_visible()
    server.valid = False
    await server.screens[0].close(code=4401)
    await expect(page.locator("h1")).to_have_text("This link is no longer valid.")
    await expect(page.locator("table")).to_have_count(0)
    server.valid = True
    await page.clock.fast_forward(61_000)
    await expect(page.locator("table")).to_be_visible()


async def test_looks_and_language_are_in_the_address(page: Page) -> None:
    base = page.url.partition("/wallboard/")[0]
    await page.goto(f"{base}/wallboard/?theme=light&lang=zh-TW&every=5#jfw_t")
    await expect(page.locator("thead th").nth(1)).to_have_text("排隊")
    assert await page.evaluate("document.documentElement.dataset.theme") == "light"
    await page.goto("about:blank")
    await page.goto(f"{base}/wallboard/")
    await expect(page.locator("h1")).to_have_text("此網址中沒有連結。")
