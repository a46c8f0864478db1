"""Where the site runs, on the supervisors' page: shown where that is more than one process, and kept up to date."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import needs_chromium
from tests.frontend.board import Board, node, shard

pytestmark = [needs_chromium, pytest.mark.browser]


async def says(panel: Locator, row: str, *cells: str | re.Pattern[str]) -> None:
    await expect(panel.locator(row).locator("th, td")).to_have_text(list(cells))


async def a_minute(page: Page, board: Board) -> None:
    """With the board's beats, without which the connection counts as dead."""
    for _ in range(13):
        await page.clock.run_for(5_000)
        await board.say({"type": "beat"})


async def test_a_site_of_one_node_has_no_panel_until_it_has_two(page: Page, board: Board) -> None:
    board.shards, board.nodes = [shard("s0", here=True)], [node("a.1", here=True, role="owner")]
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    async with page.expect_response("**/api/v1/nodes"):
        await a_minute(page, board)
    await expect(page.locator(".shards")).to_have_count(0)
    board.nodes.append(node("b.1", state="draining"))
    await a_minute(page, board)
    panel = page.get_by_role("region", name="Nodes")
    await says(panel, "[data-node='a.1']", "a.1 this one", "Works", "decides epoch 4", "7", "8", "9")
    await says(panel, "[data-node='b.1']", "b.1", "Ends when its calls are over", "follows", "7", "8", "9")
    await expect(panel.locator("[data-shard]")).to_have_count(0)
    board.nodes[1] = node("b.1", state="unreachable", role="unknown", calls=0)
    await page.clock.run_for(6_000)
    await says(panel, "[data-node='b.1']", "b.1", "Does not answer", "not known", "–", "–", "–")


async def test_each_shard_says_how_it_is(page: Page, board: Board) -> None:
    board.shards = [
        shard("north", here=True, nowhere=[{"queue": "far", "reason": "there is no such queue"}]),
        shard("east", sums={"trouble": "3 decisions wait for the store: OOM"}),
        shard("south", reached=False, sums={"oldest_queued_at": None}),
        shard("west", reached=False, owner="", pages=[], sums={"oldest_queued_at": None}),
    ]
    board.nodes = [node("a.1", here=True, role="owner")]
    await page.goto(f"{board.base}/supervisor/")
    panel = page.get_by_role("region", name="Shards and nodes")
    minute = re.compile(r"^1:0\d$")
    health = "Works Nothing can go to far"
    await says(panel, "[data-shard=north]", "north this one", health, "north.1 epoch 4", "2", minute, "3", "5", "–")
    await says(panel, "[data-shard=east]", "east", "Routing pauses", "east.1 epoch 4", "2", minute, "3", "5", "Open")
    await says(panel, "[data-shard=south]", "south", "Not reached", "south.1 epoch 4", "–", "–", "–", "–", "Open")
    await says(panel, "[data-shard=west]", "west", "Nobody decides", "–", "–", "–", "–", "–", "–")
    link = panel.get_by_role("link", name="Open the page of south")
    await expect(link).to_have_attribute("href", "http://south.example:8080/supervisor/")
    await expect(panel.locator("[data-node]")).to_have_count(0)  # one node is what the first row says

    board.answers.clear()
    await page.clock.run_for(6_000)
    await expect(panel.locator("h2")).to_contain_text("may be out of date")
    await expect(panel.locator("[data-shard=south]")).to_contain_text("Not reached")
    board.answers.set()
    await page.clock.run_for(6_000)
    await expect(panel.locator("h2")).not_to_contain_text("may be out of date")
