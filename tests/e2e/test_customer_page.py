"""The customer panel on the real page: a possible match, merged and taken apart, and a timeline that follows live."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Person, accept, ask, be, end, finish, person, sign_in

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def agent(browser: Browser, running_server: Server) -> AsyncIterator[Person]:
    async with person(browser, running_server.base) as agent:
        await sign_in(agent, "agent", "agent1", PASSWORD)
        await be(agent, "ready")
        yield agent


async def test_two_browsers_of_one_person(agent: Person, browser: Browser) -> None:
    async with person(browser, agent.base) as at_home, person(browser, agent.base) as at_work:
        await ask(at_home, "from home", "Katharina Vermeulen")
        await accept(agent)
        await end(agent)
        await finish(agent)
        await at_home.page.get_by_role("button", name="Start a new chat").click()

        panel, past = agent.page.locator(".history"), agent.page.locator(".history > ol > li")
        await ask(at_work, "from work", "Katarina Vermeulen")
        await accept(agent)
        match = panel.locator(".match")
        await expect(match).to_contain_text("Possibly the same person")
        await expect(match).to_contain_text("Similar name: Katharina Vermeulen")
        await expect(past).to_have_count(0)

        await panel.get_by_role("button", name="Add a fact").click()
        await panel.get_by_label("What it is").fill("language")
        await panel.get_by_label("Value").fill("Dutch")
        await panel.get_by_role("button", name="Save").click()
        await expect(panel.locator(".attributes")).to_contain_text("Dutch")

        await match.get_by_role("button", name="Same person: merge").click()
        await match.get_by_role("button", name="Merge them now?").click()
        await expect(panel.locator(".match.merged")).to_contain_text("Merged")
        await expect(past).to_have_count(1)
        await expect(panel.locator(".identities li")).to_have_count(2)

        # The same person comes again, from home: it is in the timeline at once, on the page as it stands.
        await be(agent, "not_ready")
        await ask(at_home, "from home again", "Katharina Vermeulen")
        await expect(past).to_have_count(2)
        await at_home.page.locator(".end").click()
        await at_home.page.locator(".end").click()

        await panel.get_by_role("button", name="Somebody else: take apart").click()
        await panel.get_by_role("button", name="Take them apart now?").click()
        await expect(past).to_have_count(0)
        await expect(panel.locator(".identities li")).to_have_count(1)
        await expect(panel.locator(".attributes")).to_contain_text("Dutch")
        await expect(match).to_contain_text("Possibly the same person")
        await end(agent)
        await finish(agent)
