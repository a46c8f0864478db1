"""What an agent does all day, in a real browser."""

import asyncio
import re

import msgspec
import pytest
from playwright.async_api import Page, expect

from agents_ws.messages import (
    ByeCode,
    Caller,
    Hold,
    Leg,
    Mute,
    Past,
    PastInteraction,
    PresenceShown,
    Snapshot,
    WrapUpEnded,
)
from agents_ws.ports import Refusal
from router.vocabulary import EndedBy, Presence, WithdrawReason
from tests.agents_ws.scripted import now_us
from tests.frontend.conftest import Scene, wrap_up_of
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def holds(page: Page, expression: str) -> None:
    """Wait until it is true in the page; wait_for_function would need the eval that the page's policy forbids."""
    async with asyncio.timeout(30):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.02)


async def test_signing_in_and_out(scene: Scene) -> None:
    page = scene.page
    await scene.open()
    await page.locator("input[name=account]").fill("ann")
    for password, says in (("wrong", "Account or password is wrong"), ("again", "Too many attempts")):
        await page.locator("input[name=password]").fill(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text(says)
    await page.locator("input[name=account]").fill("boss")
    await page.locator("input[name=password]").fill("right")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("takes no calls")
    await scene.sign_in()
    await expect(page.locator(".account-name")).to_contain_text("Ann")
    await page.reload()
    await expect(page.locator(".bar")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in to take calls")).to_be_visible()
    assert scene.desk.asked("sign_out") == [("ann",)]
    assert scene.place.endpoint.endings[ByeCode.SIGNED_OUT] + scene.place.endpoint.endings["left"] >= 1
    assert await page.evaluate("sessionStorage.getItem('jackfield.token')") is None
    assert scene.withdrawn == ["Bearer token:boss", "Bearer token:ann"]


async def test_a_token_that_is_over_leads_back_to_signing_in(scene: Scene) -> None:
    await scene.open()
    await expect(scene.page.locator("input[name=account]")).to_be_visible()  # it has looked for a token already
    await scene.page.evaluate("sessionStorage.setItem('jackfield.token', 'stale')")
    await scene.page.reload()
    await expect(scene.page.get_by_role("alert")).to_contain_text("Your session is over")


async def test_presence_with_reasons(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    await expect(page.locator(".presence-time")).to_have_text(re.compile(r"1:0\d"))
    await page.get_by_role("button", name="Go ready").click()
    await until(lambda: desk.asked("set_presence") == [("ann", "ready", None)], "asked")
    desk.say(PresenceShown(presence=Presence.READY, since_us=now_us()))
    await expect(page.get_by_role("heading", name="Ready for the next caller")).to_be_visible()
    await page.locator(".presence-away").click()
    await page.get_by_role("menuitem", name="Lunch").click()
    await until(lambda: desk.asked("set_presence")[-1] == ("ann", "not_ready", "lunch"), "asked")
    desk.say(PresenceShown(presence=Presence.NOT_READY, since_us=now_us(), reason="lunch"))
    await expect(page.locator(".presence-away")).to_contain_text("Lunch")
    desk.say(PresenceShown(presence=Presence.NOT_READY, since_us=now_us(), reason="missed_offer"))
    await expect(page.locator(".notice.error")).to_contain_text("You missed an offer")


async def test_without_audio_the_agent_can_not_go_ready(scene: Scene) -> None:
    await scene.sign_in()
    scene.desk.say(Leg(state="none"))
    await expect(scene.page.get_by_role("button", name="Go ready")).to_be_disabled()
    await expect(scene.page.locator(".idle")).to_contain_text("Connecting your audio")


async def test_an_offer_says_when_its_target_is_missed(scene: Scene) -> None:
    await scene.sign_in()
    scene.desk.offer(due_at_us=now_us() + 4_000_000)
    promised = scene.page.locator(".offer .promised")
    await expect(promised).to_contain_text("left to the target")
    await expect(promised.get_by_role("status")).to_have_text("")
    await expect(promised.get_by_role("status")).to_contain_text("Target missed", timeout=30_000)
    await expect(promised).not_to_contain_text("left to the target")


async def test_a_call_from_offer_to_wrap_up(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer(caller=Caller(display="Acme Bicycles", number="+1 555 0100", verified=True))
    card = page.locator(".offer")
    for text in ("Acme Bicycles", "+1 555 0100", "number verified", "Orders", "Orders 5+", "Order number", "20231001"):
        await expect(card).to_contain_text(text)
    await expect(card.locator(".path li")).to_have_text(["main menu", "1 orders"])
    await expect(card.locator(".facts")).to_contain_text(re.compile(r"0:4[2-5]"))
    await card.locator("summary").click()
    await expect(card.locator(".why")).to_contain_text("Proficiency 8")
    await expect(page.locator(".history")).to_contain_text("asked where the parcel is")
    await expect(page).to_have_title(re.compile("Acme Bicycles"))
    await expect(page.get_by_role("timer")).to_have_attribute("aria-label", re.compile(r"(19|20) seconds"))

    await page.get_by_role("button", name="Accept").click()
    await until(lambda: desk.asked("accept") == [("ann", offer.reservation_id)], "accepted")
    desk.assignment(offer, "accepted")
    await expect(page.locator(".call")).to_contain_text("Connecting")
    await expect(card).to_have_count(0)
    await expect(page).to_have_title("Jackfield – agent")
    desk.assignment(offer, "connected", connected_at_us=now_us() - 75_000_000)
    await expect(page.locator(".timer")).to_have_text(re.compile(r"1:1\d"))

    await page.get_by_role("button", name="Hold").click()
    hold = Hold(ref="", reservation_id=offer.reservation_id, on=True)
    await until(lambda: desk.steered() == [hold], "held")
    desk.assignment(offer, "held", connected_at_us=now_us() - 76_000_000)
    await expect(page.locator(".call")).to_contain_text("On hold")
    await page.get_by_role("button", name="Resume").click()
    await until(lambda: desk.steered()[1:] == [msgspec.structs.replace(hold, on=False)], "resumed")
    desk.assignment(offer, "connected", connected_at_us=now_us() - 77_000_000)

    await page.get_by_role("button", name="Mute").click()
    await expect(page.get_by_role("button", name="Unmute")).to_have_attribute("aria-pressed", "true")
    await until(lambda: desk.steered()[2:] == [Mute(ref="", reservation_id=offer.reservation_id, on=True)], "muted")
    await page.get_by_role("button", name="Keypad").click()
    await page.locator(".keypad").get_by_role("button", name="5").click()
    await page.keyboard.press("#")
    await until(lambda: [call[2] for call in desk.asked("send_digit")] == ["5", "#"], "digits")
    await expect(page.locator(".keypad output")).to_have_text("5#")

    await page.get_by_role("button", name="Hang up").click()
    await until(lambda: desk.asked("hang_up") == [("ann", offer.reservation_id)], "hung up")
    desk.end(offer, EndedBy.AGENT)
    await expect(page.locator(".wrap-up")).to_contain_text("You ended the call")
    await page.get_by_role("radio", name="Callback promised").check()
    await page.get_by_role("textbox", name="Note", exact=True).fill("  on Monday ")
    await page.get_by_role("button", name="Finish").click()
    said = [("ann", offer.reservation_id, "callback_promised", "on Monday")]
    await until(lambda: desk.asked("finish_wrap_up") == said, "finished")
    desk.say(WrapUpEnded(reservation_id=offer.reservation_id, disposition="callback_promised"))
    await expect(page.locator(".idle")).to_be_visible()


async def test_rejecting_and_withdrawing(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer()
    await page.get_by_role("button", name="Reject").click()
    await until(lambda: desk.asked("reject") == [("ann", offer.reservation_id, None)], "rejected")
    desk.withdraw(offer, WithdrawReason.REJECTED)
    await expect(page.locator(".offer")).to_have_count(0)
    await expect(page.locator(".notice")).to_have_count(0)
    offer = desk.offer(reservation_id="res-10")
    await expect(page.locator(".offer")).to_be_visible()
    desk.withdraw(offer, WithdrawReason.ABANDONED)
    await expect(page.locator(".offer")).to_have_count(0)
    await expect(page.locator(".notice")).to_contain_text("The customer left")


async def test_keys(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer()
    await expect(page.locator(".offer")).to_be_visible()
    await page.keyboard.press("a")
    await page.keyboard.press("Alt+a")
    await until(lambda: desk.asked("accept") == [("ann", offer.reservation_id)], "accepted once")
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".call")).to_be_visible()
    assert await page.evaluate("document.activeElement.id") == "work", "the focus stays with the work"
    await page.keyboard.press("Alt+h")
    hold = Hold(ref="", reservation_id=offer.reservation_id, on=True)
    await until(lambda: desk.steered() == [hold], "held")
    await page.keyboard.press("Alt+e")
    await until(lambda: desk.asked("hang_up") == [("ann", offer.reservation_id)], "hung up")


async def test_a_refusal_is_told_in_the_agents_words(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    desk.refusals["accept"] = Refusal("offer_over", "reservation res-9 is in closed")
    desk.offer()
    await page.get_by_role("button", name="Accept").click()
    await expect(page.locator(".notice.error")).to_contain_text("The offer is over already")
    desk.refusals["accept"] = Refusal("a_new_code", "the moon is full")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.locator(".notice.error").last).to_contain_text("the moon is full")
    await page.locator(".notice").first.get_by_role("button", name="Dismiss").click()
    await expect(page.locator(".notice")).to_have_count(1)


async def test_a_note_is_sent_before_the_clock_takes_it_and_survives_a_reload(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer()
    desk.assignment(offer, "connected", connected_at_us=now_us())
    desk.end(offer, EndedBy.CUSTOMER)
    await page.get_by_role("textbox", name="Note", exact=True).fill("half a note")
    seconds = 4
    desk.snapshots["ann"] = Snapshot(
        presence=Presence.READY,
        since_us=now_us(),
        leg="up",
        wrap_ups=(wrap_up_of(offer, seconds),),
    )
    await page.reload()
    await expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("half a note")
    said = [("ann", offer.reservation_id, None, "half a note")]
    await until(lambda: desk.asked("finish_wrap_up") == said, "sent by itself", seconds=seconds + 2)


async def test_more_time_for_wrap_up_is_asked_for_where_the_queue_gives_it(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer()
    desk.assignment(offer, "connected", connected_at_us=now_us())
    desk.end(offer, EndedBy.CUSTOMER)
    more = page.get_by_role("button", name="45 s more")
    await expect(page.locator(".wrap-up")).to_be_visible()
    await expect(more).to_have_count(0)
    desk.say(msgspec.structs.replace(wrap_up_of(offer, 30), extend_s=45))
    await more.click()
    await until(lambda: desk.asked("extend_wrap_up") == [("ann", offer.reservation_id, 45)], "asked for more")
    desk.say(wrap_up_of(offer, 75))
    await expect(more).to_have_count(0)


async def test_a_phone_agent_is_sent_to_the_phone(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    desk.station = "sip"
    await scene.sign_in()
    await expect(page.get_by_role("button", name="Go ready")).to_be_enabled()
    desk.offer()
    await expect(page.locator(".offer")).to_contain_text("Answer on your phone")
    await expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    desk.say(Leg(state="phone_absent"))
    await expect(page.locator(".banner")).to_contain_text("not registered")
    assert desk.asked("open_leg") == []


async def test_hostile_text_stays_text(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    attack = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    past = PastInteraction(
        interaction_id=attack, at_us=0, channel=attack, queue=attack, outcome=attack, disposition=attack, note=attack
    )
    offer = desk.offer(
        caller=Caller(display=attack, number=attack),
        queue_title={"en": attack},
        ivr_path=(attack,),
        data={attack: attack, "__proto__": "polluted"},
        history=(past,),
    )
    await expect(page.locator(".caller-name")).to_have_text(attack)
    await expect(page.locator(".past-note")).to_have_text(attack)
    await expect(page.locator(".path")).to_contain_text(attack)
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".call .caller-name")).to_have_text(attack)
    assert await page.locator("#app img, #app script").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_a_past_that_follows_its_card_is_shown(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer(history=())
    await expect(page.locator(".offer")).to_be_visible()
    known = PastInteraction(
        interaction_id="i0", at_us=0, channel="line", queue="orders", outcome="handled", disposition=None, note="slow"
    )
    late = Past(reservation_id=offer.reservation_id, interaction_id=offer.interaction_id, history=(known,))
    desk.say(late)
    await expect(page.locator(".past-note")).to_have_text("slow")
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await expect(page.locator(".past-note")).to_have_count(0)
    desk.say(late)
    await expect(page.locator(".past-note")).to_have_text("slow")


async def test_sound_and_notification(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await page.add_init_script(
        """
        window.tones = 0; window.told = []; window.asked = 0;
        const Plain = OscillatorNode;
        window.OscillatorNode = class extends Plain { start(at) { window.tones++; super.start(at); } };
        window.Notification = class {
          static permission = "default";
          static async requestPermission() { window.asked++; return (Notification.permission = "granted"); }
          constructor(title, { body }) { window.told.push(body); }
          close() { window.told.push("closed"); }
        };
        Object.defineProperty(document, "hidden", { get: () => true });
        """
    )
    await scene.sign_in()
    assert await page.evaluate("window.asked") == 0, "not before the agent is at work"
    await page.get_by_role("button", name="Go ready").click()
    await holds(page, "window.asked === 1")
    offer = desk.offer(caller=Caller(display="Acme Bicycles", number="1"))
    await holds(page, "window.tones >= 4")
    assert await page.evaluate("window.told") == ["Acme Bicycles · Orders"]
    desk.withdraw(offer, WithdrawReason.ABANDONED)
    await holds(page, "window.told.at(-1) === 'closed'")
    await page.get_by_role("button", name="Ring for offers").click()
    before = await page.evaluate("window.tones")
    desk.offer(reservation_id="res-10")
    await expect(page.locator(".offer")).to_be_visible()
    assert await page.evaluate("window.tones") == before


@pytest.mark.parametrize("width", [1024, 390])
async def test_nothing_is_cut_off(scene: Scene, width: int) -> None:
    page, desk = scene.page, scene.desk
    await page.set_viewport_size({"width": width, "height": 800})
    await scene.sign_in()
    offer = desk.offer(caller=Caller(display="Averylongnamewithoutanyspace" * 4, number="+1 555 0100"))
    await expect(page.locator(".offer")).to_be_visible()
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(too_wide)
    desk.assignment(offer, "connected", connected_at_us=now_us())
    await page.get_by_role("button", name="Keypad").click()
    assert not await page.evaluate(too_wide)


async def test_every_control_has_a_name(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    desk.offer()
    await expect(page.locator(".offer")).to_be_visible()
    nameless = await page.evaluate(
        """[...document.querySelectorAll("button, input, select, textarea, a")].filter(
             (one) => !(one.innerText.trim() || one.ariaLabel || one.labels?.length)).map((one) => one.outerHTML)"""
    )
    assert nameless == []
