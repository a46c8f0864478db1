"""A day's work in one story: two agents, a supervisor, a caller and a visitor on the real pages, by what they click.

And by what each of them hears: everybody speaks a tone of their own, so a whisper that reached the caller would show.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import needs_chromium
from tests.e2e.browsers import BrowserAgent, browser_agent
from tests.e2e.callers import calling
from tests.e2e.ears import TONES, CallerEar, Hearing, who_hears, write_voices
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import PASSWORD, SUPERVISOR, Server
from tests.e2e.site import ORDERS
from tests.e2e.waiting import wait_until
from tests.frontend.real import Person, answer, ask, said, sign_in, write
from tools.call.caller import Caller

pytestmark = [pytest.mark.browser, needs_chromium]

NUMBER = "+3225550190"
NOBODY: set[str] = set()
MUSIC = {"music"}
TALK = {"caller": {"agent1"}, "agent1": {"caller"}}


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 60}


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    """Agents may have a chat beside a call."""

    def edit(site: Path) -> None:
        agents = site / "agents.toml"
        agents.write_text(agents.read_text().replace("total = 3 }", "total = 6 }\nunits = { voice = 3 }"))

    return edit


@dataclass
class Cast:
    """Who takes part, each before a page of their own; `floor` is the supervisors' page, `own` their agents' page."""

    caller: Caller
    one: BrowserAgent
    own: BrowserAgent
    floor: Person
    visitor: Person
    ears: dict[str, Hearing]

    async def hear(self, **wanted: set[str]) -> None:
        """Each of these hears just that."""
        assert await who_hears({name: self.ears[name] for name in wanted}) == wanted


async def beside(page: Page, base: str) -> Person:
    """Another page in the same browser; sessions are kept by page."""
    new = await page.context.new_page()
    new.set_default_timeout(30_000)
    return Person(base, page.context, new)


async def test_the_story(running_server: Server, office: Office, tmp_path: Path) -> None:
    write_voices(tmp_path)
    async with (
        browser_agent(running_server, tmp_path, "agent1", TONES["agent1"]) as one,
        browser_agent(running_server, tmp_path, SUPERVISOR, TONES[SUPERVISOR], ready=False) as own,
        calling(running_server, tmp_path, NUMBER, ORDERS) as caller,
    ):
        floor, visitor = await beside(own.page, running_server.base), await beside(one.page, running_server.base)
        await sign_in(floor, "supervisor", SUPERVISOR, PASSWORD)
        ears: dict[str, Hearing] = {"caller": CallerEar(caller, tmp_path), "agent1": one, SUPERVISOR: own}
        cast = Cast(caller, one, own, floor, visitor, ears)
        await caller.speak_on("caller.wav")
        await taken_held_and_muted(cast)
        await helped(cast)
        await a_chat_beside(cast)
        async with browser_agent(running_server, tmp_path, "agent4", TONES["agent4"]) as four:
            ears["agent4"] = four
            await handed_over(cast, four)
            await the_chat_handed_on(cast, four)
            await ended(cast, four)
            await remembered(running_server, office, four, tmp_path)
    await office.quiet()


async def taken_held_and_muted(cast: Cast) -> None:
    """Both hear each other; one who is held hears music, who is muted is not heard."""
    page = cast.one.page
    await expect(page.locator(".offer")).to_contain_text(NUMBER)
    await cast.one.accept()
    await cast.hear(**TALK)
    await page.keyboard.press("Alt+h")
    await expect(page.locator(".call")).to_have_attribute("data-state", "held")
    await cast.hear(caller=MUSIC, agent1=NOBODY)
    await page.keyboard.press("Alt+h")
    await expect(page.locator(".call")).to_have_attribute("data-state", "connected")
    await page.keyboard.press("Alt+m")
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    await cast.hear(caller=NOBODY, agent1={"caller"})
    await page.keyboard.press("Alt+m")


async def helped(cast: Cast) -> None:
    """By one key a supervisor is asked, who listens, whispers, barges in and leaves."""
    page, floor = cast.one.page, cast.floor.page
    await page.keyboard.press("Alt+q")
    await expect(page.locator(".help-state")).to_contain_text("A supervisor has been asked")
    await expect(floor.locator(".help li")).to_contain_text("Demo agent 1")
    await floor.get_by_role("button", name="I look after Demo agent 1").click()
    await expect(page.locator(".help-state")).to_contain_text("Demo supervisor looks after it")
    await floor.get_by_role("button", name="Be with Demo agent 1 now").click()
    await expect(floor.locator(".help li")).to_have_count(0)
    await expect(page.locator(".parties")).to_contain_text("Listening in")
    line = floor.locator("[data-call]", has_text="Demo agent 1")
    await expect(line).to_contain_text("nobody hears you")
    await cast.hear(**TALK, supervisor1={"caller", "agent1"})
    await line.get_by_role("button", name="Whisper").click()
    await expect(cast.own.page.locator(".listening")).to_contain_text("Demo agent 1 hears you, the customer does not")
    await cast.hear(caller={"agent1"}, agent1={"caller", SUPERVISOR}, supervisor1={"caller", "agent1"})
    await line.get_by_role("button", name="Barge in").click()
    await expect(page.locator(".parties")).to_contain_text("Speaking with all")
    everybody = {"caller", "agent1", SUPERVISOR}
    await cast.hear(**{name: everybody - {name} for name in everybody})
    await line.get_by_role("button", name="Leave").click()
    await expect(cast.own.page.locator(".listening")).to_have_count(0)
    await expect(line.get_by_role("button")).to_have_count(1)
    await cast.hear(**TALK, supervisor1=NOBODY)


async def a_chat_beside(cast: Cast) -> None:
    """The call goes on meanwhile."""
    await ask(cast.visitor, "Where is my parcel?", "Acme Bicycles")
    one = Person("", cast.one.page.context, cast.one.page)
    await one.page.get_by_role("button", name=re.compile("^Accept")).click()
    await write(one, "I ask a colleague")
    await said(cast.visitor.page, ["Where is my parcel?", "I ask a colleague"], ".log")
    await expect(one.page.locator(".call")).to_contain_text("In conversation")


async def handed_over(cast: Cast, four: BrowserAgent) -> None:
    """The second agent is asked first, spoken with, joined, and left with the caller."""
    page = cast.one.page
    await page.evaluate("document.activeElement?.blur()")
    await page.locator(".call-bar [data-key=KeyT]").click()
    colleague = page.get_by_role("dialog").locator("li", has_text="Demo agent 4")
    await colleague.get_by_role("button", name="Ask").click(timeout=30_000)
    await four.accept()
    await shows(cast.one, "On hold", "You", "In the call")
    await cast.hear(caller=MUSIC, agent1={"agent4"}, agent4={"agent1"})
    await page.get_by_role("button", name="Swap").click()
    await shows(cast.one, "In the call", "You", "On hold")
    await cast.hear(**TALK, agent4=MUSIC)
    await page.get_by_role("button", name="Join all").click()
    await expect(page.locator(".call .eyebrow")).to_have_text("Conference")
    everybody = {"caller", "agent1", "agent4"}
    await cast.hear(**{name: everybody - {name} for name in everybody})
    await page.get_by_role("button", name="Complete transfer").click()
    await expect(four.page.locator(".parties")).to_have_count(0)
    await cast.hear(caller={"agent4"}, agent1=NOBODY, agent4={"caller"})
    await wrapped_up(cast.one, "Passed on")


async def shows(agent: BrowserAgent, *parties: str) -> None:
    """The page names these, each with their state."""
    rows = agent.page.locator(".parties li")
    await expect(rows).to_have_count(len(parties))
    await expect(rows).to_contain_text(list(parties))


async def wrapped_up(agent: BrowserAgent, disposition: str, note: str = "") -> None:
    """Of the wrap-up in front."""
    card = agent.page.locator(".wrap-up:visible")
    await card.get_by_role("radio", name=disposition).check()
    if note:
        await card.get_by_role("textbox", name="Note").fill(note)
    await card.get_by_role("button", name="Finish").click()
    await expect(card).to_have_count(0)


async def the_chat_handed_on(cast: Cast, four: BrowserAgent) -> None:
    """With a note that only the colleague reads; the giver is done last, with a disposition of their own."""
    page, note = cast.one.page, "Has waited for two weeks"
    await page.locator(".chat [data-key=KeyT]").click()
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_role("button", name="Ask")).to_have_count(0)
    await sheet.get_by_label("Note for your colleague").fill(note)
    await sheet.locator("li", has_text="Demo agent 4").get_by_role("button", name="Transfer").click()
    await expect(cast.visitor.page.locator(".where")).to_contain_text("A colleague takes over")
    await expect(four.page.locator(".offer .handed-on")).to_contain_text(note)
    await answer(cast.visitor, "Is anybody there?")
    await four.page.get_by_role("button", name=re.compile("^Accept")).click()
    await expect(cast.visitor.page.locator(".where")).to_contain_text("You are talking with Demo agent 4")
    await expect(four.page.locator(".chat .handed-on")).to_contain_text("Handed on by Demo agent 1")
    await write(Person("", four.page.context, four.page), "I am")
    texts = ["Where is my parcel?", "I ask a colleague", "Is anybody there?", "I am"]
    await said(four.page, texts, ".transcript")
    await said(cast.visitor.page, texts, ".log")
    await expect(cast.visitor.page.locator("body")).not_to_contain_text(note)


async def ended(cast: Cast, four: BrowserAgent) -> None:
    """First the call, then the chat; each with its disposition."""
    await four.page.locator(".call-bar").get_by_role("button", name="Hang up").click()
    async with asyncio.timeout(30):
        await cast.caller.ended.wait()
    await four.page.get_by_role("radio", name="Resolved").first.wait_for()
    await wrapped_up(four, "Resolved", "The parcel comes tomorrow")
    await four.page.get_by_role("button", name=re.compile("^End chat")).click()
    await four.page.get_by_role("button", name="End it now").click()
    await expect(cast.visitor.page.locator(".rating")).to_be_visible()
    await wrapped_up(four, "Resolved")
    await wrapped_up(cast.one, "Passed on")


async def remembered(server: Server, office: Office, four: BrowserAgent, folder: Path) -> None:
    """What the records say of both, and what an agent sees of it when the caller calls again."""
    view = await office.interaction(NUMBER)
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent4")
    assert view["record"]["disposition"] == "resolved"
    assert step(view, "transfer_asked") == {"agent": "agent4", "by": "agent1", "warm": "yes"}
    assert {"held", "listened", "joined", "wrapped_up"} <= set(kinds(view)), kinds(view)
    (chat,) = [one for one in (await office.get("interactions"))["items"] if one["medium"] == "chat"]

    async def both_wrapped_up() -> dict[str, Any] | None:
        story: dict[str, Any] = await office.get(f"interactions/{chat['id']}")
        return story if kinds(story).count("wrapped_up") == 2 else None

    story = await wait_until(both_wrapped_up, 30, "both agents' wrap-ups are in the record")
    assert story is not None
    said_by = [one["detail"] for one in story["story"] if one["kind"] == "wrapped_up"]
    assert [(one["agent"], one["disposition"]) for one in said_by] == [("agent4", "resolved"), ("agent1", "passed_on")]
    assert (story["record"]["agent_id"], story["record"]["disposition"]) == ("agent4", "resolved")
    async with calling(server, folder, NUMBER, ORDERS):
        past = four.page.locator(".history ol li", has_text="The parcel comes tomorrow")
        await expect(past).to_have_count(1, timeout=30_000)
        for text in ("Orders", "Handled", "Resolved", "Demo agent 4"):
            await expect(past).to_contain_text(text)
