"""What agents say of themselves on the page: what comes after the work, media that they pause, their day; two tabs."""

import re

import pytest
from playwright.async_api import expect

from agents_ws.messages import Caller, PresenceShown, Snapshot, Today, TodayShown
from router.vocabulary import Medium, Presence, WithdrawReason
from tests.agents_ws.scripted import now_us
from tests.waiting import until
from tests.frontend.conftest import REASONS, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BOTH = (Medium.VOICE, Medium.CHAT)


async def test_a_presence_is_queued_for_the_end_of_the_work_and_taken_back(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    await page.keyboard.press("Alt+n")
    await expect(page.get_by_role("menuitem", name="Lunch")).to_be_visible()
    await expect(page.get_by_role("menuitem", name="Then:")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menuitem")).to_have_count(0)
    offer = desk.offer(caller=Caller(display="Acme", number="1"))
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".call")).to_contain_text("In conversation")
    await page.keyboard.press("Alt+n")
    await page.get_by_role("menuitem", name="Then: Lunch").click()
    await until(lambda: desk.asked("queue_presence") == [("ann", "not_ready", "lunch")], "asked")
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us(), next=Presence.NOT_READY, next_reason="lunch"))
    await expect(page.locator(".following")).to_contain_text("Then: Lunch")
    await page.get_by_role("button", name="Cancel: Lunch after this work").click()
    await until(lambda: desk.asked("queue_presence")[-1] == ("ann", None, None), "taken back")
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us()))
    await expect(page.locator(".following")).to_have_count(0)


async def test_signing_out_after_the_work_signs_the_page_out(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us(), next=Presence.OFFLINE))
    await expect(page.locator(".following")).to_contain_text("Then: Sign out")
    desk.say(PresenceShown(presence=Presence.OFFLINE, since_us=now_us()))
    await expect(page.get_by_role("heading", name="Sign in to take calls")).to_be_visible()


async def test_media_are_paused_one_by_one_and_chats_need_no_audio(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    desk.snapshots["ann"] = Snapshot(
        presence=Presence.NOT_READY, since_us=now_us(), leg="none", media=BOTH, reasons=REASONS
    )
    await scene.sign_in()
    await expect(page.locator(".banner")).to_contain_text("calls do not reach you")
    await expect(page.get_by_role("button", name="Go ready")).to_be_enabled()
    calls = page.get_by_role("button", name="Calls", exact=True)
    await expect(calls).to_have_attribute("aria-pressed", "true")
    await calls.click()
    await until(lambda: desk.asked("pause_media") == [("ann", (Medium.VOICE,))], "asked")
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us(), paused=(Medium.VOICE,)))
    await expect(calls).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_role("status").filter(has_text="No new calls for now.")).to_have_count(1)
    await calls.click()
    await until(lambda: desk.asked("pause_media")[-1] == ("ann", ()), "asked")


async def test_the_own_day_is_live(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    day = page.get_by_role("region", name="Your day")
    await expect(day.locator("dd")).to_have_text(["0", "–", "–", "–", "0"])
    today = Today(handled=14, missed=1, mean_handle_us=243_000_000, occupancy=0.71, ratings=3, mean_rating=4.67)
    desk.say(TodayShown(today=today))
    await expect(day.locator("dd")).to_have_text(["14", "4:03", "71 %", "4.7 of 5 (3)", "1"])


async def test_an_offer_that_ran_out_is_told_once(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer(caller=Caller(display="Acme", number="1"))
    await expect(page).to_have_title(re.compile("Acme"))
    desk.withdraw(offer, WithdrawReason.EXPIRED)
    await expect(page.locator(".notice.error")).to_have_text("You missed an offer.")
    await expect(page).not_to_have_title(re.compile("Acme"))
    desk.say(PresenceShown(presence=Presence.NOT_READY, since_us=now_us(), reason="missed_offer"))
    await expect(page.locator(".notice.error")).to_have_count(1)
    await expect(page.locator(".notice.error")).to_contain_text("set to not ready")


async def test_of_two_tabs_one_works_and_the_other_takes_over(scene: Scene) -> None:
    first = scene.page
    await scene.sign_in()
    async with first.expect_popup() as opened:
        await first.evaluate("void open(location.href)")  # it has what this tab has: the token, too
    second = await opened.value
    await expect(second.get_by_text("This desk is open in another tab.")).to_be_visible()
    await second.get_by_role("button", name="Use this window").click()
    await expect(second.locator(".idle")).to_be_visible()
    await expect(first.locator(".banner")).to_contain_text("open in another tab")
    await first.get_by_role("button", name="Use this window").click()
    await expect(first.locator(".lamp.good").first).to_be_visible()
    await expect(second.locator(".banner")).to_contain_text("open in another tab")
    await first.goto("about:blank")
    await expect(second.locator(".banner", has_text="another tab")).to_have_count(0)
    await expect(second.locator(".lamp.good").first).to_be_visible()
    await second.close()
