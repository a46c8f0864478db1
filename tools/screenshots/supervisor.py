"""The supervisors' page: the board with work on it, its dialogs, and its other views."""

import shutil
import time
from contextlib import AsyncExitStack

from playwright.async_api import Page, ViewportSize

from records.database import Database, sqlite_url
from records.follow_ups import FollowUps
from tests.e2e.office import Office
from tests.e2e.server import SUPERVISOR, Server
from tools.screenshots.agent import finish
from tools.screenshots.studio import VOICES, Studio, accept, write

# All of it at once: rows out of sight are not painted.
TALLER: ViewportSize = {"width": 1280, "height": 1950}
SIZE: ViewportSize = {"width": 1280, "height": 800}


async def board(studio: Studio) -> None:
    """Agents at work and customers who wait; what can be asked and done about it."""
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(studio.signed_in("supervisor/", SUPERVISOR))
        chatting = await stack.enter_async_context(studio.ready("agent3"))
        talking = await stack.enter_async_context(studio.ready("agent4"))
        away = await stack.enter_async_context(studio.signed_in("agent/", "agent2"))
        await away.locator(".presence-away").click()
        await away.get_by_role("menuitem", name="Lunch").click()
        await stack.enter_async_context(studio.calling("+8613800000001"))
        await accept(talking)
        await talking.locator("[data-key=KeyQ]:enabled").click()
        for name, question, tag in (("Visitor One", "Where is my parcel?", "en"), ("访客二", "你好", "zh-CN")):
            visitor = await stack.enter_async_context(studio.asking(name, question, tag))
            await accept(chatting)
            await chatting.locator(".chat:not([hidden]) .composer textarea:enabled").wait_for()
        await write(chatting, "您好！马上为您查询。")
        await write(visitor, "谢谢")
        await stack.enter_async_context(studio.calling("+8613800000002", mandarin=True))
        await stack.enter_async_context(studio.asking("訪客三", "請問可以退貨嗎？", "zh-TW"))
        await boss.locator(".items > li").nth(1).wait_for()
        await boss.locator(".alerts li").first.wait_for(timeout=40_000)  # the caller has waited too long by then
        await boss.set_viewport_size(TALLER)
        await boss.locator(".items > li", has_text="Orders").first.locator("[aria-expanded]").click()
        await boss.locator(".why-not li").first.wait_for()
        await studio.show(boss, "supervisor", choose=".bar select.language")
        await boss.set_viewport_size(SIZE)
        await dialogs(studio, boss)
        await read_along(studio, boss)


async def dialogs(studio: Studio, boss: Page) -> None:
    """What is asked before something is changed."""
    away = boss.locator("[data-agent=agent2]")
    await away.get_by_role("button", name="Presence").click()
    await boss.get_by_role("radio", name="Ready", exact=True).check()
    await boss.get_by_role("button", name="Try it out").click()
    await boss.locator(".what-if .verdict").first.wait_for()
    await boss.wait_for_timeout(8_000)
    await sheet(studio, boss, "supervisor-what-if")
    await away.get_by_role("button", name="Skills").click()
    await sheet(studio, boss, "supervisor-skills")
    await boss.locator("[data-queue=orders] .queue-acts button").last.click()
    await sheet(studio, boss, "supervisor-queue")
    await boss.get_by_role("button", name="Emergency message").click()
    await sheet(studio, boss, "supervisor-emergency")
    await boss.get_by_role("button", name="Export").click()
    await sheet(studio, boss, "supervisor-export")


async def sheet(studio: Studio, boss: Page, name: str) -> None:
    """The dialog that stands, and away with it."""
    await boss.get_by_role("dialog").wait_for()
    await studio.show(boss, name, choose=".bar select.language")
    await boss.keyboard.press("Escape")
    await boss.get_by_role("dialog").wait_for(state="detached")


async def read_along(studio: Studio, boss: Page) -> None:
    """A chat, with advice to its agent. The supervisor's own desk stands on another page."""
    async with studio.signed_in("agent/", SUPERVISOR):
        await boss.locator("[data-chat]", has_text="访客二").get_by_role("button").first.click()
        await boss.locator(".live-log p").first.wait_for()
        await boss.get_by_role("button", name="Whisper").click()
        await boss.locator(".live-say input").fill("Offer to send it again.")
        await boss.keyboard.press("Enter")
        await boss.locator(".live-line.by-whisper").wait_for()
        await boss.locator(".live-chat").scroll_into_view_if_needed()
        await studio.show(boss, "supervisor-chat", choose=".bar select.language")


async def views(studio: Studio) -> None:
    """What is not live."""
    await left(studio.server)
    await planned(studio.server)
    async with studio.ready("agent1") as agent, studio.calling("+8613800000004") as caller:
        await accept(agent)
        await agent.locator("[data-key=KeyH]:enabled").wait_for()
        await caller.say("voices/caller.wav")
        caller.hang_up()
        await finish(agent)
    async with studio.signed_in("agent/", "agent1") as agent:
        await agent.locator("[data-key=KeyU]").click()
        row = agent.locator(".follow-up", has_text="+8613800000002")
        await row.get_by_role("button", name="Take it").click()
        await row.get_by_role("button", name="Listen").click()
        await row.locator("audio").wait_for()
        await row.get_by_role("button", name="Done").click()
        await studio.show(agent, "agent-follow-ups")
    async with studio.signed_in("supervisor/", SUPERVISOR) as boss:
        for button, name in (("Peak plans", "plans"), ("Follow-ups", "follow-ups"), ("Audit log", "audit")):
            await boss.get_by_role("button", name=button, exact=True).click()
            await boss.locator("main li, main tbody tr").first.wait_for()
            await studio.show(boss, f"supervisor-{name}", choose=".bar select.language")
        await boss.get_by_role("button", name="Interactions", exact=True).click()
        await boss.locator("table.interactions tbody tr").first.wait_for()
        await boss.locator("table.interactions tr", has=boss.locator(".tag")).first.get_by_role("button").click()
        await boss.locator(".recorded button").first.click()
        await boss.locator(".recorded audio").wait_for()
        await studio.show(boss, "supervisor-interactions", choose=".bar select.language")


async def planned(server: Server) -> None:
    """A peak plan that somebody has saved."""
    rows = {"queue:orders": {"priority": 20, "offer_timeout_s": 15}, "agent:agent1": {"queues": {"orders": 1}}}
    titles = {"en": "Evening peak", "zh-CN": "晚高峰", "zh-TW": "晚間尖峰"}
    async with Office(server) as office:
        version = (await office.get("plans"))["version"]
        await office.send("PUT", "plans/evening", {"based_on": version, "title": titles, "rows": rows})


async def left(server: Server) -> None:
    """What callers left, as the services flow keeps it."""
    (server.data_dir / "messages").mkdir(exist_ok=True)
    shutil.copy(VOICES / "voices" / "caller.wav", server.data_dir / "messages" / "shown.wav")
    database = await Database.open(sqlite_url(server.data_dir / "jackfield.db"))
    book, now = FollowUps(database), time.time_ns() // 1000
    wanted = ("中文", "after-sales")
    await book.callback("shown-1", "after_sales", "+8613800000001", "zh", wanted, now - 1_500_000_000)
    this = ("shown-2", "orders", "+8613800000002", "en", ("orders",), now - 600_000_000)
    await book.voicemail(*this, file="shown.wav", duration_us=9_000_000)
    await book.callback("shown-3", "orders", "+8613800000003", "en", ("orders",), now - 120_000_000)
    await database.close()
