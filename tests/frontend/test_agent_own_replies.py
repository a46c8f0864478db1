"""Canned replies of one's own on the agent's page: written in a dialog by keys, found behind "/" before the site's."""

import pytest
from playwright.async_api import expect

from tests.frontend.conftest import Scene
from tests.frontend.test_agent_guidance import in_a_chat

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_reply_is_kept_used_changed_and_removed(scene: Scene) -> None:
    page, field = scene.page, await in_a_chat(scene)
    await field.fill("Hi {customer}, {agent} here.")
    await page.keyboard.press("Alt+l")
    dialog = page.get_by_role("dialog", name="Your own replies")
    await expect(dialog.get_by_label("Text")).to_have_value("Hi {customer}, {agent} here.")
    await expect(dialog.get_by_label("Name behind /")).to_be_focused()
    await page.keyboard.type("bye")
    await page.keyboard.press("Tab")
    await page.keyboard.type("My goodbye")
    await page.keyboard.press("Enter")
    await expect(dialog.locator(".own-replies li")).to_contain_text(["/bye My goodbye"])
    await page.keyboard.press("Escape")
    await expect(field).to_be_focused()
    await field.fill("")
    await field.press_sequentially("/bye")
    options = page.locator(".picker").get_by_role("option")
    await expect(options).to_have_count(1)  # it stands for the site's of the same name
    await field.press("Enter")
    await expect(field).to_have_value("Hi Visitor One, Ann here.")

    await page.keyboard.press("Alt+l")
    await dialog.get_by_role("button", name="Edit bye").click()
    await dialog.get_by_label("Text").fill("Bye!")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.locator(".own-replies small")).to_have_text("Bye!")
    await dialog.get_by_role("button", name="Remove bye").click()
    await dialog.get_by_role("button", name="Remove bye").click()
    await expect(dialog.locator(".own-replies li")).to_have_count(0)


async def test_what_is_refused_is_said_in_words(scene: Scene) -> None:
    await in_a_chat(scene)
    scene.own_replies["full"] = {"name": "full", "title": "One", "text": "One of many"}
    await scene.page.keyboard.press("Alt+l")
    dialog = scene.page.get_by_role("dialog", name="Your own replies")
    await dialog.get_by_label("Name behind /").fill("one")
    await dialog.get_by_label("Text").fill("x")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_have_text("You keep 200 already: remove one first.")
    scene.errors[:] = [error for error in scene.errors if "status of 409" not in error]
