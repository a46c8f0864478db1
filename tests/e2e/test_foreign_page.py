"""The widget on a page of another site, in a real browser: another host and port, and a content security policy."""

import html
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from chat.identity import proof_of
from tests.browser import needs_chromium
from tests.e2e.office import Office
from tests.e2e.pictures import payload, picture
from tests.e2e.server import PASSWORD, Server
from tests.frontend.real import Network, Person, accept, answer, be, end, finish, person, said, sign_in, write
from tests.ports import HOST, free_port

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SECRET = "demo-widget-secret"
# Who speaks both languages.
AGENT = "Demo agent 3"
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Shop</title></head><body><h1>Shop</h1>
<script src="{server}/widget/widget.js" data-entry="{entry}" data-call-entry="4000" {attributes} defer></script>
</body></html>"""
# What docs/chat.md tells sites that have a policy.
POLICY = (
    "default-src 'none'; script-src {server}; connect-src {server} {sockets}; media-src blob: mediastream:; "
    "img-src blob:; base-uri 'none'; form-action 'none'"
)


NIGHT = """
[entries.night]
channel = "web_chat"
queue = "web_chat"
origins = ["http://localhost:{port}"]
hours = "never"
closed = "message"
"""


@pytest.fixture(scope="module")
def shop_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site_edits(shop_port: int) -> Callable[[Path], None]:
    def edit(site: Path) -> None:
        chats = site / "chats.toml"
        text = chats.read_text()
        assert "\norigins = []\n" in text
        text = text.replace("\norigins = []\n", f'\norigins = ["http://localhost:{shop_port}"]\n')
        chats.write_text(text + NIGHT.format(port=shop_port))
        with (site / "calendars.toml").open("a") as calendars:
            calendars.write('\n[never]\ntitle = "Never"\ndaily = []\n')

    return edit


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(shop_port: int) -> AsyncIterator[str]:
    """The embedding site. Its server makes the proof of who is signed in; the page never has the secret."""

    async def page(request: web.Request) -> web.Response:
        given = dict(request.query)
        server, lang = given.pop("server"), given.pop("lang", "en")
        entry = given.pop("entry", "web")
        if user := given.get("user"):
            given["proof"] = proof_of(SECRET, user, dict(parse_qsl(given.get("user-attributes", ""))))
        attributes = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in given.items())
        policy = POLICY.format(server=server, sockets=server.replace("http", "ws", 1))
        body = PAGE.format(lang=lang, entry=entry, server=server, attributes=attributes)
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def icon(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/favicon.ico", icon)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, shop_port).start()
    yield f"http://localhost:{shop_port}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(browser: Browser, running_server: Server) -> AsyncIterator[Person]:
    async with person(browser, running_server.base) as agent:
        await sign_in(agent, "agent", "agent3", PASSWORD)
        yield agent


@pytest_asyncio.fixture(loop_scope="module")
async def agent(signed_in: Person) -> AsyncIterator[Person]:
    await be(signed_in, "ready")
    yield signed_in
    await be(signed_in, "not_ready")


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, shop: str) -> AsyncIterator[Person]:
    async with person(browser, shop) as visitor:
        yield visitor


async def visit(who: Person, server: str, **attributes: str) -> None:
    given = {name.replace("_", "-"): value for name, value in attributes.items()}
    await who.page.goto(f"{who.base}/?{urlencode({'server': server, **given})}")


async def ask_there(who: Person, question: str) -> None:
    await who.page.locator(".launcher").click()
    await who.page.locator("textarea[name=question]").fill(question)
    await who.page.locator(".form .primary").click()
    await expect(who.page.locator(".where")).to_be_visible()


async def test_a_chat_with_a_known_user(agent: Person, visitor: Person, running_server: Server) -> None:
    there = visitor.page
    await visit(visitor, running_server.base, user="user-8", name="Known User", theme="dark", lang="zh-TW")
    await expect(there.locator(".root")).to_have_attribute("data-theme", "dark")
    await expect(there.get_by_role("button", name="聯絡我們")).to_be_visible()
    await ask_there(visitor, "first")
    await expect(agent.page.locator(".offer")).to_contain_text("Known User")
    await accept(agent)
    await expect(there.locator(".where")).to_contain_text(AGENT)
    await write(agent, "second")
    await answer(visitor, "third")
    await said(there, ["first", "second", "third"], ".log")

    await there.reload()
    await said(there, ["first", "second", "third"], ".log")
    await answer(visitor, "fourth")
    await said(agent.page, ["first", "second", "third", "fourth"], ".transcript")
    await there.locator(".attach-input").set_input_files([payload("parcel.png", picture(9, 7))])
    for page in (there, agent.page):
        await expect(page.locator("img.picture")).to_have_js_property("naturalWidth", 9)
    script = "document.querySelector('script[data-entry]').dataset"
    await there.evaluate(f"{script}.locale = 'zh-CN', {script}.theme = 'light'")
    await expect(there.locator(".root")).to_have_attribute("data-theme", "light")
    await expect(there.get_by_role("button", name="结束会话")).to_be_visible()
    await end(agent)
    await there.locator(".stars button").nth(4).click()
    await expect(there.locator(".stars button").nth(4)).to_have_attribute("aria-pressed", "true")
    await finish(agent)
    async with Office(running_server) as office:
        (customer,) = (await office.get("customers?identity=user-8&kind=user"))["customers"]
    assert {"kind": "user", "value": "user-8", "unverified": False} in customer["identities"]
    assert visitor.errors == [], "nothing of it offends the page's policy"


async def test_plain_requests_where_no_websocket_gets_through(
    agent: Person, visitor: Person, running_server: Server
) -> None:
    async with Network(running_server.http_port) as line:
        line.sockets_blocked = True
        await visit(visitor, line.base)
        await ask_there(visitor, "first")
        await accept(agent)
        await write(agent, "second")
        await answer(visitor, "third")
        await said(visitor.page, ["first", "second", "third"], ".log")
        await visitor.page.reload()
        await said(visitor.page, ["first", "second", "third"], ".log")
        await end(agent)
        await visitor.page.get_by_role("button", name="5 of 5").click()
        await expect(visitor.page.locator(".rating")).to_contain_text("Thank you for your rating")
        await finish(agent)


async def test_a_call(agent: Person, visitor: Person, running_server: Server) -> None:
    there = visitor.page
    await visit(visitor, running_server.base)
    await there.locator(".launcher").click()
    await there.get_by_role("button", name="Call from this page").click()
    await expect(there.locator(".call-where")).to_contain_text("Listen to the menu")
    await there.locator(".keys").get_by_role("button", name="0", exact=True).click()
    await agent.button("^Accept").click(timeout=30_000)
    await expect(there.locator(".call-where")).to_contain_text(f"You are talking with {AGENT}")
    await there.get_by_role("button", name="Hang up").click()
    await expect(agent.page.locator(".wrap-up")).to_contain_text("The caller hung up")
    await finish(agent)
    assert visitor.errors == [], "nothing of it offends the page's policy"


async def test_who_is_proven_to_be_gold_goes_ahead(
    signed_in: Person, browser: Browser, shop: str, running_server: Server
) -> None:
    async with person(browser, shop) as plain, person(browser, shop) as gold:
        await visit(plain, running_server.base, user="user-1")
        await ask_there(plain, "first come")
        await expect(plain.page.locator(".where")).to_contain_text("You are next")
        await visit(gold, running_server.base, user="user-2", user_attributes="tier=gold", prechat="order=20231001")
        await ask_there(gold, "first served")
        await expect(gold.page.locator(".where")).to_contain_text("You are next")
        await expect(plain.page.locator(".where")).to_contain_text("2")
        await be(signed_in, "ready")
        offer = signed_in.page.locator(".offer").first
        await expect(offer).to_contain_text("first served")
        await expect(offer).to_contain_text("20231001")
        await expect(offer).to_contain_text("signed in")
        for visitor in (plain, gold):
            await visitor.page.locator(".end").click()
            await visitor.page.locator(".end").click()
            await expect(visitor.page.locator(".rating")).to_be_visible()
        await expect(offer).to_have_count(0)
        await be(signed_in, "not_ready")


async def test_a_message_when_nobody_is_there(signed_in: Person, visitor: Person, running_server: Server) -> None:
    there, here = visitor.page, signed_in.page
    await visit(visitor, running_server.base, entry="night", lang="zh-CN")
    await there.locator(".launcher").click()
    await expect(there.locator(".closed")).to_contain_text("现在没有人在线")
    await there.get_by_label("电话或电子邮箱").fill("vera@example.org")
    await there.get_by_label("您的留言").fill("请回电 <b>谢谢</b>")
    await there.get_by_role("button", name="发送留言").click()
    await expect(there.locator(".closed")).to_contain_text("您的留言已收到")
    await here.keyboard.press("Alt+u")
    await expect(here.locator(".follow-up")).to_contain_text("请回电 <b>谢谢</b>")
    await expect(here.locator(".follow-up")).to_contain_text("vera@example.org")
    await here.keyboard.press("Alt+w")
    assert visitor.errors == [], "nothing of it offends the page's policy"


async def test_an_origin_that_is_not_listed_gets_nothing(visitor: Person, shop: str, running_server: Server) -> None:
    """The same site under its other name: to a browser that is another origin."""
    there = visitor.page
    await there.goto(f"{shop.replace('localhost', HOST)}/?server={running_server.base}")
    await there.locator(".launcher").click()
    await there.locator("textarea[name=question]").fill("Hello?")
    await there.locator(".form .primary").click()
    await expect(there.get_by_role("alert")).not_to_be_empty()
    await expect(there.locator(".where")).to_have_count(0)
    await there.get_by_role("button", name="Call from this page").click(force=True)
    await expect(there.locator(".call-where.refused")).to_be_visible()
    async with Office(running_server) as office:
        waiting = (await office.get("queues"))["queues"]
    assert all(queue["waiting"] == 0 for queue in waiting)
    await there.goto("about:blank")
    visitor.errors[:] = [error for error in visitor.errors if "blocked by CORS policy" not in error]
