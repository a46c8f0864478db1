"""Replies, notes, mentions, files and the customer panel for everybody: names and contrast, by day and by night."""

from msgspec.structs import replace
from playwright.async_api import expect
from pytest import mark

from agents_ws.messages import ChatFile, Mentioned, NoteAdded, StaffNote
from tests.agents_ws.scripted import now_us
from tests.frontend.access import check
from tests.frontend.conftest import Scene
from tests.frontend.test_agent_access import themed
from tests.frontend.test_agent_chats import card, chat_offer, connect
from tests.frontend.test_agent_guidance import GUIDANCE

pytestmark = [mark.browser, mark.asyncio(loop_scope="module")]

__all__ = ["themed"]

PROFILE = {
    "id": "c1",
    "identities": [],
    "attributes": [{"name": "language", "value": "Dutch", "by": "ann", "at": 1, "customer_id": "c1"}],
    "merged": [{"customer_id": "c3", "into_id": "c1", "at": 1, "by": "ann", "identities": []}],
    "matches": [
        {
            "customer_id": "c2",
            "clues": [{"kind": "name", "value": "Visitor Won"}],
            "identities": [],
            "interactions": 2,
            "last_at": 1,
        }
    ],
    "may_merge": True,
    "may_edit": True,
}
RECORD = {"id": "int-res-c", "customer_id": "c1", "channel": "web", "queue": "web_chat", "opened_at": 1}


async def test_names_and_contrast_while_writing(themed: Scene) -> None:
    page, desk = themed.page, themed.desk
    themed.guidance.update(GUIDANCE)
    themed.profiles["c1"] = PROFILE
    themed.stories["int-res-c"] = {"record": RECORD, "identities": []}
    await themed.sign_in()
    offer = chat_offer(themed)
    asked = card("hello?", "this one", "and this")
    gone = ChatFile(id="f1", name="old.pdf", media_type="application/pdf", size=9, gone=True)
    lines = (
        replace(asked.lines[0], at_us=now_us() - 200_000_000),
        replace(asked.lines[1], text="", file=replace(gone, gone=False)),
        replace(asked.lines[2], text="", file=gone),
    )
    connect(themed, offer, chat=replace(asked, lines=lines))
    field = page.get_by_label("Your message")
    await expect(field).to_be_focused()
    await expect(page.locator(".match")).to_have_count(2)
    await check(page)
    await page.locator(".attach-input").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"x" * 2000}
    )
    await expect(page.locator(".uploads .failed")).to_contain_text("The file is too large: 1 kB at most.")
    await field.press_sequentially("/")
    await expect(page.locator(".picker").get_by_role("option").first).to_be_visible()
    await check(page)
    note = StaffNote(id=1, by="ben", name="Ben", text="@Ann look", at_us=now_us())
    desk.say(NoteAdded(reservation_id=offer.reservation_id, interaction_id=offer.interaction_id, note=note))
    desk.say(Mentioned(id=3, interaction_id="i9", note=note))
    await expect(page.locator(".bubble.internal")).to_contain_text("@Ann look")
    await expect(page.locator(".mention")).to_contain_text("Ben mentioned you")
    await page.keyboard.press("Alt+i")
    await expect(page.locator(".note-form textarea")).to_be_focused()
    await check(page)
    await page.get_by_role("button", name="Add a fact").click()
    await page.get_by_role("button", name="Same person: merge").click()
    await check(page)
