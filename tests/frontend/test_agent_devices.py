"""The agent's devices, the line's quality and the sheet of keys, in a real browser with its fake devices."""

import pytest
from playwright.async_api import Page, expect

from agents_ws.messages import Caller
from tests.frontend.conftest import Scene
from tests.frontend.test_agent_page import holds

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LEVEL = "document.querySelector('.level meter').value"


async def test_the_chosen_devices_are_kept_and_the_level_moves(scene: Scene) -> None:
    page = scene.page
    await scene.sign_in()
    await page.keyboard.press("Alt+d")
    dialog = page.get_by_role("dialog", name="Microphone, speaker, ringer")
    microphone = dialog.get_by_role("combobox", name="Microphone")
    await expect(microphone.locator("option")).not_to_have_count(1)
    await expect(microphone).to_have_value("")
    await microphone.select_option(index=1)
    chosen = await microphone.locator("option:checked").inner_text()
    # The fake microphone beeps once a second.
    await holds(page, f"{LEVEL} > 0.02")
    await dialog.get_by_role("button", name="Try the ring").click()
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await page.reload()
    await expect(page.locator(".bar")).to_be_visible()
    await page.keyboard.press("Alt+d")
    # A browser may give a device another id after a reload: it is known by its name then.
    await expect(page.get_by_role("combobox", name="Microphone").locator("option:checked")).to_have_text(chosen)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_device_that_is_gone_gives_way_to_the_systems_own(scene: Scene) -> None:
    page = scene.page
    await scene.sign_in()
    await page.evaluate(
        """localStorage.setItem("jackfield.devices", '{"microphone": {"id": "gone", "label": "Gone"}}')"""
    )
    await page.reload()
    await expect(page.locator(".bar")).to_be_visible()
    await page.keyboard.press("Alt+d")
    await expect(page.get_by_role("combobox", name="Microphone")).to_be_enabled()
    await expect(page.get_by_role("combobox", name="Microphone")).to_have_value("")


async def test_an_agent_with_a_phone_has_no_devices_to_choose(scene: Scene) -> None:
    scene.desk.station = "sip"
    await scene.sign_in()
    await expect(scene.page.get_by_role("button", name="Microphone, speaker, ringer")).to_have_count(0)


async def test_the_keys_stand_on_a_sheet(scene: Scene) -> None:
    page = scene.page
    await scene.open()
    await page.locator("input[name=account]").press("?")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("input[name=account]")).to_have_value("?")
    await scene.sign_in()
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    await expect(sheet).to_be_visible()
    told = set(await sheet.locator("kbd").all_inner_texts())
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    offer = scene.desk.offer(caller=Caller(display="Acme", number="1"))
    assert await keys_of(page) <= told
    scene.desk.assignment(offer, "connected", connected_at_us=offer.queued_at_us)
    await expect(page.locator(".call")).to_contain_text("In conversation")
    assert await keys_of(page) <= told


async def keys_of(page: Page) -> set[str]:
    """The keys of the buttons that are there now, as the sheet writes them."""
    found = await page.locator("[data-key]").evaluate_all("all => all.map((one) => one.dataset.key)")
    assert found
    return {f"Alt {code.removeprefix('Key')}" for code in found}


@pytest.mark.parametrize(
    ("before", "now", "poor"),
    [
        ((0, 0), (20, 5, 250, 0), []),
        ((0, 0), (401, 5, 250, 0), ["round_trip_ms"]),
        ((0, 0), (20, 31, 250, 0), ["jitter_ms"]),
        ((0, 0), (20, 5, 96, 4), ["loss_percent"]),
        ((1000, 500), (20, 5, 1250, 500), []),  # what was lost long ago does not count
    ],
)
async def test_a_line_is_poor_by_the_figures_of_the_last_seconds(
    scene: Scene, before: tuple[int, int], now: tuple[int, int, int, int], poor: list[str]
) -> None:
    await scene.open()
    was = {"received": before[0], "lost": before[1]}
    names = ("roundTripMs", "jitterMs", "received", "lost")
    found = await scene.page.evaluate(
        "async ([was, now]) => (await import('/agent/network.js')).quality(was, now).poor",
        [was, dict(zip(names, now, strict=True))],
    )
    assert found == poor
