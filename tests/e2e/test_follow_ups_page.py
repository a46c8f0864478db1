"""Callbacks and messages on the agents' and the supervisors' page, from a caller's message to the note that ends it."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from records.database import Database, sqlite_url
from records.follow_ups import FollowUps
from tests.audio import tone, write_wav
from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, SUPERVISOR, Server
from tests.frontend.real import Person, person, sign_in

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CALLBACK, MESSAGE = "+3225550181", "+3225550182"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def left(running_server: Server) -> None:
    """As callers leave them (tests/server/calls/test_voicemail.py): a number, and a message with its file."""
    folder = running_server.data_dir / "messages"
    folder.mkdir(exist_ok=True)
    write_wav(folder / "i1-1.wav", tone(440, seconds=2))
    database = await Database.open(sqlite_url(running_server.data_dir / "jackfield.db"))
    try:
        book, now = FollowUps(database), time.time_ns() // 1000
        await book.callback("i0", "orders", CALLBACK, "zh", ("中文", "orders"), now - 65_000_000)
        await book.voicemail("i1", "orders", MESSAGE, "en", (), now, file="i1-1.wav", duration_us=2_000_000)
    finally:
        await database.close()


@pytest_asyncio.fixture(loop_scope="module")
async def agent(browser: Browser, running_server: Server, left: None) -> AsyncIterator[Person]:
    async with person(browser, running_server.base) as agent:
        await sign_in(agent, "agent", "agent1", PASSWORD)
        yield agent


@pytest_asyncio.fixture(loop_scope="module")
async def boss(browser: Browser, running_server: Server, left: None) -> AsyncIterator[Person]:
    async with person(browser, running_server.base, width=1440) as boss:
        await sign_in(boss, "supervisor", SUPERVISOR, PASSWORD)
        await boss.button("^Follow-ups").click()
        yield boss


def row(who: Person, number: str) -> Locator:
    return who.page.locator(".follow-up", has_text=number)


async def test_an_agent_takes_listens_and_finishes_with_a_note(agent: Person, boss: Person) -> None:
    page = agent.page
    await expect(page.locator(".views .badge")).to_have_text("2")
    await page.keyboard.press("Alt+u")
    await expect(page.locator(".follow-up")).to_have_count(2)
    await expect(row(agent, CALLBACK)).to_contain_text("Chinese > Orders")
    message = row(agent, MESSAGE)
    await message.get_by_role("button", name="Take it").press("Enter")
    await expect(message).to_contain_text("you have it")
    await message.get_by_role("button", name="Listen").press("Enter")
    await expect(message.locator("audio")).to_have_js_property("duration", 2)
    await page.get_by_label("Kind").select_option("callback")
    await expect(page.locator(".follow-up")).to_have_count(1)
    await page.get_by_label("Kind").select_option("")
    await page.get_by_label("Who has it").select_option("me")
    await expect(page.locator(".follow-up")).to_have_count(1)
    await message.get_by_role("button", name="Done").press("Enter")
    await page.get_by_role("textbox", name="Note", exact=True).fill("She has her parcel <b>now</b>")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(message).to_have_count(0)
    await page.get_by_label("To do or done").select_option("done")
    await expect(message).to_contain_text("She has her parcel <b>now</b>")
    await expect(page.locator(".views .badge")).to_have_text("1")
    await page.keyboard.press("Alt+w")
    await expect(page.locator(".idle")).to_be_visible()

    await boss.button("Audit log").click()
    rows = boss.page.locator("table.audit tbody tr")
    for number, what in enumerate(("Finished a follow-up", "Listened to a recording", "Gave a follow-up")):
        await expect(rows.nth(number)).to_contain_text(what)
    await expect(boss.page.locator("table.audit")).not_to_contain_text(MESSAGE)


async def test_a_supervisor_gives_one_to_an_agent_and_everybody_sees_it(agent: Person, boss: Person) -> None:
    await agent.button("^Follow-ups").click()
    await expect(row(agent, CALLBACK).get_by_role("button", name="Take it")).to_be_visible()
    await row(boss, CALLBACK).get_by_label("Give it to").select_option(label="Demo agent 2")
    await expect(row(boss, CALLBACK).locator(".tag", has_text="has it")).to_have_text("Demo agent 2 has it")
    await expect(row(agent, CALLBACK)).to_contain_text("Demo agent 2 has it")
    await expect(row(agent, CALLBACK).get_by_role("button")).to_have_count(0)
    await boss.page.locator(".bar select.language").select_option("zh-TW")
    await expect(boss.page.get_by_role("heading", name="回電與留言")).to_be_visible()
    await boss.page.locator(".bar select.language").select_option("en")
