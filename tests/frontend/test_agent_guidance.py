"""Canned replies behind "/" and the script of the queue on the agent's page, by keyboard alone."""

import pytest
from msgspec.structs import replace
from playwright.async_api import Locator, expect

from tests.waiting import until
from tests.frontend.conftest import Scene
from tests.frontend.test_agent_chats import card, chat_offer, connect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

GUIDANCE = {
    "site": "Demo Site",
    "replies": [
        {"name": "bye", "titles": {"en": "Goodbye"}, "queues": [], "texts": {"en": "Thank you, {customer}."}},
        {
            "name": "hello",
            "titles": {"en": "Greeting", "zh-CN": "问候"},
            "queues": ["web_chat"],
            "texts": {
                "en": "Hello {customer}, {agent} of {site}. Order {data.order_number}?",
                "zh-CN": "{customer}您好",
            },
        },
        {"name": "other", "titles": {"en": "Not here"}, "queues": ["orders"], "texts": {"en": "no"}},
    ],
    "scripts": {"web_chat": {"en": "# First\n1. **Greet** as {agent}\n2. <b>Ask</b>\n- a `code`", "zh-CN": "# 第一步"}},
}


async def in_a_chat(scene: Scene, **changes: object) -> Locator:
    scene.guidance.update(GUIDANCE)
    await scene.sign_in()
    offer = chat_offer(scene)
    connect(scene, offer, **changes)
    field = scene.page.get_by_label("Your message")
    await expect(field).to_be_focused()
    return field


async def test_a_reply_is_found_and_filled_by_keyboard(scene: Scene) -> None:
    field = await in_a_chat(scene)
    await field.press_sequentially("Dear /")
    options = scene.page.locator(".picker").get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(field).to_have_attribute("aria-expanded", "true")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await field.press("ArrowDown")
    chosen = await field.get_attribute("aria-activedescendant")
    await expect(scene.page.locator(f"#{chosen}")).to_contain_text("Greeting")
    await field.press_sequentially("gree")
    await expect(options).to_have_count(1)
    await field.press("Enter")
    await expect(field).to_have_value("Dear Hello Visitor One, Ann of Demo Site. Order [order number?]?")
    await expect(field).to_have_attribute("aria-expanded", "false")
    await field.press("Enter")
    await until(lambda: bool(scene.desk.asked("chat_message")), "the message is said")
    ((*_, text),) = scene.desk.asked("chat_message")
    assert text == "Dear Hello Visitor One, Ann of Demo Site. Order [order number?]?"


async def test_escape_closes_and_a_slash_within_a_word_is_a_slash(scene: Scene) -> None:
    field = await in_a_chat(scene)
    await field.press_sequentially("and/or")
    await expect(scene.page.locator(".picker").get_by_role("option")).to_have_count(0)
    await field.fill("")
    await field.press_sequentially("/he")
    await expect(scene.page.locator(".picker").get_by_role("option")).to_have_count(1)
    await field.press("Escape")
    await expect(scene.page.locator(".picker").get_by_role("option")).to_have_count(0)
    await expect(field).to_have_value("/he")


async def test_the_reply_is_in_the_customers_language(scene: Scene) -> None:
    field = await in_a_chat(scene, chat=replace(card("你好"), locale="zh-TW"))
    await field.press_sequentially("/hello")
    await field.press("Tab")
    await expect(field).to_have_value("Visitor One您好")


async def test_the_script_stands_beside_the_work(scene: Scene) -> None:
    await in_a_chat(scene)
    script = scene.page.locator(".script")
    await expect(script.get_by_role("heading")).to_have_text("First")
    await expect(script.locator("ol li")).to_have_text(["Greet as Ann", "<b>Ask</b>"])
    await expect(script.locator("code")).to_have_text("code")
    await script.get_by_role("button", name="简体中文").click()
    await expect(script.get_by_role("heading")).to_have_text("第一步")


async def test_a_late_answer_is_told_in_words_too(scene: Scene) -> None:
    late = card("hello?")
    lines = tuple(replace(line, at_us=line.at_us - 200_000_000) for line in late.lines)
    await in_a_chat(scene, chat=replace(late, lines=lines))
    timer = scene.page.locator(".tab-since")
    await expect(timer).to_contain_text("Waiting very long: 3:2")
    await expect(timer).to_have_class("tab-since very_late")
