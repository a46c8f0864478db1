"""The agent's page in the browser's language, and in the one that is chosen."""

import re

import pytest
from playwright.async_api import expect

from tests.frontend.conftest import Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LANGUAGES = [
    ("en-GB", "en", "Sign in to take calls", "Accept"),
    ("zh-CN", "zh-CN", "登录后开始接听", "接听"),
    ("zh-HK", "zh-TW", "登入後開始接聽", "接聽"),
    ("de-DE", "en", "Sign in to take calls", "Accept"),
]


@pytest.mark.parametrize(("locale", "tag", "heading", "accept"), LANGUAGES)
async def test_the_browsers_language(scene: Scene, tag: str, heading: str, accept: str) -> None:
    await scene.open()
    await expect(scene.page.get_by_role("heading", name=heading)).to_be_visible()
    assert await scene.page.evaluate("document.documentElement.lang") == tag
    await scene.sign_in()
    scene.desk.offer()
    await expect(scene.page.locator(".button.accept")).to_contain_text(accept)


async def test_switching_the_language_stays(scene: Scene) -> None:
    page = scene.page
    await scene.sign_in()
    await page.locator("select.language").select_option("zh-TW")
    await expect(page.locator(".presence-ready")).to_have_text(re.compile("就緒"))
    await expect(page).to_have_title("Jackfield 客服")
    await page.reload()
    await expect(page.locator(".presence-ready")).to_have_text(re.compile("就緒"))
