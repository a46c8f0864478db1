"""Why an agent has nothing to do, and why an item went to whom it went, on the supervisors' page."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.agents_ws.scripted import now_us
from tests.browser import needs_chromium
from tests.frontend.board import Board, item, people, queue

pytestmark = [needs_chromium, pytest.mark.browser]


def reason(code: str, **more: Any) -> dict[str, Any]:
    return {"agent_id": "a1", "reason": code, "summary": "", "load": 3, "capacity": 4, "queues": [], **more}


async def test_an_agent_without_work_is_explained_and_again_when_the_board_changes(page: Page, board: Board) -> None:
    (agent,) = people(1)
    board.snapshot |= {"queues": [queue(2, None)], "agents": [agent], "work": [item(1)]}
    board.explanations["a1"] = reason(
        "rules",
        queues=[
            {"queue": "orders", "medium": "voice", "waiting": 2, "first_failed": "skill", "detail": "orders below 5"},
            {"queue": "empty", "medium": "voice", "waiting": 0, "first_failed": None, "detail": ""},
        ],
    )
    await page.goto(f"{board.base}/supervisor/")
    row = page.locator("[data-agent=a1]")
    await row.get_by_role("button", name="Why Agent 001 gets no work").press("Enter")
    why = row.locator(".agent-why")
    await expect(why).to_contain_text("Something waits, and none of it fits")
    await expect(why.locator("li")).to_have_count(1)
    await expect(why.locator("li")).to_contain_text("Orders 2 waiting")
    board.explanations["a1"] = reason("total_units")
    await board.change(agents=[{**agent, "load": 4}])
    await page.clock.run_for(2_500)
    await expect(why).to_contain_text("Holds 3 of 4 units")
    await row.get_by_role("button", name="Why Agent 001 gets no work").press("Enter")
    await expect(why).to_have_count(0)


async def test_an_item_in_service_tells_to_whom_it_was_offered_and_why(page: Page, board: Board) -> None:
    agents = people(2)
    served = {**item(1), "state": "connected", "agent_id": "a1", "since": now_us()}
    kept = {**item(2), "state": "connected", "agent_id": "a2", "since": now_us(), "directed": "a2"}
    board.snapshot |= {"queues": [queue(0, None)], "agents": agents, "work": [served, kept]}
    offer = {"sequence": 7, "at": now_us(), "strategy": "best_proficiency", "terms": {"proficiency": 8, "load": 250}}
    board.explanations["w1"] = {"offers": [{**offer, "agent_id": "a1", "runner_up": "a2"}]}
    board.explanations["w2"] = {"offers": [{**offer, "agent_id": "a2", "runner_up": None}]}
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="In service").click()
    first, second = page.locator("[data-work=w1]"), page.locator("[data-work=w2]")
    await first.get_by_role("button", name="Why them").press("Enter")
    told = first.locator(".item-why li")
    await expect(told).to_contain_text("best proficiency · Proficiency 8 · Load 25 %")
    await expect(told).to_contain_text("Next in line: Agent 002")
    await second.get_by_role("button", name="Why them").press("Enter")
    await expect(second.locator(".item-why li")).to_contain_text("meant for them by name")
    await expect(second.locator(".item-why li")).not_to_contain_text("Proficiency")
