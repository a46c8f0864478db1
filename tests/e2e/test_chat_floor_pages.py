"""Chats that change hands, on the real pages: agents, a visitor and a supervisor, each in a browser of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Person, accept, answer, ask, be, chromium, end, finish, person, said, sign_in, write

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 60}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def at_work(browser: Browser, server: Server, account: str) -> AsyncIterator[Person]:
    """Signed in on the agents' page, and signed out at the end."""
    async with person(browser, server.base) as agent:
        await sign_in(agent, "agent", account, PASSWORD)
        yield agent
        await agent.page.evaluate("document.activeElement?.blur()")
        await be(agent, "not_ready")


async def test_a_chat_is_handed_on_with_a_note(browser: Browser, running_server: Server) -> None:
    async with (
        at_work(browser, running_server, "agent1") as one,
        at_work(browser, running_server, "agent4") as four,
        person(browser, running_server.base) as visitor,
    ):
        await be(one, "ready")
        await ask(visitor, "Where is my parcel?", "Acme Bicycles")
        await accept(one)
        await write(one, "I ask a colleague")
        await be(four, "ready")
        await one.page.keyboard.press("Alt+t")
        sheet = one.page.get_by_role("dialog")
        await expect(sheet).to_contain_text("Transfer the chat")
        await expect(sheet.get_by_role("button", name="Ask")).to_have_count(0)
        await sheet.get_by_label("Note for your colleague").fill("Has waited for two weeks")
        await sheet.locator("li", has_text="Demo agent 4").get_by_role("button", name="Transfer").click()
        await expect(visitor.page.locator(".where")).to_contain_text("A colleague takes over")
        await expect(one.page.locator(".chat:not([hidden]) .wrap-up")).to_be_visible()
        await expect(four.page.locator(".offer .handed-on")).to_contain_text("Has waited for two weeks")
        await answer(visitor, "Is anybody there?")
        await accept(four)
        await expect(visitor.page.locator(".where")).to_contain_text("You are talking with Demo agent 4")
        await expect(four.page.locator(".chat .handed-on")).to_contain_text("Handed on by Demo agent 1")
        await write(four, "I am")
        texts = ["Where is my parcel?", "I ask a colleague", "Is anybody there?", "I am"]
        await said(four.page, texts, ".transcript")
        await said(visitor.page, texts, ".log")
        await expect(visitor.page.locator("body")).not_to_contain_text("Has waited for two weeks")
        await finish(one)
        await end(four)
        await expect(visitor.page.locator(".rating")).to_be_visible()
        await finish(four)
