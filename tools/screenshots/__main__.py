"""`python -m tools.screenshots [NAME ...]`: pictures of every page at real work, and docs/screenshots.md.

Starts a server of its own, calls in by SIP, opens chats from the demo page, and works the pages in Chromium as people
would. NAMEs pick among the scenes below; without one all are taken, and old pictures removed. Needs chromium.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from tests.browser import CHROMIUM
from tests.frontend.real import ARGUMENTS
from tools.screenshots import agent, supervisor, visitor, wallboard
from tools.screenshots.studio import Scene, Studio, empty_out, server
from tools.screenshots.views import PAGE, page

PATIENCE_MS = 15_000
SCENES: dict[str, Scene] = {
    "start": visitor.start,
    "visitor": visitor.widget,
    "emergency": visitor.emergency,
    "calls": agent.calls,
    "chats": agent.chats,
    "board": supervisor.board,
    "views": supervisor.views,
    "wallboard": wallboard.wallboard,
}


async def main(names: list[str]) -> None:
    """Takes the pictures of these scenes, of all when none is named."""
    if not names:
        empty_out()
    with tempfile.TemporaryDirectory(prefix="jf-shots-") as folder, server(Path(folder)) as running:
        async with async_playwright() as playwright:
            expect.set_options(timeout=PATIENCE_MS)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for name in names or SCENES:
                await SCENES[name](Studio(browser, running))
            await browser.close()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
