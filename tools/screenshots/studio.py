"""Where the pictures are taken: a browser before a running server, and people who work there."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page
from playwright.async_api import Error as PageError

from tests.e2e.server import PASSWORD, Server
from tests.e2e.site import MANDARIN, make_site
from tools.call.caller import Caller
from tools.screenshots.pictures import picture
from tools.screenshots.views import DARK, LANGUAGES, OUT, ROOT, file_of

VOICES = ROOT / "tools" / "call"
ORDER = "20231001"
COMPANY = "Acme Bicycles"
SIZE, PHONE = (1280, 800), (390, 800)
# So that there is time to take the pictures.
PATIENCE_S = 90
RECORDED = '\n[{queue}.recording]\nrule = "always"\n'


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server with the demo site, patient, which records its calls."""
    site = make_site(folder, offer_timeout_s=PATIENCE_S, wrap_up_s=PATIENCE_S)
    with (site / "queues.toml").open("a") as file:
        file.writelines(RECORDED.format(queue=queue) for queue in ("orders", "after_sales"))
    running = Server(folder, site).start()
    try:
        yield running
        running.interrupt()
    finally:
        running.close()


@dataclass(frozen=True, slots=True)
class Studio:
    """What a scene is given."""

    browser: Browser
    server: Server

    @asynccontextmanager
    async def page(
        self, path: str, size: tuple[int, int] = SIZE, locale: str = "en-GB", dark: bool = False
    ) -> AsyncIterator[Page]:
        """A page of its own person."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, color_scheme="dark" if dark else "light"
        )
        page = await context.new_page()
        await page.goto(f"{self.server.base}/{path}")
        yield page
        await context.close()

    @asynccontextmanager
    async def signed_in(self, path: str, account: str) -> AsyncIterator[Page]:
        """A page of the staff, signed out at the end."""
        async with self.page(path) as page:
            await page.locator("input[name=account]").fill(account)
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.locator("form button").click()
            await page.locator(".bar").wait_for()
            yield page
            await page.locator(".account button").click()
            await page.locator(".sign-in").wait_for()

    @asynccontextmanager
    async def ready(self, account: str) -> AsyncIterator[Page]:
        """An agent who takes work."""
        async with self.signed_in("agent/", account) as page:
            await page.locator(".idle .primary:enabled").click()
            yield page

    @asynccontextmanager
    async def asking(self, name: str, question: str, tag: str = "en", **look: object) -> AsyncIterator[Page]:
        """A visitor who has asked, and ends the chat if nobody did."""
        async with self.page(f"visitor/?locale={tag}", **look) as page:  # type: ignore[arg-type]
            await page.locator(".launcher").click()
            await page.locator("input[name=name]").fill(name)
            await page.locator("textarea[name=question]").fill(question)
            await page.locator(".form .primary").click()
            await page.locator(".where").wait_for()
            yield page
            with suppress(PageError):
                for _ in range(2):
                    await page.locator(".end").click(timeout=2_000)

    @asynccontextmanager
    async def calling(self, number: str, *, mandarin: bool = False) -> AsyncIterator[Caller]:
        """A caller who chose orders and gave an order number, or who wants Mandarin."""
        async with Caller(number, VOICES, display=COMPANY) as caller:
            await caller.dial(f"sip:{MANDARIN.number if mandarin else 4000}@{self.server.sip}")
            if not mandarin:
                await asyncio.sleep(1.0)
                await caller.press("1")
                await asyncio.sleep(1.5)
                await caller.press(f"{ORDER}#")
            await caller.speak_on("voices/caller.wav")
            yield caller
            caller.hang_up()

    async def show(self, page: Page, name: str, *, choose: str = "select.language") -> None:
        """The page in each language by its own switch, and in English again by night where that is wanted."""
        while await page.locator(".notice .icon-only").count():  # said once, in the language of the moment
            with suppress(PageError):  # it may go by itself meanwhile
                await page.locator(".notice .icon-only").first.click(timeout=1_000)
        switch = page.locator(choose).first
        for tag in LANGUAGES:
            await switch.select_option(tag)
            await self.take(page, name, tag)
        await switch.select_option("en")
        if name in DARK:
            await page.emulate_media(color_scheme="dark")
            await self.take(page, name, "en", dark=True)
            await page.emulate_media(color_scheme="light")

    async def take(self, page: Page, name: str, tag: str, *, dark: bool = False) -> None:
        """One picture."""
        path = file_of(name, tag, dark)
        path.write_bytes(await picture(page))
        print(path.relative_to(ROOT))


def empty_out() -> None:
    """No picture of a view that is no more stays behind."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)


async def accept(page: Page) -> None:
    """Takes the offer, whatever the language."""
    await page.locator(".offer .accept").click()


async def write(page: Page, *texts: str) -> None:
    """Says something in the chat in front, or in the widget."""
    for text in texts:
        field = page.locator(".chat:not([hidden]) .composer textarea:enabled, .talk .composer textarea")
        await field.fill(text)
        await field.press("Enter")
        await page.wait_for_timeout(300)


Scene = Callable[[Studio], Awaitable[None]]
