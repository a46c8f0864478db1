"""Chats that go over to another shard, both ends of them: visitors keep their page and what was said."""

from pathlib import Path

import pytest

from chat import guests
from chat import messages as c
from chat.floor import ChatFloor
from chat.handing_on import Target
from chat.ports import ChatRefusedError
from chat.visits import MoreLines
from router.events import HandoffHosted, WorkCancelled, WorkQueued
from tests.chat.pages import Page
from tests.chat.two_shards import Shards, two_shards
from tests.waiting import until


async def gone_over(shards: Shards, page: Page) -> str:
    """The page's chat is with ann of the south; the reservation."""
    south = shards.south
    south.router.ready("ann")
    await page.open("Where is my parcel?")
    await until(lambda: shards.hosted, "somebody has made room")
    shards.settle()
    await until(lambda: len(south.router.offers) == 1, "it is offered there")
    reservation = south.router.accept()
    await page.state("talking")
    return reservation


async def test_the_visitor_keeps_their_page_and_speaks_with_an_agent_of_the_other_shard(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        south = shards.south
        reservation = await gone_over(shards, page)
        assert page.status is not None
        assert page.status.agent == "Ann"
        await page.speak("v1", "Hello?")
        await page.lines(2)
        await south.conductor.agent_says("ann", reservation, "a1", "It is on its way")
        assert [(line.number, line.text) for line in await page.lines(3)] == [
            (1, "Where is my parcel?"),
            (2, "Hello?"),
            (3, "It is on its way"),
        ]
        await page.say(c.Typing(on=True))
        await until(lambda: south.screens.typed == [("ann", reservation, True)], "ann sees that they type")
        south.conductor.agent_types("ann", reservation, on=True)
        await page.until(c.StatusShown, lambda shown: shown.status.typing)
        await page.say(c.Receipt(delivered=3, read=3))
        await until(lambda: ("ann", reservation, 3, 3) in south.screens.receipts, "ann sees what they have read")
        assert page.status.read == 3
        south.end_by_agent(reservation)
        await page.state("ended")
        assert page.status.may_rate
        await page.say(c.Rate(score=5))
        await page.until(c.StatusShown, lambda shown: shown.status.rating == 5)
        assert shards.north.router.dispatcher.works() == ()
        assert (kept := await shards.north.store.get("chat1")) is not None
        assert (kept.elsewhere, kept.ended_by, kept.last) == ("south", "system", 1)
        assert (kept := await south.store.get("chat1")) is not None
        assert (kept.elsewhere, kept.ended_by, kept.last, kept.rating) == (None, "agent", 3, 5)


async def test_a_chat_for_which_there_is_no_room_stays(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        shards.way.cut |= {"n1.1", "n2.1"}
        await page.open("Hello?")
        await until(lambda: shards.north.router.of(HandoffHosted), "nobody makes room")
        assert shards.north.router.of(HandoffHosted)[0].host == ""
        await page.speak("v1", "Anybody?")
        assert [line.text for line in await page.lines(2)] == ["Hello?", "Anybody?"]
        shards.north.router.ready("ann")
        shards.north.router.accept()
        await page.state("talking")
        assert (kept := await shards.north.store.get("chat1")) is not None
        assert kept.elsewhere is None


async def test_a_guest_that_is_handed_on_stays_in_the_shard_that_it_came_to(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        reservation = await gone_over(shards, page)
        south = shards.south
        floor = ChatFloor(south.conductor)
        await floor.hand_on("ann", reservation, Target(queue="far_chat"), "knows about parcels")
        queued = south.router.of(WorkQueued)[-1]
        assert (queued.work_id, queued.origin) == ("chat1-2", "north")
        await page.until(c.StatusShown, lambda shown: shown.status.handed_on)
        again = south.router.accept()
        await page.state("talking")
        south.end_by_agent(again)
        await page.state("ended")


async def test_while_it_is_on_its_way_no_other_node_gets_it_and_what_does_not_come_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "COMES_S", 0.0)
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        await page.open("Hello?")
        await until(lambda: shards.hosted, "somebody has made room")
        chat = shards.north.conductor.chat("chat1")
        assert chat is not None
        with pytest.raises(ChatRefusedError, match="on its way"):
            await shards.north.conductor.taking_up.let_go(chat, "n2.1")
        await until(lambda: shards.south.known.over == ["chat1"], "nobody is expected any more")
        with pytest.raises(ChatRefusedError, match="not expected"):
            await shards.guests[0].more(MoreLines(interaction_id="chat1", lines=()))
        await shards.south.store.end("chat1", "system", 1)
        shards.settle()  # it comes after all
        await until(lambda: shards.south.conductor.chat("chat1"), "it is there")
        await page.speak("v1", "Anybody?")
        assert [line.text for line in await page.lines(2)] == ["Hello?", "Anybody?"]


async def test_an_item_of_whose_chat_nothing_is_known_is_cancelled(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        await page.open("Hello?")
        await until(lambda: shards.hosted, "somebody has made room")
        await shards.south.store.forget("chat1")
        shards.settle()
        await until(lambda: shards.south.router.of(WorkCancelled), "it is cancelled")
        assert (await page.until(c.Bye)).code == c.ByeCode.MOVING
        async with shards.north.page() as again:
            await again.say(c.Resume(token=page.token))
            assert (await again.until(c.Welcome)).status.state == "ended"
