"""The supervisors' page on a real server: the board as it changes, and every intervention."""

import csv
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser import needs_chromium
from tests.e2e.callers import calling
from tests.e2e.kept import store_of
from tests.e2e.server import PASSWORD, SUPERVISOR, Server
from tests.e2e.site import MANDARIN, ORDERS
from tests.frontend.real import Person, person, sign_in

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def boss(browser: Browser, running_server: Server) -> AsyncIterator[Person]:
    async with person(browser, running_server.base, width=1440) as boss:
        await sign_in(boss, "supervisor", SUPERVISOR, PASSWORD)
        yield boss


def queue(boss: Person, name: str) -> Locator:
    return boss.page.locator(f"[data-queue={name}]")


def agent(boss: Person, name: str) -> Locator:
    return boss.page.locator(f"[data-agent={name}]")


def items(boss: Person) -> Locator:
    return boss.page.locator(".items > li")


async def confirm(boss: Person, button: str, comment: str) -> None:
    sheet = boss.page.get_by_role("dialog")
    await sheet.get_by_label("Comment").fill(comment)
    await sheet.get_by_role("button", name=button).click()
    await expect(sheet).to_have_count(0)


@asynccontextmanager
async def signed_in_agent(browser: Browser, server: Server, account: str) -> AsyncIterator[Person]:
    async with person(browser, server.base) as agent:
        await sign_in(agent, "agent", account, PASSWORD)
        yield agent
        await agent.button("Sign out").click()
        await expect(agent.page.locator(".sign-in")).to_be_visible()


async def audit(boss: Person) -> Locator:
    await boss.button("Audit log").click()
    rows = boss.page.locator("table.audit tbody tr")
    await expect(rows.first).to_be_visible()
    return rows


async def test_an_agent_is_told_that_the_page_is_not_theirs(browser: Browser, running_server: Server) -> None:
    async with person(browser, running_server.base) as somebody:
        await somebody.page.goto(f"{running_server.base}/supervisor/")
        await somebody.page.get_by_label("Account").fill("agent1")
        await somebody.page.get_by_label("Password").fill(PASSWORD)
        await somebody.button("Sign in").click()
        await expect(somebody.page.get_by_role("alert")).to_contain_text("for supervisors")


async def test_work_waits_with_its_reason_is_moved_directed_and_ended(
    boss: Person, running_server: Server, tmp_path: Path
) -> None:
    page = boss.page
    async with calling(running_server, tmp_path, "+3225550101", MANDARIN):
        await expect(queue(boss, "orders").locator("td").first).to_have_text("1")
        await expect(items(boss)).to_contain_text(["Orders"])
        await expect(items(boss).locator(".tags")).to_contain_text("Mandarin")
        await boss.button("Why not yet").click()
        await expect(page.locator(".why-not")).to_contain_text("lacks Mandarin at 1+")
        await expect(page.locator(".why-not li", has_text="Demo agent 3")).to_contain_text("Offline")

        await boss.button("^Move").click()
        await page.get_by_label("To the queue").select_option("operator")
        await confirm(boss, "Move", "orders are closed")
        await expect(items(boss)).to_contain_text(["Operator"])
        await expect(queue(boss, "operator").locator("td").first).to_have_text("1")
        await expect(queue(boss, "orders").locator("td").first).to_have_text("0")

        await boss.button("^Direct").click()
        await page.locator("select[name=agent]").select_option("agent2")
        await confirm(boss, "Set", "knows them")
        await expect(items(boss)).to_contain_text("Kept for Demo agent 2")

        await items(boss).get_by_role("button", name="End").click()
        await expect(page.get_by_role("dialog")).to_contain_text("cannot be taken back")
        await page.get_by_role("button", name="Cancel").click()
        await expect(items(boss)).to_have_count(1)
        await items(boss).get_by_role("button", name="End").click()
        await confirm(boss, "End it", "a test call")
        await expect(items(boss)).to_have_count(0)
    rows = await audit(boss)
    for row, (what, change, comment) in enumerate(
        (
            ("Ended work", "Cancelled", "a test call"),
            ("Directed work", "Demo agent 2", "knows them"),
            ("Moved work", "Operator", "orders are closed"),
        )
    ):
        for text in (what, change, comment, "Demo supervisor"):
            await expect(rows.nth(row)).to_contain_text(text)
    await boss.button("Live board").click()


async def test_a_breach_is_told_looked_after_and_in_the_figures(
    boss: Person, running_server: Server, tmp_path: Path
) -> None:
    page = boss.page
    async with calling(running_server, tmp_path, "+3225550103", MANDARIN):
        await expect(items(boss).locator(".due").first).to_contain_text("left to the target")
        told = page.locator(".alerts li", has_text="Over the target Orders")
        await expect(told).to_contain_text("1 waiting longer than promised", timeout=30_000)
        await expect(queue(boss, "orders").locator(".alert-mark", has_text="Over the target")).to_be_visible()
        await expect(items(boss).locator(".due").first).to_contain_text("over the target")
        await told.get_by_role("button").click()
        await expect(told).to_contain_text(f"{SUPERVISOR} looks after it")
    await expect(items(boss)).to_have_count(0)
    await boss.button("Export").click()
    async with page.expect_download() as started:
        await page.get_by_role("dialog").get_by_role("button", name="Save as CSV").click()
    saved = await started.value
    assert saved.suggested_filename == "queue-day-today.csv"
    rows = list(csv.DictReader((await saved.path()).read_text(encoding="utf-8-sig").splitlines()))
    (orders,) = [row for row in rows if row["name"] == "orders"]
    assert int(orders["abandoned"]) >= 1


async def test_it_says_that_routing_pauses_while_the_store_is_full(boss: Person, running_server: Server) -> None:
    running_server.expected_errors |= {"store_away", "journal_not_rotated"}
    told = boss.page.locator(".alerts li", has_text="Routing pauses")
    async with store_of(running_server) as store:
        await store.run("CONFIG", "SET", "maxmemory", "1")
        try:
            await expect(told).to_contain_text("what is decided waits until the store can write: OOM")
        finally:
            await store.run("CONFIG", "SET", "maxmemory", "0")
    await expect(told).to_have_count(0)


async def test_presence_is_seen_and_set(boss: Person, browser: Browser, running_server: Server) -> None:
    async with signed_in_agent(browser, running_server, "agent2") as somebody:
        row = agent(boss, "agent2")
        await expect(row).to_have_attribute("data-presence", "not_ready")
        await row.get_by_role("button", name="Presence").click()
        await confirm(boss, "Set", "a rush")
        await expect(somebody.page.locator(".presence")).to_have_attribute("data-presence", "ready")
        await expect(row).to_have_attribute("data-presence", "ready")
        await row.get_by_role("button", name="Presence").click()
        await boss.page.get_by_role("radio", name="Not ready").check()
        await boss.page.get_by_label("Why not ready").select_option("training")
        await confirm(boss, "Set", "the new catalogue")
        await expect(somebody.page.locator(".presence")).to_have_attribute("data-presence", "not_ready")
        await expect(row.locator(".agent-presence")).to_contain_text("Not ready · Training")
        await row.get_by_role("button", name="Presence").click()
        await confirm(boss, "Set", "a rush")
        await expect(row).to_have_attribute("data-presence", "ready")
        await expect(row.locator(".agent-presence")).to_contain_text(re.compile(r"Ready\s*0:\d\d"))
    await expect(agent(boss, "agent2")).to_have_attribute("data-presence", "offline")


async def test_held_work_is_shown_and_a_stuck_one_ended(
    boss: Person, browser: Browser, running_server: Server, tmp_path: Path
) -> None:
    async with signed_in_agent(browser, running_server, "agent1") as somebody:
        await somebody.button("^Ready").click()
        async with calling(running_server, tmp_path, "+3225550102", ORDERS):
            await expect(items(boss)).to_contain_text("Offered to Demo agent 1")
            await somebody.button("^Accept").click()
            held = agent(boss, "agent1").locator(".held")
            await expect(held).to_contain_text("in conversation")
            await expect(agent(boss, "agent1").locator(".agent-load")).to_have_text("3 / 3")
            await expect(held).to_contain_text("End")  # tells what it has when it has not
            await held.get_by_role("button", name="End").click()
            await expect(boss.page.get_by_role("dialog")).to_contain_text("will be cut off")
            await confirm(boss, "End it", "line is dead")
            await expect(somebody.page.locator(".call")).to_have_count(0)
        await expect(held).to_have_count(0)


async def test_the_second_writer_is_told_what_the_first_changed(
    boss: Person, browser: Browser, running_server: Server
) -> None:
    async with person(browser, running_server.base, width=1440) as other:
        await sign_in(other, "supervisor", SUPERVISOR, PASSWORD)
        for each in (boss, other):
            await agent(each, "agent3").get_by_role("button", name="Skills").click()
            await expect(each.page.get_by_role("spinbutton", name="orders")).to_have_value("6")
        await boss.page.get_by_role("spinbutton", name="orders").fill("2")
        await confirm(boss, "Save", "new to orders")
        await expect(agent(other, "agent3").locator(".agent-skills")).to_contain_text("Orders 2")

        sheet = other.page.get_by_role("dialog")
        await sheet.get_by_role("spinbutton", name="mandarin").fill("10")
        await sheet.get_by_role("button", name="Save").click()
        await expect(sheet.locator(".theirs")).to_contain_text(f"{SUPERVISOR} was first")
        await expect(sheet.locator(".theirs ins")).to_contain_text("Orders 2")
        await expect(sheet.get_by_role("button", name="Save")).to_be_disabled()
        await sheet.get_by_role("button", name="Load what holds now").click()
        await expect(sheet.get_by_role("spinbutton", name="orders")).to_have_value("2")
        await sheet.get_by_role("spinbutton", name="mandarin").fill("10")
        await sheet.get_by_role("button", name="Remove english").click()
        await confirm(other, "Save", "")
        await expect(agent(boss, "agent3").locator(".agent-skills")).to_contain_text("Mandarin 10")
        await expect(agent(boss, "agent3").locator(".agent-skills")).not_to_contain_text("English")


async def test_an_agent_is_dragged_to_a_queue_and_it_is_taken_back(boss: Person) -> None:
    page = boss.page
    await agent(boss, "agent3").locator(".agent-name b").hover()
    await page.mouse.down()
    await page.mouse.move(400, 400, steps=4)
    # Wherever the page is scrolled to, all that takes a drop is at hand.
    target = await page.locator("[data-drop='queue:orders']").bounding_box()
    assert target is not None
    await page.mouse.move(target["x"] + 20, target["y"] + 20, steps=4)
    await page.mouse.up()
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_role("combobox", name="To", exact=True)).to_have_value("queue:orders")
    await expect(sheet).to_contain_text("Demo agent 3")
    await confirm(boss, "Set", "all hands")
    toast = page.locator(".notice", has_text="Demo agent 3: assigned")
    await toast.get_by_role("button", name="Undo").click()
    await expect(page.locator(".notice", has_text="Taken back")).to_be_visible()
    rows = await audit(boss)
    await expect(rows.nth(0)).to_contain_text("Took back")
    await expect(rows.nth(1)).to_contain_text("all hands")
    await expect(rows.nth(1)).to_contain_text("Taken back")
    await boss.button("Live board").click()


async def test_by_keyboard_several_agents_are_assigned_and_taken_back_in_the_log(boss: Person) -> None:
    page = boss.page
    for name in ("Demo agent 3", "Demo agent 4"):
        await page.get_by_role("checkbox", name=f"Choose {name}").press("Space")
    await page.locator(".marked").get_by_role("button", name="Assign").press("Enter")
    to = page.get_by_role("combobox", name="To", exact=True)
    await to.select_option("queue:web_chat")
    await page.get_by_role("radio", name="This queue first").check()
    await confirm(boss, "Set", "chats first")
    await page.locator(".marked").get_by_role("button", name="Choose none").press("Enter")
    rows = await audit(boss)
    await expect(rows.first).to_contain_text("Agent Demo agent 4 Queues")
    await rows.first.get_by_role("button", name="Take back: Changed rules").press("Enter")
    await expect(rows.first).to_contain_text("Took back")
    await boss.button("Live board").click()


async def test_a_queues_rules_are_changed_kept_as_a_plan_and_the_plan_reverted(boss: Person) -> None:
    page, title = boss.page, f"Rush {random.randrange(10**6)}"
    await queue(boss, "orders").get_by_role("button", name="Rules of Orders").click()
    await page.get_by_role("spinbutton", name="Priority").fill("42")
    await confirm(boss, "Save", "a rush")
    await boss.button("Peak plans").click()
    await page.get_by_label("Save the live changes as a plan").fill(title)
    await boss.button("^Save$").click()
    plan = page.locator("[data-plan]", has_text=title)
    await expect(plan).to_contain_text("All of it is so already")
    rows = await audit(boss)
    await rows.filter(has_text="a rush").first.get_by_role("button", name="Take back").click()
    await expect(rows.first).to_contain_text("Took back")
    await boss.button("Peak plans").click()
    await expect(plan).to_contain_text("What it would change now")
    await expect(plan.locator("ins")).to_contain_text(["42"])
    await plan.get_by_role("button", name="Apply").click()
    await expect(plan).to_contain_text(f"{SUPERVISOR} applied it")
    await plan.get_by_role("button", name="Revert").click()
    await expect(plan).to_contain_text("What it would change now")
    await plan.get_by_role("button", name="Forget it").click()
    await expect(plan).to_have_count(0)
    await boss.button("Live board").click()


async def test_what_customers_write_stays_text(boss: Person, running_server: Server) -> None:
    """A chat's text never comes to the board; an audit comment does, and stays text."""
    attack = "<img src=x onerror='window.hacked=1'>"
    body = {"entry": "web", "key": "k" * 22, "question": attack, "name": attack, "locale": "en"}
    async with aiohttp.ClientSession() as http, http.post(f"{running_server.base}/chat/v1/chats", json=body) as answer:
        assert answer.status == 201
    await expect(items(boss)).to_contain_text("Web chat")
    await items(boss).get_by_role("button", name="End").click()
    await confirm(boss, "End it", attack)
    await expect((await audit(boss)).first).to_contain_text(attack)
    await boss.button("Live board").click()
    assert await boss.page.evaluate("window.hacked") is None
    assert await boss.page.locator("#app img").count() == 0


@pytest.mark.parametrize(
    ("tag", "queues", "audit_log"),
    [("zh-CN", "队列", "审计日志"), ("zh-TW", "佇列", "稽核紀錄"), ("en", "Queues", "Audit log")],
)
async def test_the_page_speaks(boss: Person, tag: str, queues: str, audit_log: str) -> None:
    await boss.page.locator(".bar select.language").select_option(tag)
    await expect(boss.page.get_by_role("heading", name=queues)).to_be_visible()
    await expect(boss.button(audit_log)).to_be_visible()
    assert await boss.page.evaluate("document.documentElement.lang") == tag


async def test_the_start_page_leads_to_each(boss: Person, browser: Browser, running_server: Server) -> None:
    async with person(browser, running_server.base) as somebody:
        await somebody.page.goto(f"{running_server.base}/")
        for name in ("Agents", "Supervisors", "Visitors"):
            await expect(somebody.page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        await somebody.page.get_by_role("heading", name="Supervisors").click()
        await expect(somebody.page.get_by_role("heading", name="Sign in to the supervisor's page")).to_be_visible()


async def test_a_queue_is_closed_at_once_and_goes_by_its_hours_again(boss: Person, running_server: Server) -> None:
    state = queue(boss, "orders").get_by_role("button", name=re.compile("^(Open|Closed): "))
    await expect(state).to_have_text("Open")
    for choice, shown in (("Closed", "Closed"), ("By its hours", "Open")):
        await state.click()
        await boss.page.get_by_role("radio", name=choice).check()
        await confirm(boss, "Set", "a burst pipe")
        await expect(state).to_have_text(shown)
    rows = await audit(boss)
    await expect(rows.first).to_contain_text("a burst pipe")
    await boss.button("Live board").click()


async def test_titles_follow_the_readers_language(boss: Person) -> None:
    languages = boss.page.get_by_role("combobox", name=re.compile("Language|语言|語言"))
    await expect(queue(boss, "orders")).to_contain_text("Orders")
    await languages.select_option("zh-CN")
    await expect(queue(boss, "orders")).to_contain_text("订单")
    await expect(agent(boss, "agent3")).to_contain_text("普通话")
    await languages.select_option("en")
    await expect(queue(boss, "orders")).to_contain_text("Orders")
