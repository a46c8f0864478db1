"""Chats on the real pages: an agent and visitors, each in a browser, with a line that breaks."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from chat.identity import proof_of
from tests.browser import needs_chromium
from tests.e2e.office import Office
from tests.e2e.server import PASSWORD, Server
from tests.e2e.test_emergency import tell
from tests.e2e.waiting import wait_until
from tests.frontend.real import (
    Network,
    Person,
    accept,
    answer,
    ask,
    be,
    end,
    finish,
    person,
    said,
    sign_in,
    write,
)

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

MARKUP = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script> **bold** &amp;"
AGENT = "Demo agent 1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(running_server: Server) -> AsyncIterator[Network]:
    async with Network(running_server.http_port) as network:
        yield network


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(browser: Browser, network: Network) -> AsyncIterator[Person]:
    async with person(browser, network.base) as agent:
        await sign_in(agent, "agent", "agent1", PASSWORD)
        yield agent


@pytest_asyncio.fixture(loop_scope="module")
async def agent(signed_in: Person) -> AsyncIterator[Person]:
    """Ready in the test alone, so that the next one begins with nobody there."""
    await be(signed_in, "ready")
    yield signed_in
    await be(signed_in, "not_ready")


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, network: Network) -> AsyncIterator[Person]:
    async with person(browser, network.base) as visitor:
        yield visitor


async def test_a_chat_from_the_question_to_the_rating(agent: Person, visitor: Person, running_server: Server) -> None:
    there, here = visitor.page, agent.page
    await be(agent, "not_ready")
    await ask(visitor, f"Where is my parcel? {MARKUP}", "Acme Bicycles")
    await expect(there.locator(".where")).to_contain_text("You are next")
    await be(agent, "ready")
    await expect(here.locator(".offer")).to_contain_text("Acme Bicycles")
    await expect(here.locator(".offer .question")).to_contain_text(MARKUP)
    await accept(agent)
    await expect(there.locator(".where")).to_contain_text(f"You are talking with {AGENT}")
    await expect(there.locator(".when")).to_contain_text("Read")

    await here.get_by_label("Your message").press_sequentially("Let me look")
    await expect(there.locator(".line .dots")).to_be_visible()
    await here.get_by_label("Your message").press("Shift+Enter")
    await here.get_by_label("Your message").press_sequentially("it up")
    await here.get_by_label("Your message").press("Enter")
    await expect(there.locator(".line .dots")).to_have_count(0)
    await expect(here.locator(".bubble.agent .said-when")).to_contain_text("Read")
    await there.get_by_label("Write a message").press_sequentially("Tha")
    await expect(here.locator(".bubble.typing")).to_be_visible()
    await answer(visitor, MARKUP)
    texts = [f"Where is my parcel? {MARKUP}", "Let me look\nit up", MARKUP]
    await said(here, texts, ".transcript")
    await said(there, texts, ".log")

    await end(agent)
    await expect(there.locator(".rating")).to_contain_text("How was it?")
    await there.get_by_role("button", name="4 of 5").click()
    await expect(there.locator(".rating")).to_contain_text("Thank you for your rating")
    await finish(agent)
    await expect(here.locator(".chats")).to_have_count(0)
    for page in (here, there):
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("img, #app script").count() == 0
    async with Office(running_server) as office:
        view = await newest(office)
    assert (view["record"]["rating"], view["record"]["disposition"]) == (4, "resolved")


async def newest(office: Office) -> dict[str, dict[str, object]]:
    """The newest interaction, once everything of it is over: the agent's disposition comes last."""

    async def view() -> dict[str, dict[str, object]] | None:
        (record,) = (await office.get("interactions?limit=1"))["items"]
        return await office.get(f"interactions/{record['id']}") if record["disposition"] else None

    found = await wait_until(view, 30, "the record has its disposition")
    assert found is not None
    return found


async def test_a_cut_line_and_reloads_lose_and_double_nothing(
    agent: Person, browser: Browser, running_server: Server
) -> None:
    async with Network(running_server.http_port) as line, person(browser, line.base) as visitor:
        await ask(visitor, "first")
        await accept(agent)
        await write(agent, "second")
        await expect(visitor.page.locator(".line.agent .said")).to_have_text("second")

        line.cut()
        await expect(visitor.page.locator(".link-lost")).to_be_visible()
        await answer(visitor, "third, into the void")
        await answer(visitor, "fourth, into the void")
        await expect(visitor.page.locator(".unsent")).to_have_count(2)
        await write(agent, "fifth, to nobody")
        line.mend()
        theirs = ["first", "second", "fifth, to nobody", "third, into the void", "fourth, into the void"]
        await said(visitor.page, theirs, ".log")
        await said(agent.page, theirs, ".transcript")

        await visitor.page.reload()
        await said(visitor.page, theirs, ".log")
        await expect(visitor.page.locator(".where")).to_contain_text(AGENT)
        await agent.page.reload()
        await said(agent.page, theirs, ".transcript")

        # A reload with something unsent: it is said when the line is there again, by the page that comes after.
        line.cut()
        await expect(visitor.page.locator(".link-lost")).to_be_visible()
        await answer(visitor, "sixth, before the reload")
        line.mend()
        await visitor.page.reload()
        await said(visitor.page, [*theirs, "sixth, before the reload"], ".log")
        await said(agent.page, [*theirs, "sixth, before the reload"], ".transcript")
        await visitor.page.get_by_role("button", name="End chat").click()
        await visitor.page.get_by_role("button", name="Really end").click()
        await expect(agent.page.locator(".wrap-up")).to_contain_text("The visitor ended the chat")
        await expect(visitor.page.locator(".rating")).to_contain_text("How was it?")
        await finish(agent)


async def test_an_agents_message_survives_a_cut_line_and_a_reload(
    agent: Person, visitor: Person, network: Network
) -> None:
    await ask(visitor, "first")
    await accept(agent)
    await expect(visitor.page.locator(".where")).to_contain_text(AGENT)
    network.cut()
    await expect(agent.page.locator(".banner")).to_be_visible()
    await write(agent, "second, into the void")
    await expect(agent.page.locator(".unsent")).to_have_count(1)
    network.mend()
    await said(visitor.page, ["first", "second, into the void"], ".log")
    network.cut()
    await expect(agent.page.locator(".banner")).to_be_visible()
    await write(agent, "third, before the reload")
    network.mend()
    await agent.page.reload()
    await said(agent.page, ["first", "second, into the void", "third, before the reload"], ".transcript")
    await said(visitor.page, ["first", "second, into the void", "third, before the reload"], ".log")
    await end(agent)
    await finish(agent)


async def test_without_websockets_requests_carry_the_chat(
    agent: Person, browser: Browser, running_server: Server
) -> None:
    async with Network(running_server.http_port) as line, person(browser, line.base) as visitor:
        line.sockets_blocked = True
        await ask(visitor, "first")
        await accept(agent)
        await write(agent, "second")
        await answer(visitor, "third")
        await said(visitor.page, ["first", "second", "third"], ".log")
        await said(agent.page, ["first", "second", "third"], ".transcript")
        await expect(agent.page.locator(".bubble.agent .said-when")).to_contain_text("Read")
        await visitor.page.reload()
        await said(visitor.page, ["first", "second", "third"], ".log")
        await end(agent)
        await visitor.page.get_by_role("button", name="5 of 5").click()
        await expect(visitor.page.locator(".rating")).to_contain_text("Thank you for your rating")
        await finish(agent)


async def test_chats_beside_each_other(agent: Person, visitor: Person, browser: Browser, network: Network) -> None:
    async with person(browser, network.base) as second:
        await ask(visitor, "one asks", "One")
        await accept(agent)
        await ask(second, "two asks", "Two")
        await expect(agent.page.locator(".offer.compact")).to_contain_text("two asks")
        await accept(agent)
        tabs = agent.page.get_by_role("tab")
        await expect(tabs).to_have_count(2)
        await expect(agent.page.get_by_role("tab", selected=True)).to_contain_text("Two")
        await answer(visitor, "one again")
        await expect(tabs.filter(has_text="One").locator(".badge")).to_have_text("1")
        await expect(agent.page).to_have_title(re.compile(r"\(1\)"))
        await write(agent, "for two")
        await agent.page.keyboard.press("Alt+1")
        await expect(tabs.filter(has_text="One").locator(".badge")).to_have_count(0)
        await said(agent.page, ["one asks", "one again"], ".chat:not([hidden])")
        await said(second.page, ["two asks", "for two"], ".log")
        await end(agent)
        await agent.page.get_by_role("textbox", name="Note", exact=True).locator("visible=true").fill("about one")
        await agent.page.keyboard.press("Alt+2")
        await said(agent.page, ["two asks", "for two"], ".chat:not([hidden])")
        await agent.page.keyboard.press("Alt+1")
        await expect(agent.page.get_by_role("textbox", name="Note", exact=True).locator("visible=true")).to_have_value(
            "about one"
        )
        await finish(agent)
        await expect(tabs).to_have_count(1)
        await end(agent)
        await finish(agent)


async def test_a_call_from_the_widget(agent: Person, visitor: Person, running_server: Server) -> None:
    there = visitor.page
    await there.goto(f"{visitor.base}/visitor/")
    await there.locator(".launcher").click()
    await there.get_by_role("button", name="Call from this page").click()
    await expect(there.locator(".call-where")).to_contain_text("Listen to the menu")
    await there.get_by_role("button", name="Mute").click()
    await expect(there.get_by_role("button", name="Unmute")).to_be_visible()
    await there.locator(".keys").get_by_role("button", name="0", exact=True).click()
    await expect(there.locator(".keys output")).to_have_text("0")
    await expect(there.locator(".call-where")).to_contain_text("in the queue", timeout=30_000)
    async with Office(running_server) as office:
        await tell(
            office, {"queue:operator": {"emergency": {"prompt": "closed", "text": {"en": "A storm: it takes longer."}}}}
        )
        await expect(there.get_by_role("alert")).to_have_text("A storm: it takes longer.")
        await tell(office, {"queue:operator": {"emergency": None}})
        await expect(there.get_by_role("alert")).to_have_count(0)
    await agent.button("^Accept").click(timeout=30_000)
    await expect(there.locator(".call-where")).to_contain_text(f"You are talking with {AGENT}")
    await there.get_by_role("button", name="Hang up").click()
    await expect(there.locator(".call-where")).to_contain_text("The call is over")
    await expect(agent.page.locator(".wrap-up")).to_contain_text("The caller hung up")
    await finish(agent)


LANGUAGES = [
    ("en", "Contact us", "Start chat", "You are next"),
    ("zh-CN", "联系我们", "开始会话", "您是下一位"),
    ("zh-TW", "聯絡我們", "開始對話", "您是下一位"),
]


@pytest.mark.parametrize(("tag", "title", "start", "place"), LANGUAGES)
async def test_the_widget_speaks(visitor: Person, tag: str, title: str, start: str, place: str) -> None:
    there = visitor.page
    await there.goto(f"{visitor.base}/visitor/?locale={tag}&theme=dark")
    await there.get_by_role("button", name=title).click()
    await expect(there.get_by_role("button", name=start)).to_be_visible()
    await expect(there.locator(".root")).to_have_attribute("data-theme", "dark")
    await there.locator("#language").select_option("en")
    await expect(there.get_by_role("button", name="Start chat")).to_be_visible()
    await there.locator("#language").select_option(tag)
    await there.locator("textarea[name=question]").fill("?")
    await there.locator(".form .primary").click()
    await expect(there.locator(".where")).to_contain_text(place)
    await there.locator(".end").click()
    await there.locator(".end").click()
    await expect(there.locator(".rating")).to_be_visible()


ROUGH = """<!doctype html><html lang="en"><head><link rel="stylesheet" href="/rough.css"></head><body><h1>Rough</h1>
<script src="/widget/widget.js" data-entry="web" data-user="{user}" data-proof="{proof}" data-name="Known User" defer>
</script></body></html>"""
ROUGH_CSS = (
    "* { font-size: 40px !important; color: red } button { display: none !important } jackfield-widget { top: 0 }"
)


async def embedded(visitor: Person, proof: str) -> None:
    async def page(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=ROUGH.format(user="user-7", proof=proof))

    async def sheet(route: Route) -> None:
        await route.fulfill(content_type="text/css", body=ROUGH_CSS)

    await visitor.page.route("**/rough.html", page)
    await visitor.page.route("**/rough.css", sheet)
    await visitor.page.goto(f"{visitor.base}/rough.html")
    await visitor.page.locator(".launcher").click()
    await visitor.page.locator("textarea[name=question]").fill("It is me")
    await visitor.page.locator(".form .primary").click()


async def test_a_rough_page_with_a_known_user(visitor: Person, running_server: Server) -> None:
    await embedded(visitor, proof_of("demo-widget-secret", "user-7"))
    await expect(visitor.page.locator(".where")).to_be_visible()
    widget = "document.querySelector('jackfield-widget')"
    assert (
        await visitor.page.evaluate(f"getComputedStyle({widget}.shadowRoot.querySelector('.said')).fontSize") == "16px"
    )
    assert await visitor.page.evaluate(f"getComputedStyle({widget}).bottom") == "20px"
    assert await visitor.page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "40px"
    assert await visitor.page.evaluate("Object.keys(window).filter((name) => /jackfield/i.test(name))") == []
    await visitor.page.locator(".end").click()
    await visitor.page.locator(".end").click()
    await expect(visitor.page.locator(".rating")).to_be_visible()
    async with Office(running_server) as office:
        found = await office.get("customers?identity=user-7&kind=user")
    (customer,) = found["customers"]
    assert {"kind": "user", "value": "user-7", "unverified": False} in customer["identities"], json.dumps(found)


async def test_a_wrong_proof_is_refused(visitor: Person) -> None:
    await embedded(visitor, "0" * 64)
    await expect(visitor.page.get_by_role("alert")).to_contain_text("could not be verified")
    await expect(visitor.page.locator("textarea[name=question]")).to_have_value("It is me")
