"""Chats that go over to another shard, both ends of them: visitors keep their page and what was said."""

from pathlib import Path

from chat import messages as c
from router.events import HandoffHosted
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
