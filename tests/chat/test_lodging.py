"""A chat on its way to another shard: what its visitor does meanwhile, and what goes wrong."""

import asyncio
from pathlib import Path

import pytest

from chat import messages as c
from chat.floor import ChatFloor
from chat.handing_on import Target
from chat.ports import StoreAwayError
from router.events import HandoffHosted
from router.vocabulary import WorkState
from tests.chat.pages import Page
from tests.chat.two_shards import Shards, two_shards
from tests.waiting import until


async def leaving(shards: Shards, page: Page) -> None:
    """Somebody has made room, and the south is not asked yet."""
    await page.open("Where is my parcel?")
    await until(lambda: shards.hosted, "somebody has made room")


def state(shards: Shards) -> WorkState | None:
    row = shards.north.router.dispatcher.work("chat1")
    return None if row is None else row.state


async def test_what_is_said_on_the_way_is_said_once_where_the_chat_is_then(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        await leaving(shards, page)
        await page.speak("v1", "Hello?")
        await asyncio.sleep(0)
        assert (kept := await shards.north.store.get("chat1")) is not None
        assert (kept.last, kept.elsewhere) == (1, "south")
        shards.settle()
        assert [line.text for line in await page.lines(2)] == ["Where is my parcel?", "Hello?"]
        assert (kept := await shards.south.store.get("chat1")) is not None
        assert kept.last == 2
        assert (kept := await shards.north.store.get("chat1")) is not None
        assert kept.last == 1


async def test_refused_by_the_other_shard_it_goes_on_here(tmp_path: Path) -> None:
    async with two_shards(tmp_path, max_waiting=1) as shards, shards.north.page() as page:
        shards.south.router.tell(shards.filler(), "test")  # the only place there is taken
        await leaving(shards, page)
        await page.speak("v1", "Hello?")
        shards.settle()
        assert state(shards) is WorkState.WAITING
        assert [line.text for line in await page.lines(2)] == ["Where is my parcel?", "Hello?"]
        async with asyncio.timeout(30):
            while await shards.south.store.get("chat1") is not None:
                await asyncio.sleep(0.01)
        assert (kept := await shards.north.store.get("chat1")) is not None
        assert kept.elsewhere is None


async def test_what_an_agent_hands_on_goes_over_with_their_note(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        north, south = shards.north, shards.south
        north.router.ready("ann")
        await page.open("Hello?", entry="early")
        reservation = north.router.accept()
        await page.state("talking")
        await north.conductor.agent_says("ann", reservation, "a1", "I ask my colleagues")
        floor = ChatFloor(north.conductor)
        await floor.hand_on("ann", reservation, Target(queue="web_chat"), "wants a refund")
        await until(lambda: shards.hosted, "somebody has made room")
        shards.settle()
        south.router.ready("bob")
        south.router.accept()
        await page.until(c.StatusShown, lambda shown: shown.status.agent == "Bob")
        chat = south.conductor.chat("chat1")
        assert chat is not None
        assert chat.handover is not None
        assert (chat.handover.by, chat.handover.note) == ("Ann", "wants a refund")
        assert [line.name for line in chat.tail] == ["Visitor", "Ann"]
        assert [work.work_id for work in north.router.dispatcher.works()] == ["chat1"], "ann's wrap-up goes on"


async def test_a_visitor_who_leaves_on_the_way_has_left(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        await leaving(shards, page)
        await page.say(c.End())
        await until(lambda: [one.ended for _, one in shards.north.router.dispatcher.handoffs("north")] != [None])
        shards.settle()
        await page.state("ended")
        assert page.status is not None
        assert page.status.ended_by == "customer"
        assert state(shards) is None
        assert shards.south.router.dispatcher.works() == ()


async def test_a_node_that_starts_anew_goes_on_with_it(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards:
        async with shards.north.page() as page:
            await leaving(shards, page)
            token = page.token
            await shards.restart_north()
        async with shards.north.page() as page:
            await page.say(c.Resume(token=token))
            await page.speak("v1", "Hello?")
            shards.settle()
            assert [line.text for line in await page.lines(2)] == ["Where is my parcel?", "Hello?"]
            shards.south.router.ready("ann")
            shards.south.router.accept()
            await page.state("talking")


async def test_a_host_is_looked_for_anew_by_a_node_that_starts_anew(tmp_path: Path) -> None:
    async with two_shards(tmp_path) as shards:
        gate = shards.way.gate = asyncio.Event()
        async with shards.north.page() as page:
            await page.open("Hello?")
            await until(lambda: ("n1.1", "chat_guest") in shards.way.asked, "room is asked for")
            await shards.restart_north()
        assert shards.north.router.of(HandoffHosted) == []
        gate.set()
        await until(lambda: shards.hosted, "somebody has made room")
        shards.settle()
        await until(lambda: any(place.conductor.chat("chat1") for place in shards.hosts), "it is there")


async def _away(*_: object) -> None:
    raise StoreAwayError("away")


async def test_a_database_that_is_away_keeps_it_here_or_changes_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_shards(tmp_path) as shards, shards.north.page() as page:
        with monkeypatch.context() as broken:
            broken.setattr(shards.north.store, "lodge", _away)
            await page.open("Hello?")
            await until(lambda: shards.north.router.of(HandoffHosted), "nobody is asked")
        assert shards.north.router.of(HandoffHosted)[0].host == ""
        assert [asked for asked in shards.way.asked if asked[1] == "chat_guest"] == []
        with monkeypatch.context() as broken:
            broken.setattr(shards.north.store, "end", _away)
            shards.north.router.skew += 60_000_000
            shards.north.router.expire()
            await until(lambda: shards.hosted, "somebody has made room this time")
            shards.settle()
            await page.speak("v1", "Anybody?")
            assert [line.text for line in await page.lines(2)] == ["Hello?", "Anybody?"]
        async with shards.north.page() as again:
            await again.say(c.Resume(token=page.token))
            assert [line.text for line in await again.lines(2)] == ["Hello?", "Anybody?"]
