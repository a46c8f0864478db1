"""Recordings on the pages: the agent's lamp and its pause, the supervisor's player, the mark on the timeline."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import needs_chromium
from tests.e2e.browsers import BrowserAgent, browser_agent
from tests.e2e.callers import calling
from tests.e2e.ears import TONES, write_voices
from tests.e2e.office import Office
from tests.e2e.server import PASSWORD, SUPERVISOR, Server
from tests.e2e.site import ORDERS
from tests.e2e.test_recordings import SILENCE, chapters, only_file, recording, talk
from tests.frontend.real import chromium, person, sign_in

pytestmark = [pytest.mark.browser, needs_chromium]

ALWAYS = '\n[orders.recording]\nrule = "always"\nlongest_pause_s = 60\n'


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 1}


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    def edit(site: Path) -> None:
        with (site / "queues.toml").open("a") as file:
            file.write(ALWAYS)

    return edit


async def lamp(agent: BrowserAgent, text: str) -> None:
    await expect(agent.page.locator(".recording-lamp [role=status]")).to_have_text(text)


async def test_the_lamp_pauses_and_the_supervisor_hears_the_rest(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    write_voices(tmp_path)
    async with browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one:
        async with calling(running_server, tmp_path, "page-1", ORDERS) as caller:
            await caller.speak_on("caller.wav")
            await one.accept()
            await lamp(one, "Recording")
            await one.hear(2)
            await one.page.keyboard.press("Alt+o")
            await lamp(one, "Recording paused · Demo agent 1")
            await expect(one.page.get_by_role("timer", name="Until it goes on by itself")).to_have_text(
                re.compile(r"0:5\d|1:00")
            )
            await one.hear(2)
            await one.page.reload()
            await lamp(one, "Recording paused · Demo agent 1")
            await one.page.get_by_role("button", name="Go on recording").click()
            await lamp(one, "Recording")
            await one.page.get_by_role("button", name="Hold").click()
            await lamp(one, "Nothing is recorded now")
            await one.page.get_by_role("button", name="Resume").click()
            await lamp(one, "Recording")
            await one.hear(2)
            await one.page.get_by_role("button", name="Hang up").click()
            await expect(one.page.locator(".recording-lamp")).to_have_count(0)
        view = await office.interaction("page-1")
        row = await recording(office, view["record"]["id"])
        assert [pause["by"] for pause in row["pauses"]] == ["agent1"]
        told = chapters(only_file(running_server))
        assert told[0] == talk("agent1")
        assert SILENCE in told
        await heard_by_the_supervisor(running_server, row["duration_us"] / 1e6)
        async with calling(running_server, tmp_path, "page-1", ORDERS):
            await one.accept()
            past = one.page.locator(".history li", has_text="Recording")
            await expect(past).to_have_count(1, timeout=30_000)
            await past.get_by_role("button", name="More").click()
            await expect(past.locator(".recorded")).to_contain_text("not announced")
            await past.get_by_role("button", name="Listen").click()
            await expect(past.locator("audio")).to_be_visible()
            await one.page.get_by_role("button", name="Hang up").click()
        await one.sign_out()
    audit = (await office.get("audit?limit=20"))["items"]
    assert [one["by"] for one in audit if one["action"] == "hear_recording"] == ["agent1", SUPERVISOR]


async def heard_by_the_supervisor(server: Server, seconds: float) -> None:
    """By what can be clicked: the list, what is known, and a player that goes to any place."""
    async with chromium() as browser, person(browser, server.base, width=1280) as boss:
        await sign_in(boss, "supervisor", SUPERVISOR, PASSWORD)
        await boss.button("^Interactions").click()
        rows = boss.page.locator("table.interactions tbody tr")
        await expect(rows).to_have_count(1)
        await boss.page.get_by_label("Recorded only").check()
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("Complete")
        search = boss.page.get_by_role("search")
        await search.get_by_label("Queue").select_option("after_sales")
        await expect(boss.page.get_by_text("There are none like this.")).to_be_visible()
        await search.get_by_label("Queue").select_option("orders")
        await search.get_by_label("Agent").select_option("agent1")
        await search.get_by_label("From", exact=True).fill("2020-01-01 00:00")
        await search.get_by_label("From", exact=True).press("Enter")
        await expect(rows).to_have_count(1)
        await rows.first.get_by_role("button", name="More").press("Enter")
        about = boss.page.locator(".recorded")
        await expect(about).to_contain_text("Paused 0:0")
        await about.get_by_role("button", name="Listen").press("Enter")
        sound = about.locator("audio")
        await expect(sound).to_have_js_property("paused", False)
        length = await sound.evaluate("audio => audio.duration")
        assert abs(length - seconds) < 0.5
        await sound.evaluate("audio => { audio.currentTime = audio.duration - 1; }")
        await expect(sound).to_have_js_property("ended", True)
        await search.get_by_label("Until", exact=True).fill("2020-01-02")
        await search.get_by_label("Until", exact=True).press("Tab")
        await expect(boss.page.get_by_text("There are none like this.")).to_be_visible()
