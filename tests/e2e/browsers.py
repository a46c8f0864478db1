"""Real browsers against the running server: a caller on the web-call module, an agent on the agents' page itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page

from tests.audio import Sound, tone, write_wav
from tests.browser import chromium_page, record_stream
from tests.e2e.server import PASSWORD, Server

RATE_HZ = 48000

# What a browser does to a microphone by default (noise suppression above all) would take a steady tone away. `heard` is
# whatever the newest connection of the page receives.
_INIT = """
(() => {
  const devices = navigator.mediaDevices;
  const ask = devices?.getUserMedia.bind(devices);
  if (!ask) return;
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  devices.getUserMedia = (what) => ask({ ...what, audio: plain });
  const Real = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...how) {
      super(...how);
      globalThis.connections = [...(globalThis.connections ?? []), this];
      this.addEventListener("track", ({ track }) => { globalThis.heard = new MediaStream([track]); });
    }
  };
})();
"""

_CALL = """
async ([entry, options]) => {
  const { WebCall } = await import("/lib/web-call.js");
  window.states = [];
  window.call = new WebCall({ ...options, onState: (state, detail) => states.push({ state, ...detail }) });
  await call.start(entry);
}
"""
# A page of the server that runs no program of its own: only the origin is wanted.
_BLANK = "/i18n/en.json"


class Browser:
    """One page with a voice and an ear."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def hear(self, seconds: float) -> tuple[Sound, int]:
        """What the page hears from now on: samples and rate."""
        await self.page.wait_for_function("window.heard")
        return await record_stream(self.page, "heard", seconds)


class BrowserCaller(Browser):
    """A visitor with the web-call module."""

    async def dial(self, entry: str, **options: Any) -> None:
        """Calls an entry; `options` as WebCall takes them."""
        await self.page.evaluate(_CALL, [entry, {"visitorId": "visitor-0001", "name": "Vera", **options}])

    async def states(self) -> list[dict[str, Any]]:
        """What onState was told so far."""
        told: list[dict[str, Any]] = await self.page.evaluate("states")
        return told

    async def until(self, state: str, timeout_s: float = 30) -> dict[str, Any]:
        """Waits for this to be the call's state; returns what was told with it."""
        await self.page.wait_for_function(f"states.at(-1)?.state === '{state}'", timeout=timeout_s * 1000)
        return (await self.states())[-1]

    async def press(self, digits: str) -> None:
        """Keys, by the browser's own telephone-events."""
        await self.page.wait_for_function("call._sender?.dtmf?.canInsertDTMF")
        for digit in digits:
            await self.page.evaluate("digit => call.press(digit)", digit)

    async def sending(self) -> str:
        """The MIME type of the codec that this page sends."""
        code = "connections.at(-1).getSenders()[0].getParameters().codecs[0].mimeType"
        mime_type: str = await self.page.evaluate(code)
        return mime_type

    async def hang_up(self) -> None:
        """Leaves."""
        await self.page.evaluate("call.hangUp()")


class BrowserAgent(Browser):
    """An agent on the agents' page: only what a person can click."""

    async def sign_in(self, base: str, account: str, ready: bool = True) -> None:
        """Signed in, audio connected, ready unless told otherwise."""
        page = self.page
        await page.goto(f"{base}/agent/")
        await page.locator("input[name=account]").fill(account)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Go ready").click(timeout=30_000, trial=not ready)

    async def accept(self) -> None:
        """Takes the next offer."""
        await self.page.get_by_role("button", name="Accept").click(timeout=30_000)
        await self.page.get_by_role("button", name="Hang up").wait_for(timeout=30_000)

    async def sign_out(self) -> None:
        """Leaves, once the wrap-up is over."""
        page = self.page
        await page.get_by_role("heading", name="Ready for the next caller").wait_for(timeout=30_000)
        await page.get_by_role("button", name="Sign out").click()
        await page.locator("input[name=account]").wait_for(timeout=30_000)


@asynccontextmanager
async def browser_caller(server: Server, folder: Path, hertz: float) -> AsyncIterator[BrowserCaller]:
    """A visitor who speaks a tone."""
    async with _page(folder, hertz) as page:
        await page.goto(server.base + _BLANK)
        yield BrowserCaller(page)


@asynccontextmanager
async def browser_agent(
    server: Server, folder: Path, account: str, hertz: float, ready: bool = True
) -> AsyncIterator[BrowserAgent]:
    """An agent who is ready, unless told otherwise, and speaks a tone when connected.

    When the test fails they are signed out.
    """
    async with _page(folder, hertz) as page:
        agent = BrowserAgent(page)
        await agent.sign_in(server.base, account, ready)
        try:
            yield agent
        except BaseException:
            # Closing the page alone would leave them as they are to the next test, which waits for "Go ready".
            with suppress(Error):
                await agent.sign_out()
            raise


@asynccontextmanager
async def _page(folder: Path, hertz: float) -> AsyncIterator[Page]:
    voice = folder / f"microphone-{hertz:.0f}.wav"
    if not voice.exists():
        write_wav(voice, tone(hertz, seconds=10, rate=RATE_HZ), RATE_HZ)  # whole periods: it is repeated
    async with chromium_page(wav=voice) as page:
        # The ear's audio worklet is a blob, which the server's content security policy rightly keeps out.
        session = await page.context.new_cdp_session(page)
        await session.send("Page.setBypassCSP", {"enabled": True})
        await page.add_init_script(_INIT)
        yield page
