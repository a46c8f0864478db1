"""The widget on a page as a shop might have it: asked, talked, rated, called, and on a telephone."""

import re
from collections.abc import Mapping

from tests.e2e.office import Office
from tools.screenshots.studio import PHONE, Studio, accept, write

TALKS = {
    "en": ("Visitor One", ("Where is my parcel?", "It arrives tomorrow before noon.", "Thank you.")),
    "zh-CN": ("访客二", ("我的包裹到哪里了？", "明天中午前送达。", "谢谢。")),
    "zh-TW": ("訪客三", ("我的包裹到哪裡了？", "明天中午前送達。", "謝謝。")),
}


async def widget(studio: Studio) -> None:
    """Everything that a visitor sees."""
    async with studio.page("visitor/") as page:
        await page.locator(".launcher").click()
        await studio.show(page, "visitor-form", choose="#language")
        await page.get_by_role("button", name="Call from this page").click()
        await page.locator(".keys button").first.click()
        await studio.show(page, "visitor-call", choose="#language")
        await page.get_by_role("button", name="Hang up").click()
    for tag, (name, (question, _, _)) in TALKS.items():
        async with studio.asking(name, question, tag, size=PHONE) as page:
            await studio.take(page, "visitor-phone", tag)
    async with studio.ready("agent4") as agent:
        for tag, (name, (question, answer, thanks)) in TALKS.items():
            async with studio.asking(name, question, tag) as page:
                await accept(agent)
                await write(agent, answer)
                await page.locator(".line.agent").wait_for()
                await write(page, thanks)
                await agent.locator(".chat:not([hidden]) .composer textarea").press_sequentially("…", delay=20)
                await studio.take(page, "visitor-talking", tag)
                await agent.locator(".chat:not([hidden]) [data-key=KeyX]").click()
                await agent.get_by_role("button", name="End it now?").click()
                await page.locator(".rating").wait_for()
                await studio.take(page, "visitor-rating", tag)
                await agent.get_by_role("radio", name=re.compile("^Resolved")).locator("visible=true").check()
                await agent.locator("[data-key=KeyF]:visible").click()


async def emergency(studio: Studio) -> None:
    """What visitors who wait are told, by day and by night."""
    texts = {"en": "A storm keeps us: it may take longer today.", "zh-CN": "受暴风雨影响，今日等待时间可能较长。"}
    told = {"text": {**texts, "zh-TW": "受暴風雨影響，今日等待時間可能較長。"}}
    async with Office(studio.server) as office:
        await tell(office, told)
        for tag, (name, (question, _, _)) in TALKS.items():
            for dark in (False, True) if tag == "en" else (False,):
                async with studio.asking(name, question, tag, dark=dark) as page:
                    await page.locator(".emergency").wait_for()
                    await studio.take(page, "visitor-emergency", tag, dark=dark)
        await tell(office, None)


async def tell(office: Office, told: Mapping[str, object] | None) -> None:
    """The message of the chats' queue, or no more of it."""
    version = (await office.get("plans"))["version"]
    await office.send("POST", "rules", {"based_on": version, "rows": {"queue:web_chat": {"emergency": told}}})


async def start(studio: Studio) -> None:
    """Where to go."""
    async with studio.page("") as page:
        await studio.show(page, "start")
