"""The agents' page for everybody: each control has a name, each text stands out from its ground (WCAG 2.2, 1.4.3, 4.1.2).

Measured in the browser, in the states that a shift goes through, by day and by night.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from agents_ws.messages import Caller, PresenceShown, Snapshot, Today, TodayShown
from router.vocabulary import EndedBy, Medium, Presence
from tests.agents_ws.scripted import now_us
from tests.waiting import until
from tests.frontend.access import FAINT, check
from tests.frontend.conftest import REASONS, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

@pytest_asyncio.fixture(loop_scope="module", params=["light", "dark"])
async def themed(scene: Scene, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    await scene.page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    yield scene


async def test_names_and_contrast_through_a_shift(themed: Scene) -> None:
    page, desk = themed.page, themed.desk
    desk.snapshots["ann"] = Snapshot(
        presence=Presence.NOT_READY, since_us=now_us(), leg="up", media=(Medium.VOICE, Medium.CHAT), reasons=REASONS
    )
    await themed.open()
    await expect(page.locator("input[name=account]")).to_be_visible()
    await check(page)
    await themed.sign_in()
    desk.say(TodayShown(today=Today(handled=3, mean_handle_us=1_000_000, occupancy=0.5, ratings=1, mean_rating=5.0)))
    await check(page)
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us(), paused=(Medium.CHAT,)))
    offer = desk.offer(caller=Caller(display="Acme", number="1"))
    await expect(page.locator(".offer")).to_be_visible()
    await check(page)
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".call")).to_contain_text("In conversation")
    await page.keyboard.press("Alt+n")
    await check(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+k")
    await page.keyboard.press("Alt+d")
    await check(page)
    await page.keyboard.press("Escape")
    desk.end(offer, EndedBy.CUSTOMER)
    await expect(page.locator(".wrap-up")).to_be_visible()
    await check(page)
    await page.keyboard.press("?")
    await check(page)


async def test_a_call_by_keys_alone(scene: Scene) -> None:
    """Each step by a key, and the focus is never lost to the top of the page."""
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    await page.keyboard.press("Alt+g")
    await until(lambda: bool(desk.asked("set_presence")), "asked")
    offer = desk.offer(caller=Caller(display="Acme", number="1"))
    await expect(page.locator(".offer")).to_be_visible()
    await page.keyboard.press("Alt+a")
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".call")).to_contain_text("In conversation")
    for keys, method in (("Alt+m", "call"), ("Alt+h", "call"), ("Alt+e", "hang_up")):
        before = len(desk.asked(method))
        await page.keyboard.press(keys)
        await until(lambda method=method, before=before: len(desk.asked(method)) > before, keys)
    desk.end(offer, EndedBy.AGENT)
    await expect(page.locator(".wrap-up")).to_be_visible()
    assert await page.evaluate("document.activeElement !== document.body")
    await page.keyboard.press("Alt+f")
    await until(lambda: bool(desk.asked("finish_wrap_up")), "finished")


async def test_the_check_finds_what_is_wrong(scene: Scene) -> None:
    page = scene.page
    await scene.sign_in()
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p class=trial>Hardly to be read</p>')")
    await page.evaluate("document.querySelector('.trial').style.color = 'rgb(160 160 160)'")
    (found,) = await page.evaluate(FAINT)
    assert found.startswith("Hardly to be read: 2.")
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    with pytest.raises(AssertionError, match="button"):
        await check(page)
