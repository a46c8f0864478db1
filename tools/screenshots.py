"""`python -m tools.screenshots`: pictures of the agent page during a real call, into docs/img.

Starts a server of its own, calls in by SIP (twice, so that there is an earlier interaction), and works the page in
Chromium as an agent would. Needs chromium.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.browser import chromium_page
from tools.call.caller import Caller

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "img"
VOICES = ROOT / "tools" / "call"
AGENT, PASSWORD, ORDER = "agent4", "demo-jackfield", "20231001"


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


async def picture(page: Page, name: str) -> None:
    """One picture, once the page has come to rest."""
    await page.wait_for_timeout(600)
    await page.screenshot(path=OUT / f"{name}.png")
    print(f"docs/img/{name}.png")


async def call_in(sip: int) -> Caller:
    """A caller who chose orders and gave an order number."""
    caller = await Caller("+8613800000001", VOICES).__aenter__()
    await caller.dial(f"sip:4000@127.0.0.1:{sip}")
    await asyncio.sleep(1.0)
    await caller.press("1")
    await asyncio.sleep(1.5)
    await caller.press(f"{ORDER}#")
    return caller


async def work(page: Page, http: int, sip: int) -> None:
    """A first call in a hurry, a second one picture by picture."""
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"http://127.0.0.1:{http}/agent/")
    await picture(page, "agent-sign-in")
    await page.get_by_label("Account").fill(AGENT)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Go ready").click()
    for number in (1, 2):
        caller = await call_in(sip)
        accept = page.get_by_role("button", name=re.compile("^Accept"))
        await accept.wait_for(timeout=30_000)
        if number == 2:
            await picture(page, "agent-offer")
        await accept.click()
        await page.get_by_role("button", name=re.compile("^Hold")).wait_for()
        await caller.say("voices/caller.wav") if number == 1 else await page.wait_for_timeout(3_000)
        if number == 2:
            await picture(page, "agent-call")
            await page.emulate_media(color_scheme="dark")
            await picture(page, "agent-call-dark")
            await page.emulate_media(color_scheme="light")
        caller.hang_up()
        finish = page.get_by_role("button", name=re.compile("^Finish"))
        await finish.wait_for()
        await page.get_by_label("Note").fill("Told the customer that the parcel arrives tomorrow.")
        await page.get_by_role("radio", name=re.compile("^Resolved")).check()
        if number == 2:
            await picture(page, "agent-wrap-up")
        await finish.click()
        await caller.__aexit__(None, None, None)


async def main() -> None:
    """Takes all pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="jf-shots-") as folder, server(folder) as (http, sip):
        async with chromium_page() as page:
            await work(page, http, sip)


if __name__ == "__main__":
    asyncio.run(main())
