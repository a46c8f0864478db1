"""What a change would do, beside the button that makes it: what is asked, how each verdict reads, and that it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from http_api.static import StaticPages
from tests.browser import FRONTEND, chromium_page, needs_chromium, serve
from tests.frontend.board import Board, queue

pytestmark = [needs_chromium, pytest.mark.browser]

SURE = {"value": 0.61, "low": 0.55, "high": 0.67}
ASSUMED = {
    "type": "assumed",
    "at": 1,
    "horizon_us": 1_800_000_000,
    "open_work": 3,
    "queues": [
        {
            "queue": "orders",
            "arrivals_per_hour": 84.04,
            "arrivals_from": "last_hour",
            "talk_us": 190_000_000,
            "wrap_up_us": 21_000_000,
            "handling_from": "last_hours",
            "patience_us": None,
            "patience_from": "assumed",
        }
    ],
    "teams": [],
}


def measure(verdict: str, low: float, value: float, high: float) -> dict[str, Any]:
    difference = {"value": value, "low": low, "high": high}
    return {"before": SURE, "after": SURE, "difference": difference, "verdict": verdict}


def compared(pairs: int, *, done: bool, level: dict[str, Any]) -> dict[str, Any]:
    same = measure("equal", 0, 0, 0)
    wait = {
        "before": {"value": 75e6, "low": 60e6, "high": 90e6},
        "after": {"value": 30e6, "low": 20e6, "high": 40e6},
        "difference": {"value": -45e6, "low": -60e6, "high": -30e6},
        "verdict": "lower",
    }
    orders = {"queue": "orders", "level": level, "wait_us": wait, "abandoned": same, "unserved": same, "arrivals": same}
    quiet = {"queue": "quiet", "level": same, "wait_us": same, "abandoned": same, "unserved": same, "arrivals": same}
    team = {"team": "first_line", "occupancy": measure("higher", 0.02, 0.04, 0.06)}
    figures = {"pairs": pairs, "elapsed_us": 1, "done": done, "queues": [orders, quiet], "teams": [team]}
    return {"type": "compared", **figures}


class Playing:
    """The server's side: each line waits until it is let; `gone` when the page closed the connection."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.busy = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        if self.busy:
            return web.json_response({"type": "urn:jackfield:problem:busy", "status": 503}, status=503)
        answer = web.StreamResponse()
        await answer.prepare(request)
        while (line := await self._next(request)) is not None:
            await answer.write(json.dumps(line).encode() + b"\n")
        return answer

    async def _next(self, request: web.Request) -> dict[str, Any] | None:
        while True:
            if request.transport is None or request.transport.is_closing():
                self.gone.set()
                return None
            try:
                async with asyncio.timeout(0.05):
                    return await self.lines.get()
            except TimeoutError:
                pass  # look again whether the page is there


async def rules(request: web.Request) -> web.Response:
    return web.json_response({"agent_id": "anna", "version": 4, "skills": {"english": 5}, "history": []})


async def plans(request: web.Request) -> web.Response:
    change = {"subject": "queue:orders", "key": "priority", "before": 0, "after": 20}
    plan = {"plan": "evening", "titles": {"en": "Evening"}, "saved": False, "version": 4, "problems": [], "rows": {}}
    there = {**plan, "changes": [change], "applied": None}
    nothing = {**plan, "plan": "quiet", "titles": {"en": "Quiet"}, "changes": [], "applied": None}
    return web.json_response({"version": 4, "plans": [there, nothing]})


@pytest.fixture
def playing() -> Playing:
    return Playing()


@pytest_asyncio.fixture
async def page(playing: Playing) -> AsyncIterator[Page]:
    board = Board()
    board.snapshot["queues"] = [queue(3, None)]
    anna = {"agent_id": "anna", "team": "first_line", "presence": "ready", "reason": None, "since": 1, "load": 0}
    board.snapshot["agents"] = [{**anna, "connected": True, "capacity": 3, "display_name": "Anna", "skills": {}}]
    app = web.Application()
    app.router.add_get("/api/v1/board/ws", board.handle)
    app.router.add_get("/api/v1/statistics", board.statistics)
    app.router.add_get("/api/v1/agents/anna/rules", rules)
    app.router.add_get("/api/v1/plans", plans)
    app.router.add_post("/api/v1/what-if", playing.handle)
    StaticPages(FRONTEND).add_to(app)
    async with serve(app) as base, chromium_page() as page:
        page.set_default_timeout(30_000)
        await page.goto(f"{base}/agent/icon.svg")
        await page.evaluate("sessionStorage.setItem('jackfield.token', 't')")
        await page.goto(f"{base}/supervisor/")
        await page.locator(".room").wait_for()
        await page.get_by_role("button", name="Skills").click()
        await page.locator(".what-if").wait_for()
        yield page
        await page.goto("about:blank")


async def test_nothing_to_try_before_something_is_changed_and_then_the_draft_is_asked(
    page: Page, playing: Playing
) -> None:
    button = page.get_by_role("button", name="Try it out")
    await expect(button).to_be_disabled()
    await page.locator("#grade-english").fill("9")
    await expect(button).to_be_enabled()
    await button.press("Enter")
    status = page.locator(".what-if [role=status]")
    await expect(status).to_have_text("Playing the next half hour…")
    assert playing.asked == [{"agents": [{"agent_id": "anna", "skills": {"english": 9}}]}]

    await playing.lines.put(ASSUMED)
    await playing.lines.put(compared(2, done=False, level=measure("unclear", -0.1, 0.2, 0.5)))
    await expect(page.locator(".what-if .going")).to_have_text("After 2 pairs of runs. It gets finer.")
    await expect(status).to_have_text("")
    level = page.locator("[data-queue=orders] [data-measure=level]")
    await expect(level.locator(".verdict")).to_have_text("no clear difference")
    wait = page.locator("[data-queue=orders] [data-measure=wait_us]")
    await expect(wait.locator(".verdict")).to_have_text("better")
    await expect(wait).to_contain_text("1:15")
    await expect(wait).to_contain_text("−0:45 (−1:00 to −0:30)")
    await expect(page.locator("[data-measure=abandoned]")).to_have_count(0)
    await expect(page.locator(".what-if")).to_contain_text("Other queues without a difference in any run: 1.")
    await expect(page.locator("[data-team=first_line] .verdict")).to_have_text("busier")

    await playing.lines.put(compared(40, done=True, level=measure("lower", -0.3, -0.2, -0.1)))
    await playing.lines.put(None)
    await expect(level.locator(".verdict")).to_have_text("worse")
    await expect(level).to_contain_text("−20.0 (−30.0 to −10.0) points")
    await expect(status).to_have_text("After 40 pairs of runs.")
    await page.locator(".what-if summary").click()
    await expect(page.locator(".what-if li")).to_contain_text("84 customers an hour (last hour)")
    await expect(page.locator(".what-if li")).to_contain_text("patience without end (assumed)")

    await page.locator("#grade-english").fill("8")
    await expect(status).to_have_text("The form has changed since. Try again.")


async def test_closing_the_dialog_ends_it(page: Page, playing: Playing) -> None:
    await page.locator("#grade-english").fill("9")
    await page.get_by_role("button", name="Try it out").click()
    await playing.lines.put(ASSUMED)
    await page.locator(".what-if summary").wait_for()
    await page.keyboard.press("Escape")
    async with asyncio.timeout(30):
        await playing.gone.wait()


async def test_others_are_trying(page: Page, playing: Playing) -> None:
    playing.busy = True
    await page.locator("#grade-english").fill("9")
    await page.get_by_role("button", name="Try it out").click()
    await expect(page.locator(".what-if [role=alert]")).to_have_text(
        "Others are trying changes out. Try again in half a minute."
    )
    await expect(page.get_by_role("button", name="Try again")).to_be_enabled()


async def test_a_plan_is_tried_as_it_is_saved(page: Page, playing: Playing) -> None:
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Peak plans").click()
    evening = page.locator("[data-plan=evening]")
    await evening.get_by_role("button", name="Try it out").click()
    await playing.lines.put(ASSUMED)
    await playing.lines.put(compared(2, done=True, level=measure("higher", 0.1, 0.2, 0.3)))
    await playing.lines.put(None)
    await expect(evening.locator("[data-queue=orders] [data-measure=level] .verdict")).to_have_text("better")
    assert playing.asked == [{"plan": "evening"}]
    await expect(page.locator("[data-plan=quiet] .what-if")).to_have_count(0)
