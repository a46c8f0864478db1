"""Real pages on a real server: a Chromium, a network between the two that can be cut, and what people do on pages."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.browser import CHROMIUM, SPEAKING

# A page that a test makes up counts as one from elsewhere.
ARGUMENTS = (*SPEAKING, "--disable-features=LocalNetworkAccessChecks")
LIMIT_MS = 30_000
# What a cut line, or a refusal that the test wants, leaves in the console.
EXPECTED = re.compile(
    r"ERR_(CONNECTION|EMPTY|SOCKET|NETWORK|FAILED|ABORTED)|status of (401|404|409)|WebSocket connection to"
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        expect.set_options(timeout=LIMIT_MS)
        yield browser
        await browser.close()


class Network:
    """A line to the server. `cut()` breaks every connection and lets none through, until `mend()`.

    With `sockets_blocked` it lets plain requests through and no WebSocket, as some companies' proxies do.
    """

    def __init__(self, server_port: int) -> None:
        self.sockets_blocked = False
        self.cut_off = False
        self._server_port = server_port
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        assert self._server is not None
        self._server.close()

    @property
    def base(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self.cut_off = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self.cut_off = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                if not self.cut_off:
                    await self._carry(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if self.sockets_blocked and b"upgrade: websocket" in head.lower():
            return
        above, below = await asyncio.open_connection("127.0.0.1", self._server_port)
        self._open.add(below)
        try:
            # One request a connection, so that every head is looked at.
            if b"upgrade: websocket" not in head.lower():
                head = re.sub(rb"(?i)connection: keep-alive", b"Connection: close", head)
            below.write(head)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, below))
                tasks.create_task(_pump(above, writer))
        except* OSError:
            pass
        finally:
            self._open.discard(below)
            below.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@dataclass
class Person:
    """Somebody with a page of their own; `errors` are those of its console that nobody expects."""

    base: str
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=re.compile(name))


@asynccontextmanager
async def person(browser: Browser, base: str, locale: str = "en-GB", width: int = 1280) -> AsyncIterator[Person]:
    context = await browser.new_context(locale=locale, viewport={"width": width, "height": 800})
    context.set_default_timeout(LIMIT_MS)
    page = await context.new_page()
    somebody = Person(base, context, page)
    page.on("pageerror", lambda error: somebody.errors.append(str(error)))
    page.on("console", lambda said: somebody.errors.append(said.text) if said.type == "error" else None)
    yield somebody
    await context.close()
    unexpected = [error for error in somebody.errors if not EXPECTED.search(error)]
    assert unexpected == [], unexpected


async def sign_in(who: Person, page: str, account: str, password: str) -> None:
    """On the agents' or the supervisors' page."""
    await who.page.goto(f"{who.base}/{page}/")
    await who.page.locator("input[name=account]").fill(account)
    await who.page.locator("input[name=password]").fill(password)
    await who.page.locator("form button").click()
    await expect(who.page.locator(".bar")).to_be_visible()


async def ask(who: Person, question: str, name: str = "", query: str = "") -> None:
    """A visitor opens the widget on the demo page and asks; the button labels are not looked at."""
    await who.page.goto(f"{who.base}/visitor/{query}")
    await who.page.locator(".launcher").click()
    await who.page.locator("input[name=name]").fill(name)
    await who.page.locator("textarea[name=question]").fill(question)
    await who.page.locator(".form .primary").click()
    await expect(who.page.locator(".where")).to_be_visible()


async def said(page: Page, wanted: Sequence[str], within: str = "") -> None:
    """Exactly these messages are on the page, in this order and none unsent."""
    await expect(page.locator(f"{within} .said:not(.dots)")).to_have_text(list(wanted))
    await expect(page.locator(f"{within} .unsent")).to_have_count(0)


async def be(agent: Person, presence: str) -> None:
    if presence == "ready":
        await agent.button("^Ready").click()
    else:
        await agent.page.locator(".presence-away").click()
        await agent.page.get_by_role("menuitem", name="No reason").click()
    await expect(agent.page.locator(".presence")).to_have_attribute("data-presence", presence)


async def accept(agent: Person) -> None:
    await agent.button("^Accept").click()


async def write(agent: Person, text: str) -> None:
    field = agent.page.locator(".chat:not([hidden]) .composer textarea")
    await field.fill(text)
    await field.press("Enter")


async def answer(visitor: Person, text: str) -> None:
    field = visitor.page.locator(".talk .composer textarea")
    await field.fill(text)
    await field.press("Enter")


async def end(agent: Person) -> None:
    await agent.button("^End chat").click()
    await agent.button("^End it now").click()
    await expect(agent.page.locator(".chat:not([hidden]) .wrap-up")).to_be_visible()


async def finish(agent: Person) -> None:
    await agent.page.get_by_role("radio", name="Resolved").locator("visible=true").check()
    await agent.button("^Finish").click()
