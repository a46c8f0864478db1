"""A wallboard on a real server: figures as they change, the server killed and back, the link revoked."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser import needs_chromium
from tests.e2e.server import PASSWORD, SUPERVISOR, Server
from tests.frontend.real import chromium, person, sign_in

pytestmark = [needs_chromium, pytest.mark.browser]
BACK_MS = 30_000


async def asked(server: Server, method: str, path: str, body: Any = None) -> Any:
    """What a supervisor is answered."""
    async with aiohttp.ClientSession(f"{server.base}/api/v1/") as http:
        async with http.post("session", json={"account": SUPERVISOR, "password": PASSWORD}) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with http.request(method, path, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status != 204 else None


@pytest_asyncio.fixture
async def screen() -> AsyncIterator[Page]:
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1920, "height": 1080})
        page = await context.new_page()
        page.set_default_timeout(30_000)
        yield page
        await context.close()


async def test_killed_back_and_revoked(running_server: Server, screen: Page) -> None:
    rules = await asked(running_server, "GET", "queues")
    name = rules["queues"][0]["queue"]
    made = await asked(running_server, "POST", "wallboards", {"name": "Hall", "queues": [name]})
    await screen.goto(f"{running_server.base}{made['path']}")
    row = screen.locator(f"[data-queue={name}]")
    await expect(row).to_be_visible()
    await expect(screen.locator("header .name")).to_have_text("Hall")

    running_server.kill()
    banner = screen.locator("footer.banner")
    await expect(banner).to_contain_text("Data stale since")
    await expect(row).to_be_visible()
    running_server.start()
    await expect(banner).to_have_count(0, timeout=BACK_MS)
    await expect(row).to_be_visible()

    links = await asked(running_server, "GET", "wallboards")
    assert [one["screens"] for one in links["items"]] == [1]
    await asked(running_server, "DELETE", f"wallboards/{made['wallboard']['id']}")
    await expect(screen.locator("h1")).to_have_text("This link is no longer valid.")
    await expect(row).to_have_count(0)


async def test_a_supervisor_makes_names_and_revokes_a_link(running_server: Server) -> None:
    async with chromium() as browser, person(browser, running_server.base, width=1280) as boss:
        await sign_in(boss, "supervisor", SUPERVISOR, PASSWORD)
        await boss.button("Wallboards").click()
        room = boss.page.locator(".wallboards")
        await room.locator("form input[name=name]").fill("Canteen")
        await room.get_by_role("checkbox").first.check()
        await boss.button("Make a link").click()
        address = await room.locator(".address input").input_value()
        assert "/wallboard/#jfw_" in address
        screen = await boss.page.context.new_page()
        await screen.goto(address)
        await expect(screen.locator("header .name")).to_have_text("Canteen")

        row = room.locator("[data-wallboard]")
        await row.get_by_label("Name").fill("Big canteen")
        await row.get_by_role("button", name="Save").click()
        await expect(row.get_by_role("button", name="Save")).to_have_count(0)
        await row.get_by_role("button", name="Revoke").click()
        await row.get_by_role("button", name="Revoke it now?").click()
        await expect(row).to_have_count(0)
        await expect(screen.locator("h1")).to_have_text("This link is no longer valid.")
        await boss.button("Audit log").click()
        await expect(boss.page.locator("table.audit")).to_contain_text("Wallboard link revoked")
