"""The wallboard: how a link is made, and the screens that it opens."""

from contextlib import AsyncExitStack

from tests.e2e.server import SUPERVISOR
from tools.screenshots.studio import Studio
from tools.screenshots.views import LANGUAGES


async def wallboard(studio: Studio) -> None:
    """A link is made, and opened on a screen while somebody waits."""
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(studio.signed_in("supervisor/", SUPERVISOR))
        for name in ("agent1", "agent2"):
            await stack.enter_async_context(studio.signed_in("agent/", name))
        for number in (1, 2):
            await stack.enter_async_context(studio.asking(f"Visitor {number}", "Where is it?"))
        await boss.get_by_role("button", name="Wallboards").click()
        links = boss.locator(".wallboards")
        await links.locator("form input[name=name]").fill("Hall, first floor")
        for box in await links.get_by_role("checkbox").all():
            await box.check()
        await links.locator("form .primary").click()
        address = await links.locator(".address input").input_value()
        token = address.partition("#")[2]
        await boss.get_by_role("button", name="Live board").click()
        await boss.get_by_role("button", name="Wallboards").click()
        await links.locator("tbody tr").wait_for()
        await studio.show(boss, "supervisor-wallboards", choose=".bar select.language")
        await screens(studio, token)


async def screens(studio: Studio, token: str) -> None:
    """Nobody touches a screen: its looks are in its address."""
    for tag in LANGUAGES:
        async with studio.page(f"wallboard/?lang={tag}#{token}") as screen:
            await screen.locator("table").wait_for()
            await screen.keyboard.press(" ")
            await studio.take(screen, "wallboard", tag)
        async with studio.page(f"wallboard/?lang={tag}&theme=light#{token}") as screen:
            await screen.locator("table").wait_for()
            await screen.keyboard.press(" ")
            await screen.keyboard.press("ArrowRight")
            await screen.keyboard.press("ArrowRight")
            await studio.take(screen, "wallboard-agents", tag)
