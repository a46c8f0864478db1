"""The agents' page: a day from signing in to wrap-up, with calls and with chats."""

import re
from contextlib import AsyncExitStack

from playwright.async_api import Page

from tools.screenshots.studio import Studio, accept, write

NUMBER = "+8613800000001"
NOTE = "Told the customer that the parcel arrives tomorrow."
QUESTIONS = (
    ("Visitor One", "Where is my parcel? The order is 20231001.", "en"),
    ("访客二", "你好，我想修改收货地址。", "zh-CN"),
    ("訪客三", "請問檯燈可以退貨嗎？", "zh-TW"),
)


async def finish(page: Page) -> None:
    """Note, disposition, done."""
    await page.locator(".wrap-up:visible textarea").last.fill(NOTE)
    await page.get_by_role("radio", name=re.compile("^Resolved")).locator("visible=true").check()
    await page.locator("[data-key=KeyF]:visible").click()


async def calls(studio: Studio) -> None:
    """A first call in a hurry, a second one picture by picture, with a colleague asked in between."""
    async with studio.page("agent/") as page:
        await studio.show(page, "sign-in")
    async with studio.signed_in("agent/", "agent4") as page:
        await page.locator(".idle .primary:enabled").wait_for()
        await studio.show(page, "agent-idle")
        await page.locator(".idle .primary").click()
        async with studio.calling(NUMBER) as caller:
            await accept(page)
            await page.locator("[data-key=KeyH]:enabled").wait_for()
            await caller.say("voices/caller.wav")
            caller.hang_up()
            await finish(page)
        async with studio.calling(NUMBER) as caller:
            await page.locator(".history li .past-when").first.wait_for()
            await studio.show(page, "agent-offer")
            await accept(page)
            await page.locator("[data-key=KeyH]:enabled").wait_for()
            await page.wait_for_timeout(3_000)
            await studio.show(page, "agent-call")
            await consult(studio, page)
            caller.hang_up()
            await page.locator(".wrap-up").wait_for()
            await page.locator(".wrap-up textarea").last.fill(NOTE)
            await studio.show(page, "agent-wrap-up")
            await finish(page)
        for keys, name in (("Alt+d", "agent-devices"), ("?", "agent-keys")):
            await page.keyboard.press(keys)
            await page.get_by_role("dialog").wait_for()
            await studio.show(page, name)
            await page.keyboard.press("Escape")


async def consult(studio: Studio, page: Page) -> None:
    """Who could be asked, and somebody who is."""
    async with studio.ready("agent1") as colleague:
        await page.keyboard.press("Alt+t")
        sheet = page.get_by_role("dialog")
        await sheet.locator("li", has_text="agent 1").wait_for()
        await studio.show(page, "agent-transfer")
        await sheet.locator("li", has_text="agent 1").get_by_role("button", name="Ask").click()
        await accept(colleague)
        await colleague.locator("[data-key=KeyH]:enabled").wait_for()
        await page.locator("[data-key=KeyS]:enabled").wait_for()
        await studio.show(page, "agent-consult")
        await page.locator("[data-key=KeyB]").click()
        await colleague.locator("[data-key=KeyF]:visible").wait_for()
        await finish(colleague)


async def own_reply(page: Page) -> None:
    """The dialog with one that is kept, and another that is being written."""
    await page.keyboard.press("Alt+l")
    for name, title, text in (
        ("parcel", "Where the parcel is", "{customer}, your parcel is on its way."),
        ("thanks", "Thanks", "Thank you for waiting, {customer}."),
    ):
        await page.locator(".own-reply input[name=name]").fill(name)
        await page.locator(".own-reply input[name=title]").fill(title)
        await page.locator(".own-reply textarea").fill(text)
        if name == "parcel":
            await page.keyboard.press("Tab")
            await page.locator(".own-reply .primary").click()
            await page.locator(".own-replies li").first.wait_for()


async def chats(studio: Studio) -> None:
    """Three chats at once."""
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(studio.ready("agent4"))
        visitors = []
        for name, question, tag in QUESTIONS:
            visitors.append(await stack.enter_async_context(studio.asking(name, question, tag)))
            await accept(page)
            await page.locator(".chat:not([hidden]) .composer textarea:enabled").wait_for()
        await page.get_by_role("tab").nth(0).click()
        await write(page, "Good morning! Let me look that up for you.")
        await write(visitors[0], "Thank you.")
        await write(page, "It left our warehouse yesterday and arrives tomorrow before noon.")
        await write(visitors[0], "Great, then I will be at home.")
        await write(visitors[1], "订单号是 20231002。")
        await page.locator(".chat:not([hidden]) .composer textarea").press_sequentially("You are wel", delay=20)
        await studio.show(page, "agent-chats")
        await own_reply(page)
        await studio.show(page, "agent-replies")
        await page.keyboard.press("Escape")
        for _ in QUESTIONS:
            await page.get_by_role("tab").first.click()
            await page.locator(".chat:not([hidden]) [data-key=KeyX]").click()
            await page.get_by_role("button", name="End it now?").click()
            await page.locator(".chat:not([hidden]) .wrap-up").wait_for()
            await finish(page)
            await page.wait_for_timeout(300)
