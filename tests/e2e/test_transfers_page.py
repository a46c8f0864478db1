"""A warm transfer between two people at their pages, by what they can click, measured by what each of them hears."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import needs_chromium
from tests.e2e.browsers import BrowserAgent, browser_agent
from tests.e2e.callers import calling
from tests.e2e.ears import TONES, CallerEar, Hearing, who_hears, write_voices
from tests.e2e.office import Office, step
from tests.e2e.server import Server
from tests.e2e.site import ORDERS

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.timeout(90)]

MUSIC = {"music"}


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 1}


async def shows(agent: BrowserAgent, *parties: str) -> None:
    """The page names these, each with their state."""
    await expect(agent.page.locator(".parties li")).to_have_count(len(parties))
    for row, text in enumerate(parties):
        await expect(agent.page.locator(".parties li").nth(row)).to_contain_text(text)


async def test_ask_first_swap_join_and_complete(running_server: Server, office: Office, tmp_path: Path) -> None:
    write_voices(tmp_path)
    async with (
        browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one,
        calling(running_server, tmp_path, "page-1", ORDERS) as caller,
    ):
        saying = asyncio.create_task(caller.say("caller.wav"))
        await one.accept()
        await office.story_has("page-1", "joined")
        async with browser_agent(running_server, tmp_path, "agent4", TONES["agent4"]) as four:
            ears: dict[str, Hearing] = {"caller": CallerEar(caller, tmp_path), "agent1": one, "agent4": four}
            await one.page.keyboard.press("Alt+t")
            ask = one.page.get_by_role("dialog").locator("li", has_text="4").get_by_role("button", name="Ask")
            await ask.click(timeout=10_000)
            await shows(one, "On hold", "You", "Being called")
            await four.accept()
            await shows(one, "On hold", "You", "In the call")
            assert await who_hears(ears) == {"caller": MUSIC, "agent1": {"agent4"}, "agent4": {"agent1"}}
            await one.page.get_by_role("button", name="Swap").click()
            await shows(one, "In the call", "You", "On hold")
            assert await who_hears(ears) == {"caller": {"agent1"}, "agent1": {"caller"}, "agent4": MUSIC}
            await one.page.get_by_role("button", name="Join all").click()
            await expect(one.page.locator(".call .eyebrow")).to_have_text("Conference")
            everybody = set(ears)
            assert await who_hears(ears) == {name: everybody - {name} for name in ears}
            await one.page.get_by_role("button", name="Complete transfer").click()
            await expect(one.page.locator(".wrap-up")).to_be_visible()
            await expect(four.page.locator(".parties")).to_have_count(0)
            assert await who_hears(ears) == {"caller": {"agent4"}, "agent1": set(), "agent4": {"caller"}}
            await four.page.get_by_role("button", name="Hang up").click()
            async with asyncio.timeout(5):
                await caller.ended.wait()
            saying.cancel()
            await four.sign_out()
        await one.sign_out()
    view = await office.interaction("page-1")
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent4")
    assert step(view, "transfer_asked") == {"agent": "agent4", "by": "agent1", "warm": "yes"}
    await office.quiet()
