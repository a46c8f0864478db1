"""Internal notes on the real pages: written by keyboard, told to the colleague who is named, unseen by the visitor."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Person, accept, ask, be, end, finish, person, sign_in, write

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SECRET = "has called three times already"


async def heard_by(visitor: Person) -> list[str]:
    """Every frame and every answer that the visitor's page gets from now on."""
    heard: list[str] = []
    visitor.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    visitor.page.on("response", lambda answer: heard.append(answer.url))
    return heard


async def test_a_colleague_is_told_and_the_visitor_is_not(browser: Browser, running_server: Server) -> None:
    base = running_server.base
    async with person(browser, base) as agent, person(browser, base) as colleague, person(browser, base) as visitor:
        await sign_in(agent, "agent", "agent1", PASSWORD)
        await sign_in(colleague, "agent", "agent2", PASSWORD)
        await be(agent, "ready")
        heard = await heard_by(visitor)
        await ask(visitor, "Where is it?", "Ms Impatient")
        await accept(agent)

        here = agent.page
        await expect(here.get_by_label("Your message")).to_be_focused()
        await here.keyboard.press("Alt+i")
        note = here.get_by_label("Internal note", exact=True).locator("visible=true").last
        await expect(note).to_be_focused()
        await note.press_sequentially("@agent2")
        await expect(here.locator(".picker").get_by_role("option")).to_have_count(1)
        await note.press("Enter")
        await expect(note).to_have_value("@Demo agent 2 ")
        await note.press_sequentially(SECRET)
        await note.press("Enter")
        await expect(here.locator(".bubble.internal")).to_contain_text(f"@Demo agent 2 {SECRET}")
        await expect(here.get_by_label("Your message")).to_be_focused()

        told = colleague.page.locator(".mention")
        await expect(told).to_contain_text(f"Demo agent 1 mentioned you @Demo agent 2 {SECRET}")
        await colleague.page.reload()
        await expect(told).to_contain_text(SECRET)
        await told.get_by_role("button", name="Show").click()
        await expect(colleague.page.get_by_role("dialog")).to_contain_text("Where is it?")
        await colleague.page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await expect(told).to_have_count(0)
        await colleague.page.reload()
        await expect(colleague.page.locator(".bar")).to_be_visible()
        await expect(told).to_have_count(0)

        await write(agent, "a word to the customer")
        await expect(visitor.page.locator(".log")).to_contain_text("a word to the customer")
        # Drafts survive a reload, one for the customer and one for colleagues.
        await here.get_by_label("Your message").fill("half a sentence")
        await here.get_by_role("button", name="Internal note").click()
        await note.fill("half a note")
        await here.reload()
        await expect(here.get_by_label("Your message")).to_have_value("half a sentence")
        await here.get_by_role("button", name="Internal note").click()
        await expect(note).to_have_value("half a note")
        await note.press("Escape")
        await expect(here.locator(".transcript .said")).to_have_text(
            ["Where is it?", f"@Demo agent 2 {SECRET}", "a word to the customer"]
        )
        await visitor.page.reload()
        await expect(visitor.page.locator(".log")).to_contain_text("a word to the customer")
        assert any("a word to the customer" in each for each in heard)
        assert not any(SECRET in each or "note" in each for each in heard)
        assert SECRET not in await visitor.page.content()
        await end(agent)
        await finish(agent)
