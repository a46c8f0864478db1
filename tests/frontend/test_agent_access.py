"""The agents' page for everybody: each control has a name, each text stands out from its ground (WCAG 2.2, 1.4.3, 4.1.2).

Measured in the browser, in the states that a shift goes through, by day and by night.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from agents_ws.messages import Caller, PresenceShown, Snapshot, Today, TodayShown
from router.vocabulary import EndedBy, Medium, Presence
from tests.agents_ws.scripted import now_us, until
from tests.frontend.conftest import REASONS, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "menuitem", "checkbox", "radio", "slider", "meter"}

# Every visible text with the ratio of its contrast and what it needs: 3 for large text, 4.5 for other. Text that cannot
# be used now (disabled) is free, as 1.4.3 says.
_FAINT = """
() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const over = (top, below) => top.slice(0, 3).map((value, at) => value * top[3] + below[at] * (1 - top[3]));
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(rgba(getComputedStyle(one).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), rgba(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3));
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest(":disabled, [aria-disabled=true], .unseen, script, style, option, svg")) continue;
    const style = getComputedStyle(element);
    const [below, size] = [ground(element), parseFloat(style.fontSize)];
    const [one, two] = [light(over(rgba(style.color), below)), light(below)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const needs = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < needs) faint.push(`${text}: ${ratio.toFixed(2)} of ${needs}`);
  }
  return faint;
}
"""


@pytest_asyncio.fixture(loop_scope="module", params=["light", "dark"])
async def themed(scene: Scene, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    await scene.page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    yield scene


async def check(page: Page) -> None:
    """Names and contrast of the page as it is."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    nameless = [
        node["role"]["value"]
        for node in tree["nodes"]
        if not node["ignored"]
        and node["role"]["value"] in CONTROLS
        and not node.get("name", {}).get("value", "").strip()
    ]
    await session.detach()
    assert nameless == []
    assert await page.evaluate(_FAINT) == []


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
    (found,) = await page.evaluate(_FAINT)
    assert found.startswith("Hardly to be read: 2.")
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    with pytest.raises(AssertionError, match="button"):
        await check(page)
