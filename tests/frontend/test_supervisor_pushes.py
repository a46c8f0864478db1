"""What the supervisors' page is told it shows, also after it was cut off, and it asks the server nothing of the kind."""

from collections import Counter
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.agents_ws.scripted import now_us
from tests.browser import needs_chromium
from tests.frontend.board import Board, item, people, queue

pytestmark = [needs_chromium, pytest.mark.browser]


def chat(number: int, **more: Any) -> dict[str, Any]:
    parts = {"state": "talking", "queue": "orders", "customer": f"Visitor {number}", "agent": "anna", "name": "Anna"}
    return {"interaction_id": f"c{number}", **parts, "listeners": [], **more}


def asked(number: int, **more: Any) -> dict[str, Any]:
    who = {"interaction_id": f"c{number}", "agent": "anna", "name": f"Anna {number}", "medium": "chat"}
    return {"reservation_id": f"r{number}", **who, "since_us": now_us() - number * 1_000_000, "seen_by": "", **more}


async def test_chats_and_help_are_pushed_and_nothing_is_asked_for(page: Page, board: Board) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/api/" in request.url else None)
    board.snapshot |= {"queues": [queue(0, None)], "chats": [chat(1)], "help": [asked(1)]}
    await page.goto(f"{board.base}/supervisor/")
    chats, help_ = page.locator("[data-chat]"), page.get_by_role("log", name="Agents who ask for help").locator("li")
    await expect(chats).to_have_count(1)
    await expect(help_).to_have_count(1)
    listener = {"agent": "sam", "name": "Sam", "mode": "listen"}
    await board.change(chats=[chat(1, listeners=[listener]), chat(2, state="waiting", agent=None, name="")])
    await expect(chats.first).to_contain_text("Sam")
    await expect(chats).to_have_count(2)
    await board.change(help=[asked(1, seen_by="Kim"), asked(2)])
    await expect(help_).to_contain_text(["Anna 2", "Anna 1"])  # who asked first stands first
    await expect(help_.last).to_contain_text("Kim looks after it")
    await board.change(gone={"chats": ["c1"], "help": ["r1", "r2"]})
    await expect(chats).to_have_count(1)
    await expect(help_).to_have_count(0)
    await page.clock.run_for(180_000)
    # The board here has no beats: the page connects anew now and then, and asks once each time what is no part of it.
    # Whether other nodes have come is asked once a minute.
    paths = Counter(url.rpartition("/")[2].partition("?")[0] for url in requests)
    assert set(paths) == {"follow-ups", "guidance", "nodes", "shards"}
    assert max(paths["follow-ups"], paths["guidance"]) <= board.met
    assert max(paths["nodes"], paths["shards"]) <= board.met + 3


def spoken_in(*listeners: tuple[str, str]) -> dict[str, Any]:
    agent = {"id": "w1", "kind": "agent", "state": "here", "agent": "anna", "name": "Anna"}
    parts = [
        {"id": f"supervisor:{who}", "kind": "supervisor", "state": "here", "agent": who, "name": who, "mode": mode}
        for who, mode in listeners
    ]
    return {"interaction_id": "i1", "parties": [agent, *parts]}


async def test_who_listens_to_a_call_and_how_is_pushed(page: Page, board: Board) -> None:
    held = {"interaction_id": "i1", "medium": "voice", "queue": "orders", "state": "connected", "since": now_us()}
    board.snapshot |= {"queues": [queue(0, None)], "agents": [{**people(1)[0], "display_name": "Anna", "held": [{**held, "work_id": "w1"}]}]}
    await page.goto(f"{board.base}/supervisor/")
    call = page.locator("[data-call=i1]")
    await expect(call).to_contain_text("Anna")
    await board.change(calls=[spoken_in(("kim", "listen"))])
    await expect(call.locator(".tag")).to_have_text(["kim listens"])
    await board.change(calls=[spoken_in(("kim", "barge"), ("pat", "whisper"))])
    await expect(call.locator(".tag")).to_have_text(["kim speaks to all", "pat whispers"])
    await board.change(calls=[spoken_in()])
    await expect(call.locator(".tag")).to_have_count(0)


def left(number: int, **more: Any) -> dict[str, Any]:
    words = {"kind": "callback", "queue": "orders", "queue_title": "Orders", "number": f"+32255501{number}", "path": ""}
    times = {"created_at": now_us(), "done_at": None, "taken_at": None, "duration_us": None}
    return {"id": number, "interaction_id": f"i{number}", "language": "en", "taken_by": None, **words, **times, **more}


async def test_follow_ups_are_pushed(page: Page, board: Board) -> None:
    board.follow_ups = [left(81)]
    await page.goto(f"{board.base}/supervisor/")
    await page.get_by_role("button", name="Follow-ups").click()
    rows = page.locator(".follow-up")
    await expect(rows).to_have_count(1)
    await board.change(follow_ups=[left(82)])
    await expect(rows).to_have_count(2)
    await board.change(follow_ups=[left(81, taken_by="anna", taken_by_name="Anna")])
    await expect(rows.first).to_contain_text("Anna has it")
    await board.change(follow_ups=[left(81, done_at=now_us(), done_by="anna")])
    await expect(rows).to_have_count(1)


async def test_after_a_broken_connection_it_shows_what_holds_now(page: Page, board: Board) -> None:
    board.snapshot |= {"queues": [queue(0, None)], "chats": [chat(1)], "help": [asked(1)]}
    await page.goto(f"{board.base}/supervisor/")
    await expect(page.locator("[data-chat=c1]")).to_be_visible()
    board.snapshot |= {"chats": [chat(2)], "help": []}
    (socket,) = board.pages
    await socket.close()
    await page.clock.run_for(1_000)
    await expect(page.locator("[data-chat=c2]")).to_be_visible()
    await expect(page.locator("[data-chat]")).to_have_count(1)
    await expect(page.get_by_role("log", name="Agents who ask for help").locator("li")).to_have_count(0)


async def test_a_row_that_was_drawn_again_still_opens(page: Page, board: Board) -> None:
    board.snapshot |= {"queues": [queue(1, None)], "work": [item(1)]}
    await page.goto(f"{board.base}/supervisor/")
    why = page.locator("[data-work=w1]").get_by_role("button", name="Why not yet")
    await expect(why).to_be_visible()
    for ring in (1, 2):
        await board.change(work=[item(1) | {"ring": ring}])
        await expect(page.locator("[data-work=w1]")).to_contain_text(f"Ring {ring}")
    await why.click()
    await expect(why).to_have_attribute("aria-expanded", "true")
