"""The supervisors' page against a scripted board: what it shows of what it is told, and when it is told nothing."""

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, WebSocket, expect

from http_api.static import StaticPages
from tests.agents_ws.scripted import now_us
from tests.browser import needs_chromium
from tests.frontend.board import MINUTE_US, TAKEN, Board, alert, breach, item, people, queue

pytestmark = [needs_chromium, pytest.mark.browser]


async def test_the_expected_wait_of_queues_and_items(page: Page, board: Board) -> None:
    board.snapshot |= {"queues": [queue(2, 2 * MINUTE_US)], "work": [item(1), item(2)]}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-queue=orders]")).to_contain_text("~ 6:00")
    await expect(page.locator("[data-work=w1]")).to_contain_text("~ 2:00")
    await expect(page.locator("[data-work=w2]")).to_contain_text("~ 4:00")
    change = {"type": "change", "version": 2, "agents": [], "gone": {}}
    await board.say({**change, "queues": [queue(2, None)], "work": []})
    await expect(page.locator("[data-queue=orders]")).not_to_contain_text("~")
    await expect(page.locator("[data-work=w1]")).not_to_contain_text("~")


async def test_five_hundred_agents_are_found_filtered_and_sorted(page: Page, board: Board) -> None:
    board.snapshot |= {"agents": people(500)}
    await page.goto(f"{board.base}/supervisor/")
    rows = page.locator("[data-agent]")
    count = page.locator("#agents-heading .count")
    await expect(count).to_have_text("500")
    assert await rows.count() < 100, "what nobody sees is not drawn"
    await page.mouse.wheel(0, 100_000)
    last = page.locator("[data-agent=a500]")  # what comes near is drawn, and may be higher than was guessed
    await last.wait_for(state="attached")
    await last.scroll_into_view_if_needed()
    await expect(last).to_be_in_viewport()
    await expect(page.locator("[data-agent=a1]")).to_have_count(0)
    await page.get_by_role("searchbox", name="Name, team or skill").fill("agent 49")
    await expect(rows).to_have_count(10)
    await page.get_by_role("searchbox", name="Name, team or skill").fill("")
    await page.get_by_role("combobox", name="Presence").select_option("not_ready")
    await page.get_by_role("combobox", name="Skill").select_option("orders")
    await expect(count).to_have_text("33")
    await page.get_by_role("combobox", name="Order").select_option("since")
    await expect(rows.first).to_have_attribute("data-agent", "a495")
    await page.get_by_role("combobox", name="Team").select_option("first")
    await expect(rows.first).to_have_attribute("data-agent", "a480")


async def test_changes_of_a_large_floor_come_together_and_none_is_lost(page: Page, board: Board) -> None:
    board.snapshot |= {"agents": people(500), "work": [item(1), item(2)]}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-work]")).to_have_count(2)
    first = people(500)[0]
    await board.change(agents=[first | {"load": 1}], work=[item(3)])
    await board.change(agents=[first | {"load": 3}], gone={"work": ["w3", "w1"]})
    await board.change(work=[item(1)], gone={"work": ["w2"]})
    await page.clock.run_for(700)
    await expect(page.locator("[data-agent=a1] .agent-load")).to_have_text("3 / 4")
    await expect(page.locator("[data-work]")).to_have_count(1)
    await expect(page.locator("[data-work=w1]")).to_be_visible()


async def test_a_presence_that_lasts_is_said_in_words(page: Page, board: Board) -> None:
    board.limits = {"lunch": 45 * MINUTE_US}
    board.snapshot |= {"agents": [one for one in people(60) if one["agent_id"] in ("a30", "a39", "a60")]}
    await page.goto(f"{board.base}/supervisor/")
    for name, said in (("a30", ""), ("a39", "soon 45:00"), ("a60", "over 45:00")):
        age = page.locator(f"[data-agent={name}] .age")
        await expect(age).to_contain_text(said or "30:0")
        assert ("45:00" in await age.inner_text()) is bool(said)


async def test_new_names_are_shown_without_a_new_connection(page: Page, board: Board) -> None:
    board.snapshot |= {"agents": people(3)}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-agent=a3]")).to_contain_text("Lunch")
    titles = {"skills": {}, "team_titles": {"second": {"en": "Night shift"}}, "limits": {}}
    await board.say({"type": "titles", **titles, "reasons": {"lunch": {"en": "Meal"}}})
    await expect(page.locator("[data-agent=a3]")).to_contain_text("Meal")
    await expect(page.locator("[data-agent=a3]")).to_contain_text("Night shift")
    assert board.met == 1


async def test_work_by_medium_and_channel_and_who_is_served(page: Page, board: Board) -> None:
    served = {"state": "connected", "agent_id": "a1", "since": now_us(), "customer": "+3225550100", "channel": "line"}
    channel = {"channel": "line", "title": "The 400 line", "medium": "voice", "owner": "first"}
    today = {"answered": 7, "abandoned": 2}
    board.snapshot |= {
        "queues": [queue(1, None)],
        "agents": people(1),
        "work": [item(1), item(2) | served | {"ring": 2}],
        "channels": [{**channel, "today": today, "level": 0.75}],
    }
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-work]")).to_have_count(1)
    await expect(page.locator("[data-queue=orders] td").nth(3)).to_have_text("1")
    await page.get_by_role("button", name="Channels").click()
    await expect(page.locator("[data-sum=line]")).to_contain_text("The 400 line")
    await expect(page.locator("[data-sum=line] td").nth(2)).to_have_text("1")
    await expect(page.locator("[data-sum=line]")).to_contain_text("75 %")
    await page.get_by_role("button", name="Media").click()
    await expect(page.locator("[data-sum=voice] td").first).to_have_text("1")
    await page.get_by_role("button", name="In service").click()
    row = page.locator("[data-work=w2]")
    for text in ("+3225550100", "The 400 line", "Ring 2", "Agent 001", "in conversation"):
        await expect(row).to_contain_text(text)
    await page.get_by_role("searchbox", name="Customer, channel").fill("nobody")
    await expect(page.get_by_text("Nobody is served now")).to_be_visible()


async def test_a_silent_connection_is_stale_and_made_anew(page: Page, board: Board) -> None:
    stale = page.get_by_text("What you see may be out of date")
    heard = asyncio.Event()

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", hear)

    def hear(frame: str | bytes) -> None:
        if "beat" in str(frame):
            heard.set()

    page.on("websocket", listen)
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator(".lamps")).to_contain_text("Connected")
    for _ in range(2):
        await page.clock.fast_forward(9_000)
        heard.clear()
        await board.say({"type": "beat"})
        await asyncio.wait_for(heard.wait(), 30)
    await expect(page.locator(".lamps")).to_contain_text("Connected")
    assert board.met == 1

    board.answers.clear()
    await page.clock.fast_forward(13_000)
    await expect(stale).to_be_visible()
    board.answers.set()
    await page.clock.fast_forward(2_000)
    await expect(stale).to_have_count(0)
    assert board.met == 2


async def test_alerts_are_shown_acknowledged_and_gone(page: Page, board: Board) -> None:
    tired = alert(
        6,
        kind="presence",
        subject_kind="agent",
        subject="agent1",
        detail={"reason": "lunch", "since": now_us(), "limit_us": 45 * MINUTE_US},
    )
    line = alert(5, kind="backlog", subject_kind="channel", subject="line_400", detail={"waiting": 51, "limit": 50})
    board.snapshot |= {"queues": [queue(2, None)], "alerts": [alert(7), tired, line]}
    board.past = [breach(3, cleared_at=now_us(), acknowledged_at=now_us(), acknowledged_by="kim")]
    await page.goto(f"{board.base}/supervisor/")
    alerts = page.get_by_role("region", name="Alerts")
    rows = alerts.locator("[data-alert]")
    await expect(rows.nth(0)).to_contain_text(
        "Target at risk Orders 86 % expected, target 90 %, over 30 min; 3 waiting"
    )
    await expect(rows.nth(1)).to_contain_text("Not ready too long agent1 longer than 45:00: Lunch")
    await expect(rows.nth(2)).to_contain_text("Backlog Channel line_400 51 waiting, threshold 50")
    await expect(page.locator("[data-queue=orders]")).to_contain_text("Target at risk")

    await alerts.get_by_role("button", name="I look after it: Target at risk, Orders").click()
    seen = alerts.locator("[data-alert='7']")
    await expect(seen).to_contain_text("sam looks after it")
    await expect(seen.get_by_role("button")).to_have_count(0)
    await expect(rows.last).to_have_attribute("data-alert", "7")  # the others need somebody first

    await board.change(alerts=[breach(TAKEN)], gone={"alerts": ["7"]})
    await expect(rows.first).to_contain_text("Over the target Orders 2 waiting longer than promised")
    await expect(seen).to_have_count(0)
    await rows.first.get_by_role("button").click()
    await expect(page.locator(".notice.error")).to_contain_text("Somebody was first")

    await alerts.get_by_role("button", name="History").press("Enter")
    await expect(alerts.locator("tbody tr")).to_contain_text(["Over the target Orders"])
    await expect(alerts.locator("tbody tr")).to_contain_text(["kim"])


async def test_outlooks_trends_and_staff_of_queues(page: Page, board: Board) -> None:
    quarter = 15 * MINUTE_US
    start = now_us() // quarter * quarter - 4 * quarter
    slots = [
        {"since": start + n * quarter, "until": start + (n + 1) * quarter, "level": level}
        for n, level in ((0, 1.0), (1, 0.5), (3, 0.75))
    ]
    outlook = {"over": 0, "level": 0.9, "expected_level": 0.857, "staffed": 3, "ready": 2, "free": 1}
    today = {"abandoned": 4}
    board.snapshot |= {"queues": [queue(2, None) | {"outlook": outlook, "today": today}]}
    board.snapshot |= {"trends": [{"queue": "orders", "slots": slots}]}
    await page.goto(f"{board.base}/supervisor/")
    row = page.locator("[data-queue=orders]")
    await expect(row).to_contain_text("90 % →, expected 86 %")
    await expect(row.locator(".staff")).to_have_text("1 / 2 / 3")
    await expect(row.locator("td").nth(-3)).to_have_text("4")
    trend = row.get_by_role("img", name="Service level of the last four hours")
    await expect(trend).to_have_attribute("aria-label", re.compile("100 %, .* 50 %, .* 75 %$"))
    await expect(trend.locator("circle")).to_have_count(3)
    # The slot in which nothing was settled breaks the line.
    await expect(trend.locator(".trend-line")).to_have_attribute("d", re.compile(r"^M[\d. ]+L[\d. ]+M[\d. ]+$"))
    await board.change(trends=[{"queue": "orders", "slots": []}])
    await expect(trend).to_have_count(0)


async def test_what_is_due_and_how_likely_late(page: Page, board: Board) -> None:
    soon, gone = now_us() + 5 * MINUTE_US, now_us() - MINUTE_US
    board.snapshot |= {
        "queues": [queue(4, None)],
        "work": [
            item(1) | {"due_at": gone, "breach": 1.0},
            item(2) | {"due_at": soon, "breach": 0.7},
            item(3) | {"due_at": soon, "breach": 0.3},
            item(4) | {"due_at": soon, "breach": None},
        ],
    }
    await page.goto(f"{board.base}/supervisor/")
    late, likely, perhaps, unknown = (page.locator(f"[data-work=w{n}]") for n in (1, 2, 3, 4))
    await expect(late).to_contain_text(re.compile(r"1:0\d over the target"))
    await expect(likely).to_contain_text(re.compile(r"4:5\d left to the target"))
    await expect(likely).to_contain_text("Likely late: 70 %")
    await expect(perhaps).to_contain_text("May be late: 30 %")
    await expect(unknown).to_contain_text("left to the target")
    await expect(unknown).not_to_contain_text("late")


async def test_an_agents_day(page: Page, board: Board) -> None:
    worked = {"handled": 12, "missed": 1, "rejected": 0, "mean_handle_us": 1, "occupancy": 0.83}
    idle = {"handled": 0, "missed": 0, "rejected": 0, "mean_handle_us": None, "occupancy": None}
    agent = {"team": "a", "presence": "ready", "reason": None, "since": 0, "connected": True, "load": 1, "capacity": 3}
    board.snapshot |= {
        "agents": [agent | {"agent_id": "agent1", "today": worked}, agent | {"agent_id": "agent2", "today": idle}]
    }
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-agent=agent1] .agent-today > span")).to_have_text(
        ["12 handled", "1 missed", "83 % busy"]
    )
    await expect(page.locator("[data-agent=agent2] .agent-today")).to_have_count(0)


async def test_what_an_agent_has_paused_and_queued(page: Page, board: Board) -> None:
    agent = {"team": "a", "presence": "ready", "reason": None, "since": 0, "connected": True, "load": 1, "capacity": 3}
    said = {"paused": ["voice"], "next_presence": "offline"}
    board.snapshot |= {"agents": [agent | said | {"agent_id": "agent1"}, agent | {"agent_id": "agent2"}]}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-agent=agent1] .agent-presence .tag")).to_have_text(
        ["Paused: Calls", "Then: Offline"]
    )
    await expect(page.locator("[data-agent=agent2] .agent-presence .tag")).to_have_count(0)


async def test_figures_are_saved_as_a_file(page: Page, board: Board) -> None:
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Export").click()
    sheet = page.get_by_role("dialog", name="Export figures")
    await sheet.get_by_label("Figures of").select_option("agent")
    await sheet.get_by_label("A row for each").select_option("1h")
    await sheet.locator("select[name=period]").select_option("month")  # which has too many hours
    await expect(sheet.get_by_label("A row for each")).to_have_value("none")
    await sheet.get_by_label("A row for each").select_option("day")
    day = sheet.get_by_role("textbox", name="Day, or one in")
    await day.fill("2026-02-30")
    await sheet.get_by_role("button", name="Save as CSV").click()
    await expect(sheet.get_by_text("There is no such day.")).to_be_visible()
    await day.fill("2026/3/4")
    await day.press("Tab")
    await expect(day).to_have_value("2026-03-04")
    async with page.expect_download() as started:
        await sheet.get_by_role("button", name="Save as CSV").click()
    assert (await started.value).suggested_filename == "queue-month-2026-03-04.csv"
    wanted = {"by": "agent", "period": "month", "step": "day", "date": "2026-03-04", "format": "csv"}
    assert board.asked[-1] == wanted
    await expect(sheet).to_have_count(0)


async def test_a_day_is_chosen_in_the_pages_language_by_keys(page: Page, board: Board) -> None:
    await page.goto(f"{board.base}/supervisor/")
    await page.locator("select.language").first.select_option("zh-CN")
    await page.get_by_role("button", name="导出").click()
    sheet = page.get_by_role("dialog", name="导出统计数据")
    day = sheet.locator("input[name=date]")
    await expect(day).to_have_attribute("placeholder", "年-月-日")
    await day.fill("2026-01-31")
    await day.press("Tab")
    await page.keyboard.press("Enter")
    month = sheet.get_by_role("dialog", name="选择日期")
    await expect(month.get_by_role("status")).to_have_text("2026年1月")
    await page.keyboard.press("PageDown")
    await expect(month.get_by_role("status")).to_have_text("2026年2月")
    await expect(month.get_by_role("button", name="2026年2月28日")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(month.get_by_role("button", name="2026年3月7日")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(month).to_have_count(0)
    await expect(sheet).to_be_visible()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    await expect(day).to_have_value("2026-01-30")


async def test_what_a_field_lacks_is_said_in_the_pages_language(page: Page, board: Board) -> None:
    board.snapshot |= {"queues": [queue(0, None)]}
    await page.goto(f"{board.base}/supervisor/")
    await page.locator("select.language").first.select_option("zh-TW")
    await page.locator("nav.views button").nth(1).click()
    name = page.locator("input[required]").first
    await name.press("Enter")
    await expect(name).to_have_js_property("validationMessage", "請填寫此項。")
    await name.fill("x")
    await expect(name).to_have_js_property("validationMessage", "")
