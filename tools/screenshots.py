"""`python -m tools.screenshots [NAME ...]`: pictures of every page at real work, into docs/img.

Starts a server of its own, calls in by SIP (twice, so that there is an earlier interaction), opens chats from the demo
page, and works the pages in Chromium as people would: wide and as on a telephone, light and dark, in three languages.
NAMEs pick among agent, chat, visitor, supervisor, follow_ups, wallboard and start. Needs chromium.
"""

import asyncio
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.filter
from playwright.async_api import Browser, Page, async_playwright, expect

from records.database import Database, sqlite_url
from records.follow_ups import FollowUps
from tests.browser import CHROMIUM
from tests.frontend.real import ARGUMENTS
from tools.call.caller import Caller

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "img"
VOICES = ROOT / "tools" / "call"
AGENT, PASSWORD, ORDER = "agent4", "demo-jackfield", "20231001"
WIDE, PHONE, TV = (1280, 800), (390, 800), (1920, 1080)
SETTLED_MS = 600
COLOURS = 192


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(folder: str) -> Iterator[tuple[int, int]]:
    """A running server; gives (HTTP port, SIP port)."""
    http, sip = free_port(), free_port()
    first = 42_000 + 2 * (os.getpid() % 3_000)
    flags = ["--http-port", str(http), "--sip-port", str(sip), "--data-dir", folder]
    flags += ["--rtp-ports", f"{first}-{first + 199}", "--log-level", "error"]
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "run", *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout or ():
            if line.strip() == "ready":
                break
        else:
            raise RuntimeError("the server did not start")
        yield http, sip
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@dataclass(frozen=True, slots=True)
class Studio:
    """A browser before a running server."""

    browser: Browser
    http: int
    sip: int
    folder: Path

    @asynccontextmanager
    async def page(
        self, path: str, size: tuple[int, int] = WIDE, locale: str = "en-GB", dark: bool = False
    ) -> AsyncIterator[Page]:
        """A page of its own person."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, color_scheme="dark" if dark else "light"
        )
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{self.http}/{path}")
        yield page
        await context.close()

    @asynccontextmanager
    async def signed_in(self, path: str, account: str) -> AsyncIterator[Page]:
        """A page of the staff."""
        async with self.page(path) as page:
            await page.locator("input[name=account]").fill(account)
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.locator("form button").click()
            await page.locator(".bar").wait_for()
            yield page

    @asynccontextmanager
    async def asking(self, name: str, question: str, *, query: str = "", **look: object) -> AsyncIterator[Page]:
        """A visitor who has asked, and ends the chat if nobody did."""
        async with self.page(f"visitor/{query}", **look) as page:  # type: ignore[arg-type]
            await page.locator(".launcher").click()
            await page.locator("input[name=name]").fill(name)
            await page.locator("textarea[name=question]").fill(question)
            await page.locator(".form .primary").click()
            await page.locator(".where").wait_for()
            yield page


async def picture(page: Page, name: str) -> None:
    """One picture, once the page has come to rest."""
    await page.wait_for_timeout(SETTLED_MS)
    (OUT / f"{name}.png").write_bytes(in_few_colours(await page.screenshot()))
    print(f"docs/img/{name}.png")


def in_few_colours(png: bytes) -> bytes:
    """The picture with a palette: a third of the size, and nobody sees the difference on a page of flat colours."""
    with av.open(io.BytesIO(png), "r") as source:
        frame = next(source.decode(video=0))
    graph = av.filter.Graph()
    start = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    both, palette = graph.add("split"), graph.add("palettegen", f"max_colors={COLOURS}:reserve_transparent=0")
    painted, end = graph.add("paletteuse", "dither=none"), graph.add("buffersink")
    start.link_to(both)
    both.link_to(painted, 0, 0)
    both.link_to(palette, 1, 0)
    palette.link_to(painted, 0, 1)
    painted.link_to(end)
    graph.configure()
    start.push(frame)
    start.push(None)
    drawn = end.pull()
    if not isinstance(drawn, av.VideoFrame):
        raise TypeError(f"a picture was expected, not {drawn!r}")
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = frame.width, frame.height, "pal8", Fraction(1)
    encoder.options = {"compression_level": "9"}
    return b"".join(bytes(packet) for packet in (*encoder.encode(drawn), *encoder.encode(None)))


async def looks(page: Page, name: str) -> None:
    """Light, dark, and as on a telephone."""
    await picture(page, name)
    await page.emulate_media(color_scheme="dark")
    await picture(page, f"{name}-dark")
    await page.emulate_media(color_scheme="light")
    wide = page.viewport_size
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await picture(page, f"{name}-phone")
    if wide:
        await page.set_viewport_size(wide)


async def call_in(sip: int, number: str = "+8613800000001") -> Caller:
    """A caller who chose orders and gave an order number."""
    caller = await Caller(number, VOICES).__aenter__()
    await caller.dial(f"sip:4000@127.0.0.1:{sip}")
    await asyncio.sleep(1.0)
    await caller.press("1")
    await asyncio.sleep(1.5)
    await caller.press(f"{ORDER}#")
    return caller


async def agent(studio: Studio) -> None:
    """A first call in a hurry, a second one picture by picture."""
    async with studio.page("agent/") as page:
        await picture(page, "agent-sign-in")
    async with studio.signed_in("agent/", AGENT) as page:
        await page.get_by_role("button", name="Go ready").click()
        for number in (1, 2):
            caller = await call_in(studio.sip)
            accept = page.get_by_role("button", name=re.compile("^Accept"))
            await accept.wait_for(timeout=30_000)
            if number == 2:
                await page.locator(".history li .past-when").first.wait_for()
                await picture(page, "agent-offer")
            await accept.click()
            await page.get_by_role("button", name=re.compile("^Hold")).wait_for()
            await caller.say("voices/caller.wav") if number == 1 else await page.wait_for_timeout(3_000)
            if number == 2:
                await looks(page, "agent-call")
            caller.hang_up()
            finish = page.get_by_role("button", name=re.compile("^Finish"))
            await finish.wait_for()
            await page.get_by_role("textbox", name="Note", exact=True).fill(
                "Told the customer that the parcel arrives tomorrow."
            )
            await page.get_by_role("radio", name=re.compile("^Resolved")).check()
            if number == 2:
                await picture(page, "agent-wrap-up")
            await finish.click()
            await caller.__aexit__(None, None, None)
        await sign_out(page)


async def sign_out(page: Page) -> None:
    """So that nobody is offered anything any more."""
    await page.locator(".account button").click()
    await page.locator(".sign-in").wait_for()


async def accept(page: Page) -> None:
    """Take the offer, whatever the language."""
    await page.locator(".offer .accept").click()
    await page.locator(".chat:not([hidden]) .composer textarea:enabled").wait_for()


async def write(page: Page, *texts: str) -> None:
    """Say something in the chat in front, or in the widget."""
    for text in texts:
        field = page.locator(".chat:not([hidden]) .composer textarea, .talk .composer textarea")
        await field.fill(text)
        await field.press("Enter")
        await page.wait_for_timeout(300)


async def chat(studio: Studio) -> None:
    """An agent with three chats, one after the other taken, and what the first visitor sees meanwhile."""
    questions = (
        ("Visitor One", "Where is my parcel? The order is 20231001."),
        ("访客二", "你好，我想修改收货地址。"),
        ("Visitor Three", "Can I return a lamp that is <b>too bright</b>?"),
    )
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(studio.signed_in("agent/", AGENT))
        await page.get_by_role("button", name="Go ready").click()
        visitors = []
        for number, (name, question) in enumerate(questions):
            visitors.append(await stack.enter_async_context(studio.asking(name, question)))
            await page.locator(".offer").wait_for()
            if number == 0:
                await picture(page, "chat-offer")
            if number == 2:
                await picture(page, "chat-offer-beside")
            await accept(page)
        await page.get_by_role("tab").nth(0).click()
        await write(page, "Good morning! Let me look that up for you.")
        await write(visitors[0], "Thank you.")
        await write(page, "It left our warehouse yesterday and arrives tomorrow before noon.")
        await write(visitors[0], "Great, then I will be at home.")
        await write(visitors[1], "订单号是 20231002。")
        await visitors[2].locator(".composer textarea").press_sequentially("It was", delay=20)
        await page.locator(".chat:not([hidden]) .composer textarea").press_sequentially("You are wel", delay=20)
        await picture(visitors[0], "visitor-talking")
        await looks(page, "chat")
        await page.locator("select.language").first.select_option("zh-CN")
        await page.get_by_role("tab").nth(1).click()
        await write(page, "您好！马上为您修改。")
        await picture(page, "chat-zh-CN")
        await page.locator("select.language").first.select_option("en")
        for number, _ in enumerate(questions):
            await page.get_by_role("tab").first.click()
            await page.get_by_role("button", name=re.compile("^End chat")).click()
            await page.get_by_role("button", name="End it now?").click()
            await page.locator(".chat:not([hidden]) .wrap-up").wait_for()
            if number == 0:
                await picture(page, "chat-wrap-up")
                await picture(visitors[0], "visitor-rating")
                await visitors[0].get_by_role("button", name="5 of 5").click()
            await page.get_by_role("button", name=re.compile("^Finish")).click()
            await page.wait_for_timeout(300)
        await sign_out(page)


async def visitor(studio: Studio) -> None:
    """The demo page, its form, its queue and its call."""
    async with studio.page("visitor/") as page:
        await picture(page, "visitor-page")
        await page.locator(".launcher").click()
        await looks(page, "visitor-form")
        await page.get_by_role("button", name="Call from this page").click()
        await page.locator(".keys").wait_for()
        await page.locator(".keys button").first.click()
        await picture(page, "visitor-call")
        await page.get_by_role("button", name="Hang up").click()
    for tag in ("zh-CN", "zh-TW"):
        look = {"size": PHONE, "dark": tag == "zh-TW"}
        async with studio.asking("", "请问我的包裹到哪里了？", query=f"?locale={tag}", **look) as page:
            await picture(page, f"visitor-waiting-{tag}")
            for _ in range(2):
                await page.locator(".end").click()
            await page.locator(".rating").wait_for()


async def supervisor(studio: Studio) -> None:
    """The board with agents at work and customers who wait, its questions and its log."""
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(studio.signed_in("supervisor/", "supervisor1"))
        await boss.set_viewport_size({"width": 1440, "height": 900})
        first = await stack.enter_async_context(studio.signed_in("agent/", "agent1"))
        await first.get_by_role("button", name="Go ready").click()
        second = await stack.enter_async_context(studio.signed_in("agent/", "agent2"))
        await second.locator(".presence-away").click()
        await second.get_by_role("menuitem", name="Lunch").click()
        await stack.enter_async_context(studio.asking("Visitor One", "Where is my parcel?"))
        await accept(first)
        people = [
            await stack.enter_async_context(studio.asking(f"访客 {n}", "你好", query="?locale=zh-CN")) for n in (2, 3)
        ]
        caller = await call_in(studio.sip)
        stack.push_async_callback(caller.__aexit__, None, None, None)
        await boss.locator(".items li").nth(2).wait_for()
        await boss.get_by_role("button", name="Why not yet").last.click()
        await boss.locator(".why-not li").first.wait_for()
        await looks(boss, "supervisor")
        await boss.get_by_role("button", name="Direct", exact=True).last.click()
        await picture(boss, "supervisor-direct")
        await boss.locator("select[name=agent]").select_option("agent3")
        await boss.get_by_label("Comment").fill("speaks Mandarin")
        await boss.get_by_role("button", name="Set", exact=True).click()
        await boss.locator("[data-agent=agent3]").get_by_role("button", name="Skills").click()
        await boss.get_by_role("spinbutton", name="orders").fill("8")
        await boss.get_by_label("Comment").fill("trained on orders")
        await picture(boss, "supervisor-skills")
        await boss.get_by_role("button", name="Save").click()
        await boss.locator("dialog").wait_for(state="detached")
        await expect(boss.locator(".notice")).to_have_count(0)
        await boss.locator(".alerts li").first.wait_for()  # the caller has waited too long by now
        await boss.evaluate("scrollTo(0, 0)")
        for tag in ("zh-CN", "zh-TW"):
            await boss.locator(".bar select.language").select_option(tag)
            await picture(boss, f"supervisor-{tag}")
        await boss.locator(".bar select.language").select_option("en")
        await boss.get_by_role("button", name="Audit log").click()
        await boss.locator("table.audit").wait_for()
        await picture(boss, "supervisor-audit")
        caller.hang_up()
        for page in people:
            for _ in range(2):
                await page.locator(".end").click()


async def follow_ups(studio: Studio) -> None:
    """What callers left, as the services flow keeps it, on both pages."""
    (studio.folder / "messages").mkdir(exist_ok=True)
    shutil.copy(VOICES / "voices" / "caller.wav", studio.folder / "messages" / "shown.wav")
    database = await Database.open(sqlite_url(studio.folder / "jackfield.db"))
    book, now = FollowUps(database), time.time_ns() // 1000
    await book.callback("shown-1", "after_sales", "+8613800000001", "zh", ("中文", "after-sales"), now - 1_500_000_000)
    this = await book.voicemail(
        "shown-2",
        "orders",
        "+8613800000002",
        "en",
        ("orders",),
        now - 600_000_000,
        file="shown.wav",
        duration_us=9_000_000,
    )
    await book.callback("shown-3", "orders", "+8613800000003", "en", ("orders",), now - 120_000_000)
    await database.close()
    async with studio.signed_in("agent/", AGENT) as page:
        await page.get_by_role("button", name=re.compile("^Follow-ups")).click()
        row = page.locator(f"[data-follow-up='{this}']")
        await row.get_by_role("button", name="Take it").click()
        await row.get_by_role("button", name="Listen").click()
        await row.locator("audio").wait_for()
        await row.get_by_role("button", name="Done").click()
        await looks(page, "follow-ups")
        await sign_out(page)
    async with studio.signed_in("supervisor/", "supervisor1") as page:
        await page.get_by_role("button", name="Follow-ups").click()
        await page.locator(".follow-up").first.wait_for()
        await page.locator(".bar select.language").select_option("zh-CN")
        await picture(page, "follow-ups-supervisor-zh-CN")


async def start(studio: Studio) -> None:
    """Where to go."""
    async with studio.page("") as page:
        await picture(page, "start")


async def wallboard(studio: Studio) -> None:
    """A link is made, and opened on a screen while somebody waits; what a change would do about it."""
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(studio.signed_in("supervisor/", "supervisor1"))
        idle = await stack.enter_async_context(studio.signed_in("agent/", "agent1"))
        await idle.locator(".presence-away").click()
        await idle.get_by_role("menuitem", name="Lunch").click()
        asking = [await stack.enter_async_context(studio.asking(f"Visitor {n}", "Where is it?")) for n in range(1, 4)]
        await boss.get_by_role("button", name="Wallboards").click()
        links = boss.locator(".wallboards")
        await links.locator("form input[name=name]").fill("Hall, first floor")
        for box in await links.get_by_role("checkbox").all():
            await box.check()
        await links.get_by_role("button", name="Make a link").click()
        address = await links.locator(".address input").input_value()
        token = address.partition("#")[2]
        shown = "http://127.0.0.1/wallboard/#jfw_shown_only_once"
        await links.locator(".address input").evaluate("(field, shown) => void (field.value = shown)", shown)
        await picture(boss, "wallboards")
        for look, name in (
            ("", "wallboard"),
            ("?theme=light&lang=zh-CN", "wallboard-zh-CN"),
            ("?lang=zh-TW", "wallboard-zh-TW"),
        ):
            async with studio.page(f"wallboard/{look}#{token}", TV) as screen:
                await screen.locator("table").wait_for()
                await screen.keyboard.press(" ")
                await picture(screen, name)
                if not look:
                    await screen.keyboard.press("ArrowRight")
                    await picture(screen, "wallboard-next")
        await boss.get_by_role("button", name="Live board").click()
        await boss.locator("[data-agent=agent1]").get_by_role("button", name="Presence").click()
        await boss.get_by_role("radio", name="Ready", exact=True).check()
        await boss.get_by_role("button", name="Try it out").click()
        await boss.locator(".what-if .verdict").first.wait_for()
        await boss.wait_for_timeout(8_000)
        await picture(boss, "what-if")
        await boss.emulate_media(color_scheme="dark")
        await picture(boss, "what-if-dark")
        for page in asking:
            for _ in range(2):
                await page.locator(".end").click()


SCENES: dict[str, Callable[[Studio], Awaitable[None]]] = {
    "start": start,
    "visitor": visitor,
    "agent": agent,
    "chat": chat,
    "supervisor": supervisor,
    "follow_ups": follow_ups,
    "wallboard": wallboard,
}


async def main(names: list[str]) -> None:
    """Takes the pictures of these scenes, of all when none is named."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="jf-shots-") as folder, server(folder) as (http, sip):
        async with async_playwright() as playwright:
            expect.set_options(timeout=15_000)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for name in names or SCENES:
                await SCENES[name](Studio(browser, http, sip, Path(folder)))
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
