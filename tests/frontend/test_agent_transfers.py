"""Handing a call on, on the agents' page: whom to, who is in the call, and what can be done with them."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from agents_ws.messages import (
    Call,
    CallParty,
    CompleteTransfer,
    Conference,
    DropParty,
    Hold,
    Offer,
    Swap,
    TargetAgent,
    Targets,
    Transfer,
)
from agents_ws.ports import Refusal
from router.vocabulary import EndedBy, Medium
from tests.agents_ws.scripted import now_us
from tests.waiting import until
from tests.frontend.conftest import Desk, Scene

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CUSTOMER = "customer"
YOU = CallParty(id="int-9", kind="agent", state="here", agent="ann", name="Ann", queue="orders", you=True)


def ben(state: Any, **changes: Any) -> CallParty:
    named = {"agent": "ben", "name": "Ben Free", "queue": "orders", **changes}
    return CallParty(id="int-9-2", kind="agent", state=state, **named)


def show(desk: Desk, offer: Offer, customer: Any, *others: CallParty, you: CallParty = YOU) -> None:
    parties = (CallParty(id=CUSTOMER, kind="customer", state=customer), you, *others)
    desk.say(Call(reservation_id=offer.reservation_id, interaction_id=offer.interaction_id, parties=parties))
    state = "held" if customer == "held" else "connected"
    desk.assignment(offer, state, connected_at_us=now_us() - 30_000_000)


async def talking(scene: Scene) -> Offer:
    await scene.sign_in()
    offer = scene.desk.offer()
    show(scene.desk, offer, "here")
    await expect(scene.page.get_by_role("button", name="Transfer")).to_be_enabled()
    return offer


async def rows(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in await page.locator(".parties li").all_inner_texts()]


async def picture(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    if folder := os.environ.get("TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_choosing_whom_to_ask(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    await expect(page.locator(".parties")).to_have_count(0)
    await page.keyboard.press("Alt+t")
    dialog = page.get_by_role("dialog", name="Transfer the call")
    await expect(dialog.get_by_role("region", name="Agents").locator(".target-name")).to_have_text(
        ["Ben Free", "Dora Busy", "Nils Away", "Otto Gone"]
    )
    await expect(dialog.get_by_label("Find an agent or a queue, or enter a number")).to_be_focused()
    for name in ("Dora Busy", "Nils Away", "Otto Gone"):
        await expect(dialog.get_by_role("button", name=f"Ask {name} first")).to_be_disabled()
        await expect(dialog.get_by_role("button", name=f"Transfer to {name} now")).to_be_disabled()
    await expect(dialog.get_by_role("region", name="Queues")).to_contain_text("2 waiting")
    await picture(page, "transfer-dialog")
    free = TargetAgent(agent_id="dora", name="Dora Busy", availability="free")
    desk.say(Targets(medium=Medium.VOICE, agents=(free,)))
    await expect(dialog.get_by_role("button", name="Ask Dora Busy first")).to_be_enabled()
    await page.keyboard.type("after")
    await expect(dialog.locator(".target-name")).to_have_text(["After sales"])
    await expect(dialog.get_by_role("region", name="Agents")).to_contain_text("Nothing found")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await until(lambda: desk.asked("watch_targets") == [("ann", Medium.VOICE), ("ann", None)], "not told any more")
    await expect(page.get_by_role("button", name="Transfer")).to_be_focused()
    assert desk.steered() == []
    await page.keyboard.press("Enter")
    await expect(dialog.locator(".target-name")).to_have_count(6)
    desk.say(Targets(medium=Medium.VOICE, agents=(free,)))
    await dialog.get_by_role("button", name="Ask Dora Busy first").click()
    asked = Transfer(ref="", reservation_id=offer.reservation_id, agent="dora", warm=True)
    await until(lambda: desk.steered() == [asked], "asked")
    await expect(dialog).to_have_count(0)


async def test_a_refusal_stays_in_the_dialog_in_words(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    await talking(scene)
    desk.refusals["call"] = Refusal("agent_unavailable", "ben is busy")
    await page.get_by_role("button", name="Transfer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Ask Ben Free first").click()
    await expect(dialog.get_by_role("alert")).to_have_text("The agent is not free any more.")
    await expect(page.locator(".notice")).to_have_count(0)
    desk.refusals["call"] = Refusal("something_new", "words of the server")
    await dialog.get_by_role("button", name="Transfer to After sales now").click()
    await expect(dialog.get_by_role("alert")).to_have_text("words of the server")


async def test_a_blind_transfer_to_a_queue_leaves_the_call(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    await page.get_by_role("button", name="Transfer").click()
    await page.get_by_role("button", name="Transfer to After sales now").click()
    wanted = Transfer(ref="", reservation_id=offer.reservation_id, queue="after_sales")
    await until(lambda: desk.steered() == [wanted], "asked")
    desk.end(offer, EndedBy.AGENT)
    await expect(page.locator(".wrap-up")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_number_is_asked_and_dropped(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    await page.keyboard.press("Alt+t")
    await expect(page.locator("dialog input[type=text]")).to_be_focused()
    await page.keyboard.type("+32 2 555-01 99")
    await page.get_by_role("button", name="Ask +3225550199 first").click()
    asked = Transfer(ref="", reservation_id=offer.reservation_id, number="+3225550199", warm=True)
    await until(lambda: desk.steered() == [asked], "asked")
    show(desk, offer, "held", CallParty(id="number:int-9-2", kind="number", state="here", number="+3225550199"))
    await expect(page.get_by_role("button", name="Swap")).to_be_enabled()
    await page.get_by_role("button", name="Drop +3225550199").click()
    drop = DropParty(ref="", reservation_id=offer.reservation_id, party="number:int-9-2")
    await until(lambda: desk.steered()[1:] == [drop], "dropped")


async def test_a_consult_from_calling_to_completing(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    common = {"ref": "", "reservation_id": offer.reservation_id}
    show(desk, offer, "held", ben("coming"))
    await expect(page.locator(".parties li")).to_have_count(3)
    assert [row.split(" ", 1)[0] for row in await rows(page)] == ["+1", "You", "Ben"]
    assert (await rows(page))[2].startswith("Ben Free Being called")
    await expect(page.get_by_role("button", name="Swap")).to_be_disabled()
    await expect(page.get_by_role("button", name="Join all")).to_be_disabled()
    await expect(page.locator(".parties [role=status]")).to_contain_text("Ben Free: Being called.")

    show(desk, offer, "held", ben("here"))
    await expect(page.locator(".call .eyebrow")).to_have_text("Consulting, customer on hold")
    await picture(page, "transfer-consult")
    await page.keyboard.press("Alt+s")
    await until(lambda: desk.steered() == [Swap(**common)], "swapped")
    show(desk, offer, "here", ben("held"))
    await expect(page.locator(".call .eyebrow")).to_have_text("In conversation")
    await page.keyboard.press("Alt+j")
    await until(lambda: desk.steered()[1:] == [Conference(**common)], "joined")
    show(desk, offer, "here", ben("here", muted=True))
    await expect(page.locator(".call .eyebrow")).to_have_text("Conference")
    await expect(page.get_by_role("button", name="Join all")).to_be_disabled()
    await expect(page.locator(".parties")).to_contain_text("Muted")
    await page.keyboard.press("Alt+c")
    await until(lambda: desk.steered()[2:] == [CompleteTransfer(**common)], "completed")
    desk.end(offer, EndedBy.AGENT)
    await expect(page.locator(".parties")).to_have_count(0)


async def test_taking_the_customer_back(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    show(desk, offer, "held", ben("coming"))
    await page.get_by_role("button", name="Cancel transfer").click()
    drop = DropParty(ref="", reservation_id=offer.reservation_id, party="int-9-2")
    back = Hold(ref="", reservation_id=offer.reservation_id, on=False)
    await until(lambda: desk.steered() == [drop, back], "called off, and the customer off hold")
    show(desk, offer, "here", ben("held"))
    await expect(page.get_by_role("button", name="Take back")).to_be_enabled()
    await page.keyboard.press("Alt+b")
    await until(lambda: desk.steered()[2:] == [drop], "the customer is not on hold")


async def test_dropping_one_of_several(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    third = CallParty(id="int-9-3", kind="agent", state="coming", queue="after_sales")
    show(desk, offer, "here", ben("here"), third)
    await expect(page.get_by_role("button", name="Take back")).to_be_disabled()
    await expect(page.locator(".parties")).to_contain_text("Somebody of after_sales")
    await page.get_by_role("button", name="Drop Ben Free").click()
    drop = DropParty(ref="", reservation_id=offer.reservation_id, party="int-9-2")
    await until(lambda: desk.steered() == [drop], "dropped")
    await page.get_by_role("button", name="End for all").click()
    await page.get_by_role("button", name="End it now?").click()
    ended = DropParty(ref="", reservation_id=offer.reservation_id, party=CUSTOMER)
    await until(lambda: desk.steered()[1:] == [ended], "over for everybody")


async def test_who_was_asked_sees_who_is_there_and_leaves_the_rest_to_who_asked(scene: Scene) -> None:
    page, desk = scene.page, scene.desk
    offer = await talking(scene)
    parties = (CallParty(id=CUSTOMER, kind="customer", state="held"), ben("here"), YOU)
    desk.say(Call(reservation_id=offer.reservation_id, interaction_id=offer.interaction_id, parties=parties))
    await expect(page.locator(".parties li")).to_have_count(3)
    await expect(page.locator(".parties button")).to_have_text(["Swap", "Join all"])
    for keys, asked in (("Alt+s", Swap), ("Alt+j", Conference)):
        await page.keyboard.press(keys)
        await until(lambda asked=asked: any(isinstance(one, asked) for one in desk.steered()), keys)
    desk.refusals["call"] = Refusal("not_connected", "you are not in this conversation")
    await page.get_by_role("button", name="Hold").click()
    await expect(page.locator(".notice.error")).to_contain_text("You are not in this call any more.")


async def test_a_call_without_room_cannot_be_handed_on(scene: Scene) -> None:
    offer = await talking(scene)
    more = [ben("here", agent=f"a{n}", name=f"A{n}") for n in range(4)]
    parties = [CallParty(id=f"int-9-{n}", kind="agent", state="here", agent=one.agent) for n, one in enumerate(more)]
    show(scene.desk, offer, "here", *parties)
    await expect(scene.page.get_by_role("button", name="Transfer", exact=True)).to_be_disabled()


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
async def test_in_chinese(scene: Scene, locale: str) -> None:
    page, desk = scene.page, scene.desk
    await scene.sign_in()
    offer = desk.offer()
    show(desk, offer, "held", ben("here"))
    await expect(page.locator("[data-key=KeyT]")).to_be_enabled()
    await page.keyboard.press("Alt+t")
    await expect(page.get_by_role("dialog")).to_contain_text("售后" if locale == "zh-CN" else "售後")
    await picture(page, f"transfer-dialog-{locale}")
    await page.keyboard.press("Escape")
    await picture(page, f"transfer-consult-{locale}")
    assert "transfer." not in await page.locator("body").inner_text()
