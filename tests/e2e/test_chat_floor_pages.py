"""Chats that are parked, read along and taken over, on the real pages; handing one on is in test_story_page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Person, accept, answer, ask, be, end, finish, person, said, sign_in, write

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 60}


@asynccontextmanager
async def at_work(browser: Browser, server: Server, account: str) -> AsyncIterator[Person]:
    """Signed in on the agents' page, and signed out at the end."""
    async with person(browser, server.base) as agent:
        await sign_in(agent, "agent", account, PASSWORD)
        yield agent
        await agent.page.evaluate("document.activeElement?.blur()")
        await be(agent, "not_ready")


async def test_a_parked_chat_comes_back_when_the_visitor_writes(browser: Browser, running_server: Server) -> None:
    async with (
        at_work(browser, running_server, "agent1") as one,
        person(browser, running_server.base) as visitor,
    ):
        await be(one, "ready")
        await ask(visitor, "Where is my parcel?", "Acme Bicycles")
        await accept(one)
        await write(one, "Which number has the invoice?")
        await expect(visitor.page.locator(".line.agent .said")).to_have_count(1)
        await one.page.evaluate("document.activeElement?.blur()")
        await one.page.keyboard.press("Alt+p")
        await one.page.get_by_role("dialog").get_by_role("button", name="For 1 hour").click()
        await expect(one.page.locator(".chats")).to_have_count(0)
        await expect(one.page.locator(".parked li")).to_contain_text("Acme Bicycles")
        await expect(visitor.page.locator(".where")).to_contain_text("Demo agent 1 waits for your answer")
        await one.page.reload()
        await expect(one.page.locator(".parked li")).to_contain_text("Which number has the invoice?")
        await answer(visitor, "It is 4711")
        await accept(one)
        await expect(one.page.locator(".parked")).to_have_count(0)
        texts = ["Where is my parcel?", "Which number has the invoice?", "It is 4711"]
        await said(one.page, texts, ".transcript")
        await end(one)
        await finish(one)


async def test_a_supervisor_is_asked_reads_whispers_writes_and_takes_over(
    browser: Browser, running_server: Server
) -> None:
    async with (
        at_work(browser, running_server, "agent1") as one,
        person(browser, running_server.base) as floor,
        person(browser, running_server.base) as visitor,
        at_work(browser, running_server, "supervisor1") as own,
    ):
        await sign_in(floor, "supervisor", "supervisor1", PASSWORD)
        await be(one, "ready")
        await ask(visitor, "Where is my parcel?", "Acme Bicycles")
        await accept(one)
        await write(one, "Let me see")
        await one.page.evaluate("document.activeElement?.blur()")
        await one.page.keyboard.press("Alt+q")
        await expect(one.page.locator(".chat:not([hidden]) .help-state")).to_contain_text("A supervisor has been asked")
        await expect(floor.page.locator(".help li")).to_contain_text("Demo agent 1")
        await floor.page.get_by_role("button", name="I look after Demo agent 1").click()
        await expect(one.page.locator(".chat:not([hidden]) .help-state")).to_contain_text("looks after it")

        await floor.page.get_by_role("button", name="Be with Demo agent 1 now").click()
        await expect(floor.page.locator(".help li")).to_have_count(0)
        await expect(one.page.locator(".help-state .tag")).to_have_count(0)
        log = floor.page.locator(".live-log")
        await expect(log).to_contain_text("Let me see")
        await expect(one.page.locator(".watched")).to_contain_text("reads along")
        await answer(visitor, "Since two weeks!")
        await expect(log).to_contain_text("Since two weeks!")

        await floor.page.get_by_role("button", name="Whisper").click()
        await floor.page.get_by_label("To the agent alone").fill("Offer a refund")
        await floor.page.keyboard.press("Enter")
        await expect(one.page.locator(".watched .whisper")).to_contain_text("Offer a refund")
        await expect(log).to_contain_text("Offer a refund")
        await one.page.reload()
        await expect(one.page.locator(".watched .whisper")).to_contain_text("Offer a refund")

        await floor.page.get_by_role("button", name="Barge in").click()
        await floor.page.get_by_label("To the visitor and the agent").fill("We refund it today")
        await floor.page.keyboard.press("Enter")
        await expect(visitor.page.locator(".log")).to_contain_text("We refund it today")
        await expect(visitor.page.locator(".log")).to_contain_text("Demo supervisor")
        texts = ["Where is my parcel?", "Let me see", "Since two weeks!", "We refund it today"]
        await said(one.page, texts, ".transcript")
        await said(visitor.page, texts, ".log")

        await floor.page.get_by_role("button", name="Take over").click()
        await floor.page.get_by_role("button", name="Take it over now?").click()
        await expect(one.page.locator(".chat:not([hidden]) .wrap-up")).to_be_visible()
        await expect(visitor.page.locator(".where")).to_contain_text("You are talking with Demo supervisor")
        await expect(own.page.locator(".chat:not([hidden]) .composer textarea")).to_be_enabled()
        await write(own, "It is yours")
        await said(visitor.page, [*texts, "It is yours"], ".log")
        await expect(visitor.page.locator("body")).not_to_contain_text("Offer a refund")
        await finish(one)
        await end(own)
        await finish(own)
