"""Customers of the follow-ups are called back from the agent's page: asked for there, offered, rung, and given up."""

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from agents_ws.messages import FollowUp, FollowUpChanged, Snapshot
from agents_ws.ports import Refusal
from router.vocabulary import Presence
from tests.agents_ws.scripted import now_us
from tests.frontend.conftest import Scene
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LEFT = FollowUp(
    id=7, kind="callback", interaction_id="i7", queue="orders", number="+3225550181", language="en", path="orders",
    created_at=now_us(), queue_title="Orders",
)  # fmt: skip
READY = Snapshot(presence=Presence.READY, since_us=now_us(), leg="up")


async def signed_in(scene: Scene, *, dials: bool) -> None:
    scene.desk.snapshots["ann"] = replace(READY, dials=dials)
    await scene.sign_in()
    await scene.page.keyboard.press("Alt+u")
    scene.desk.say(FollowUpChanged(follow_up=LEFT))
    await expect(scene.page.locator(".follow-up")).to_contain_text("+3225550181")


async def test_the_customer_is_called_as_the_offer_is_accepted_and_may_be_given_up(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await signed_in(scene, dials=True)
    await expect(page.locator(".views .badge")).to_have_text("1")
    await page.locator(".follow-up").get_by_role("button", name="Call back").press("Enter")
    await until(lambda: desk.asked("call_back") == [("ann", 7)], "asked")
    offer = desk.offer(callback=True, why=None)
    await expect(page.locator(".offer")).to_contain_text("Call a customer back")
    await page.get_by_role("button", name="Call now").press("Enter")
    await until(lambda: bool(desk.asked("accept")), "accepted")
    desk.assignment(offer, "accepted")
    await expect(page.locator(".card.call .eyebrow")).to_have_text("The customer is being called")
    await page.keyboard.press("Alt+e")
    await until(lambda: desk.asked("hang_up") == [("ann", offer.reservation_id)], "given up")


async def test_a_refusal_is_said_in_words(scene: Scene) -> None:
    await signed_in(scene, dials=True)
    scene.desk.refusals["call_back"] = Refusal("agent_unavailable", "be ready")
    await scene.page.get_by_role("button", name="Call back").click()
    await expect(scene.page.locator(".notice")).to_contain_text("Be ready and in no other call first.")


async def test_without_a_trunk_there_is_nothing_to_press_and_a_done_one_is_gone(scene: Scene) -> None:
    await signed_in(scene, dials=False)
    await expect(scene.page.locator(".follow-up").get_by_role("button", name="Take it")).to_be_visible()
    await expect(scene.page.get_by_role("button", name="Call back")).to_have_count(0)
    scene.desk.say(FollowUpChanged(follow_up=replace(LEFT, done_at=now_us(), done_by="ben")))
    await expect(scene.page.locator(".follow-up")).to_have_count(0)
