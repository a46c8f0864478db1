"""An agent's page whose line breaks, whose server or network is gone, and that is opened twice."""

import msgspec
import pytest
from playwright.async_api import WebSocket, expect

from agents_ws.limits import EndpointLimits
from agents_ws.messages import (
    Caller,
    Leg,
    Snapshot,
)
from agents_ws.outbox import OutboxLimits
from agents_ws.session import SessionLimits
from router.vocabulary import EndedBy, Presence, WithdrawReason
from tests.agents_ws.scripted import now_us, signed_in
from tests.frontend.conftest import Scene, wrap_up_of
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_broken_line_loses_nothing(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    gone = desk.offer(reservation_id="res-a", caller=Caller(display="Gone meanwhile", number="1"))
    await expect(page.locator(".offer")).to_contain_text("Gone meanwhile")
    desk.break_lines()
    await until(lambda: not scene.place.hub.connected("ann"), "broken")
    desk.withdraw(gone, WithdrawReason.ABANDONED)
    desk.offer(reservation_id="res-b", caller=Caller(display="Called meanwhile", number="2"))
    await expect(page.locator(".offer")).to_have_count(1)
    await expect(page.locator(".offer")).to_contain_text("Called meanwhile")
    await expect(page.locator(".lamp").first).to_contain_text("Connected")
    assert len(desk.asked("snapshot")) == 1, "resumed, not begun anew"
    assert len(desk.asked("connected")) == 2


class TestSlowPage:
    @pytest.fixture
    def limits(self) -> EndpointLimits:
        return EndpointLimits(session=SessionLimits(outbox=OutboxLimits(messages=8)))

    async def test_an_overflow_brings_a_snapshot_and_keeps_the_caller_in_wrap_up(self, scene: Scene) -> None:
        page, desk = scene.page, scene.desk
        await scene.sign_in()
        offer = desk.offer(caller=Caller(display="Acme Bicycles", number="1"))
        desk.assignment(offer, "connected", connected_at_us=now_us())
        await expect(page.locator(".call")).to_be_visible()
        desk.end(offer, EndedBy.CUSTOMER)
        await page.get_by_role("textbox", name="Note", exact=True).fill("half a no")
        desk.snapshots["ann"] = msgspec.structs.replace(
            await desk.snapshot("ann"), presence=Presence.READY, wrap_ups=(wrap_up_of(offer, 30),)
        )
        for _ in range(20):
            desk.say(Leg(state="up"))
        await expect(page.locator(".presence")).to_have_attribute("data-presence", "ready")
        await expect(page.locator(".wrap-up")).to_contain_text("Acme Bicycles")
        await expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("half a no")


async def test_another_window_takes_over_and_gives_back(scene: Scene) -> None:
    page = scene.page
    await scene.sign_in()
    async with signed_in(scene.place) as (other, _):
        await other.hear_until(Snapshot)
        await expect(page.locator(".banner")).to_contain_text("signed in in another window")
        await page.get_by_role("button", name="Use this window").click()
        await expect(page.locator(".lamp").first).to_contain_text("Connected")
        assert await other.closed_with() == 4004


async def test_a_server_that_is_away_is_shown_and_found_again(scene: Scene) -> None:
    await scene.sign_in()
    scene.desk.failures["authenticate"] = RuntimeError("restarting")
    scene.desk.break_lines()
    await expect(scene.page.locator(".banner")).to_contain_text("Connecting again")
    scene.desk.failures.clear()
    await expect(scene.page.locator(".banner")).to_have_count(0, timeout=30_000)


async def test_a_page_whose_network_is_gone_does_not_wait_for_silence(scene: Scene) -> None:
    lines: list[WebSocket] = []
    scene.page.on("websocket", lambda line: lines.append(line))
    await scene.sign_in()
    await scene.page.evaluate("dispatchEvent(new Event('offline'))")
    await until(lambda: len(lines) == 2, "connected anew")
    await expect(scene.page.locator(".lamp").first).to_contain_text("Connected")
