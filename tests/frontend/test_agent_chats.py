"""Chats on the agent page, against the scripted gateway: what a real server does too rarely to wait for it."""

import asyncio
from typing import Any

import msgspec
import pytest
from playwright.async_api import Route, expect

from agents_ws.messages import (
    Assignment,
    Caller,
    ChatCard,
    ChatLine,
    ChatMessage,
    ChatReceipt,
    ChatTyping,
    Offer,
    PastInteraction,
    WrapUpEnded,
)
from agents_ws.ports import Refusal
from router.vocabulary import EndedBy, Medium
from tests.agents_ws.scripted import now_us
from tests.waiting import until
from tests.frontend.conftest import Scene, wrap_up_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

QUESTION = "Where is my parcel?"


def card(*texts: str, **changes: Any) -> ChatCard:
    lines = tuple(
        ChatLine(number=n, author="customer", name="Visitor", text=text, at_us=now_us())
        for n, text in enumerate(texts, 1)
    )
    return ChatCard(lines=lines, locale="en", **changes)


def chat_offer(scene: Scene, reservation: str = "res-c", name: str = "Visitor One", question: str = QUESTION) -> Offer:
    return scene.desk.offer(
        reservation_id=reservation,
        interaction_id=f"int-{reservation}",
        medium=Medium.CHAT,
        queue="web_chat",
        queue_title={"en": "Web chat"},
        caller=Caller(display=name, number=""),
        chat=card(question),
        ivr_path=(),
        data={},
        history=(),
    )


def connect(scene: Scene, offer: Offer, **changes: Any) -> None:
    scene.desk.assignment(offer, "connected", connected_at_us=now_us(), **changes)


def line(scene: Scene, offer: Offer, number: int, text: str, **changes: Any) -> None:
    fields = {"author": "customer", "name": "Visitor", **changes}
    scene.desk.say(ChatMessage(reservation_id=offer.reservation_id, number=number, text=text, at_us=now_us(), **fields))


async def talking(scene: Scene) -> Offer:
    await scene.sign_in()
    offer = chat_offer(scene)
    connect(scene, offer)
    await expect(scene.page.locator(".transcript .said")).to_have_text([QUESTION])
    return offer


def sends(scene: Scene) -> list[tuple[str, str]]:
    """(client id, text) of each send that reached the gateway."""
    return [(str(call[2]), str(call[3])) for call in scene.desk.asked("chat_message")]


async def write(scene: Scene, text: str) -> None:
    await scene.page.get_by_label("Your message").fill(text)
    await scene.page.keyboard.press("Enter")


async def test_an_agent_with_a_telephone_takes_chats_on_the_page(scene: Scene) -> None:
    scene.desk.station = "sip"
    await scene.sign_in()
    offer = chat_offer(scene)
    await expect(scene.page.locator(".question")).to_have_text(QUESTION)
    await expect(scene.page.locator(".offer")).not_to_contain_text("number not verified")
    await scene.page.get_by_role("button", name="Accept").click()
    await until(lambda: scene.desk.asked("accept") == [("ann", offer.reservation_id)], "accepted")


async def test_typing_reading_and_marks(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    await until(lambda: ("ann", offer.reservation_id, 1) in desk.asked("chat_read"), "read")
    desk.say(ChatTyping(reservation_id=offer.reservation_id, on=True))
    await expect(page.locator(".bubble.typing")).to_be_visible()
    line(scene, offer, 2, "It was the blue one")
    await expect(page.locator(".bubble.typing")).to_have_count(0)
    await page.get_by_label("Your message").press_sequentially("On its")
    await until(lambda: desk.asked("chat_typing") == [("ann", offer.reservation_id, True)], "typing is told once")
    await page.keyboard.press("Enter")
    await until(lambda: desk.asked("chat_typing")[-1] == ("ann", offer.reservation_id, False), "and its end")
    (client_id, text) = sends(scene)[0]
    assert text == "On its"
    line(scene, offer, 3, text, author="agent", name="Ann", client_id=client_id)
    when = page.locator(".bubble.agent .said-when")
    await expect(when).to_contain_text("Sent")
    desk.say(ChatReceipt(reservation_id=offer.reservation_id, delivered=3, read=2))
    await expect(when).to_contain_text("Delivered")
    desk.say(ChatReceipt(reservation_id=offer.reservation_id, delivered=3, read=3))
    await expect(when).to_contain_text("Read")


async def test_a_line_that_comes_twice_is_shown_once_and_in_its_place(scene: Scene) -> None:
    offer = await talking(scene)
    for number in (3, 2, 3, 1):
        line(scene, offer, number, f"line {number}")
    await expect(scene.page.locator(".transcript .said")).to_have_text([QUESTION, "line 2", "line 3"])
    connect(scene, offer, chat=card(QUESTION, "line 2", "line 3", "line 4"))
    await expect(scene.page.locator(".transcript .said")).to_have_text([QUESTION, "line 2", "line 3", "line 4"])


async def test_a_send_without_an_answer_is_said_again_under_its_name(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    desk.gates["chat_message"] = asyncio.Event()
    await write(scene, "one")
    await write(scene, "two")
    await until(lambda: len(sends(scene)) == 1, "one at a time")
    await expect(page.locator(".unsent")).to_have_count(2)
    known = msgspec.structs.replace(
        await desk.snapshot("ann"),
        assignments=(Assignment(**_fields(offer), state="connected", since_us=now_us(), connected_at_us=now_us()),),
    )
    desk.snapshots["ann"] = known
    await page.reload()
    desk.gates["chat_message"].set()
    await until(lambda: [text for _, text in sends(scene)] == ["one", "one", "two"], "after the reload")
    assert sends(scene)[0][0] == sends(scene)[1][0], "the same name, so it is one message"
    for number, (client_id, text) in enumerate(sends(scene)[1:], 2):
        line(scene, offer, number, text, author="agent", name="Ann", client_id=client_id)
    await expect(page.locator(".unsent")).to_have_count(0)
    await expect(page.locator(".transcript .said")).to_have_text([QUESTION, "one", "two"])


def _fields(offer: Offer) -> dict[str, Any]:
    names = set(Assignment.__struct_fields__) & set(Offer.__struct_fields__)
    return {name: getattr(offer, name) for name in names} | {"seq": 0}


async def test_a_refused_message_stays_and_can_be_tried_again(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    desk.refusals["chat_message"] = Refusal("too_many_messages", "nothing more fits")
    await write(scene, "one too many")
    await expect(page.locator(".failed")).to_contain_text("Nothing more fits")
    desk.refusals.clear()
    await page.get_by_role("button", name="Try again").click()
    await until(lambda: len(sends(scene)) == 2, "said again")
    line(scene, offer, 2, "one too many", author="agent", name="Ann", client_id=sends(scene)[0][0])
    await expect(page.locator(".unsent")).to_have_count(0)
    desk.refusals["chat_message"] = Refusal("chat_over", "the chat is over")
    await write(scene, "too late")
    await page.get_by_role("button", name="Discard").click()
    await expect(page.locator(".unsent")).to_have_count(0)


async def test_a_call_beside_chats(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await talking(scene)
    call = desk.offer(caller=Caller(display="Acme Bicycles", number="+1 555 0100"))
    await expect(page.locator(".offer.compact")).to_contain_text("Acme Bicycles")
    connect(scene, call)
    await expect(page.get_by_role("button", name="Hold")).to_be_enabled()
    await expect(page.get_by_label("Your message")).to_be_enabled()
    for width in (1600, 1024, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    desk.end(call, EndedBy.CUSTOMER)
    await expect(page.locator(".wrap-up")).to_contain_text("The caller hung up")
    await expect(page.get_by_label("Your message")).to_be_enabled()


async def test_work_without_a_conversation_is_done_by_one_button(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer(medium=Medium.EMAIL, caller=Caller(display="someone@example.org", number=""))
    await expect(page.locator(".offer")).to_contain_text("Incoming e-mail")
    connect(scene, offer)
    await expect(page.locator(".call")).to_contain_text("In hand")
    await expect(page.get_by_role("button", name="Mute")).to_have_count(0)
    await page.get_by_role("button", name="Done").click()
    await until(lambda: desk.asked("hang_up") == [("ann", offer.reservation_id)], "done")


async def test_chats_have_their_own_wrap_up_and_drafts(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    one, two = chat_offer(scene, "res-1", "One"), chat_offer(scene, "res-2", "Two")
    connect(scene, one)
    connect(scene, two)
    await page.get_by_label("Your message").locator("visible=true").fill("a draft for one")
    await page.get_by_role("tab", name="Two").click()
    await expect(page.get_by_label("Your message").locator("visible=true")).to_have_value("")
    line(scene, one, 2, "hello?")
    await expect(page.get_by_role("tab", name="One").locator(".badge")).to_have_text("1")
    desk.assignment(two, "ended", connected_at_us=now_us(), by=EndedBy.CUSTOMER)
    desk.say(wrap_up_of(two, 30))
    await expect(page.locator(".wrap-up")).to_contain_text("The visitor ended the chat")
    await page.keyboard.press("ArrowLeft")
    await page.get_by_role("tab", name="One").click()
    await expect(page.get_by_label("Your message").locator("visible=true")).to_have_value("a draft for one")
    desk.say(WrapUpEnded(reservation_id="res-2"))
    await expect(page.get_by_role("tab")).to_have_count(1)


async def test_hostile_text_in_a_chat_stays_text(scene: Scene) -> None:
    page = scene.page
    attack = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    await scene.sign_in()
    offer = chat_offer(scene, name=attack, question=attack)
    await expect(page.locator(".question")).to_have_text(attack)
    connect(scene, offer)
    await expect(page.locator(".said")).to_have_text(attack)
    await expect(page.locator(".tab-name")).to_have_text(attack)
    assert await page.locator("#app img, #app script").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_a_note_is_kept_once_however_often_enter_is_pressed(scene: Scene) -> None:
    page, kept, answer = scene.page, list[str](), asyncio.Event()

    async def keep(route: Route) -> None:
        if route.request.method != "POST":
            return await route.continue_()
        kept.append((route.request.post_data_json or {})["text"])
        await answer.wait()
        return await route.fulfill(json={})

    await scene.sign_in()
    connect(scene, chat_offer(scene))
    await page.route("**/api/v1/interactions/*/notes", keep)
    await expect(page.get_by_label("Your message")).to_be_focused()
    await page.keyboard.press("Alt+i")
    await page.locator(".note-form textarea").fill("call her back")
    for _ in range(3):
        await page.keyboard.press("Enter")
    await until(lambda: bool(kept), "it is being kept")
    await page.evaluate("fetch('/api/v1/guidance').then(() => null)")  # asked after whatever the page asked by now
    answer.set()
    await expect(page.locator(".note-form")).to_have_count(0)
    assert kept == ["call her back"]


async def test_one_timeline_over_calls_and_chats(scene: Scene) -> None:
    page = scene.page
    record: dict[str, Any] = {
        "customer_id": "c-1",
        "opened_at": now_us(),
        "outcome": "handled",
        "disposition": "resolved",
        "rating": 4,
    }
    chat = {**record, "id": "int-1", "channel": "web_chat", "medium": "chat", "queue": "web_chat", "agent_id": "bob"}
    call = {**record, "id": "int-2", "channel": "main-line", "medium": "voice", "queue": "orders", "rating": None}
    now = {**record, "id": "int-res-c", "channel": "web_chat", "medium": "chat", "queue": "web_chat"}
    identities = [
        {"kind": "user", "value": "user-7", "unverified": False},
        {"kind": "phone", "value": "+15550100", "unverified": True},
    ]
    message = {"number": 1, "author": "customer", "name": "Visitor", "text": "<b>earlier</b>", "at": now_us()}
    for each in (now, chat, call):
        scene.stories[each["id"]] = {
            "record": each,
            "identities": identities,
            "notes": [{"agent_id": "bob", "text": "asked for a refund", "at": now_us()}],
            "messages": [message],
        }
    await scene.sign_in()
    scene.desk.offer(
        reservation_id="res-c",
        interaction_id="int-res-c",
        medium=Medium.CHAT,
        chat=card(QUESTION),
        history=(PastInteraction(interaction_id="int-2", at_us=now_us(), channel="main-line", note="wants a call"),),
    )
    panel = page.locator(".history")
    await expect(panel.locator(".identities li")).to_have_text(["User user-7", "Phone +15550100"])
    await expect(panel.locator("ol > li")).to_have_count(2)
    await expect(panel.locator("ol > li").first).to_contain_text("Resolved")
    await expect(panel.get_by_title("Rated 4 of 5")).to_be_visible()
    await expect(panel.locator("ol > li").last).to_contain_text("wants a call")
    await panel.get_by_role("button", name="More").first.click()
    await expect(panel.locator(".story")).to_contain_text("asked for a refund")
    await expect(panel.locator(".story .said")).to_have_text("<b>earlier</b>")
