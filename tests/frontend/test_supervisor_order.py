"""Answers that come late or in another order: what was asked last is what holds, and nothing is asked twice."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.agents_ws.scripted import now_us
from tests.browser import needs_chromium
from tests.frontend.board import Board, queue
from tests.frontend.test_supervisor_pushes import chat
from tests.waiting import until

pytestmark = [needs_chromium, pytest.mark.browser]


def interaction(name: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("agent_id", "outcome", "wait_us", "talk_us", "recording"))
    return {"id": name, "medium": "voice", "channel": name, "queue": None, "opened_at": now_us(), **nothing}


async def test_an_answer_to_an_earlier_search_is_not_shown_under_a_later_one(page: Page, board: Board) -> None:
    late, answered = asyncio.Event(), asyncio.Event()

    async def search(route: Route) -> None:
        recorded = "recorded" in route.request.url
        if not recorded:
            await late.wait()
        await route.fulfill(json={"items": [interaction("recorded" if recorded else "all")], "next": None})
        if not recorded:
            answered.set()

    await page.route("**/api/v1/interactions?*", search)
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Interactions").click()
    await page.get_by_role("checkbox", name="Recorded").check()
    rows = page.locator("table.interactions tbody tr")
    await expect(rows).to_contain_text(["recorded"])
    async with page.expect_response("**/api/v1/interactions?*"):
        late.set()
        await answered.wait()
    await page.evaluate("new Promise((done) => setTimeout(done))", None)
    await expect(rows).to_contain_text(["recorded"])
    await expect(rows).to_have_count(1)


async def test_a_chat_that_is_put_away_at_once_is_not_listened_to(page: Page, board: Board) -> None:
    asked: list[str] = []
    begun = asyncio.Event()

    async def listener(route: Route) -> None:
        asked.append(route.request.method)
        if route.request.method == "PUT":
            await begun.wait()
        await route.fulfill(status=204)

    await page.route("**/api/v1/chats/c1/listener", listener)
    await page.route("**/api/v1/chats/c1?*", lambda route: route.fulfill(status=404, json={}))
    board.snapshot |= {"queues": [queue(0, None)], "chats": [chat(1)]}
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Read").click()
    await until(lambda: asked == ["PUT"], "it is asked for")
    await page.locator(".live-chat").get_by_role("button", name="Close").click()
    await expect(page.locator(".live-chat")).to_have_count(0)
    await page.evaluate("fetch('/api/v1/alerts').then(() => null)")  # asked after whatever the page asked by now
    assert asked == ["PUT"], "the end would overtake the beginning"
    begun.set()
    await until(lambda: asked == ["PUT", "DELETE"], "it is ended")


async def test_what_is_said_in_a_chat_is_said_once(page: Page, board: Board) -> None:
    said: list[str] = []
    answer, over = asyncio.Event(), asyncio.Event()
    view = {"chat": chat(1), "lines": [], "whispers": [], "version": 1}

    async def read(route: Route) -> None:
        if "wait=" in route.request.url:
            await over.wait()
        await route.fulfill(json=view)

    async def say(route: Route) -> None:
        said.append((route.request.post_data_json or {})["text"])
        await answer.wait()
        await route.fulfill(status=204)

    await page.route("**/api/v1/chats/c1/listener", lambda route: route.fulfill(status=204))
    await page.route("**/api/v1/chats/c1?*", read)
    await page.route("**/api/v1/chats/c1/messages", say)
    board.snapshot |= {"queues": [queue(0, None)], "chats": [chat(1)]}
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Read").click()
    pane = page.locator(".live-chat")
    await pane.get_by_role("button", name="Barge in").click()
    await pane.get_by_role("textbox").fill("I am here too")
    for _ in range(3):
        await page.keyboard.press("Enter")
    await until(lambda: bool(said), "it is being said")
    await page.evaluate("fetch('/api/v1/alerts').then(() => null)")  # asked after whatever the page asked by now
    answer.set()
    await expect(pane.get_by_role("textbox")).to_have_value("")
    assert said == ["I am here too"]
    over.set()


async def test_what_is_chosen_before_the_rules_are_there_stays_chosen(page: Page, board: Board) -> None:
    late = asyncio.Event()

    async def rules(route: Route) -> None:
        await late.wait()
        await route.fulfill(json={"version": "v1", "opening": "hours", "rules": {}})

    await page.route("**/api/v1/queues/orders/rules", rules)
    board.snapshot |= {"queues": [{**queue(0, None), "opening": "hours"}]}
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Open: Orders").click()
    await page.get_by_role("radio", name="Closed").check()
    async with page.expect_response("**/api/v1/queues/orders/rules"):
        late.set()
    await expect(page.get_by_role("dialog").get_by_role("button", name="Set")).to_be_enabled()
    await expect(page.get_by_role("radio", name="Closed")).to_be_checked()
