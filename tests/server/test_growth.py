"""Calls and chats that are over leave no objects behind: neither kept ones, nor cycles that wait for the collector."""

import contextlib
import gc
from collections import Counter
from pathlib import Path

from chat.limits import ChatLimits
from chat.messages import Refused
from router.vocabulary import OfferState
from tests.chat import house as chats
from tests.server.house import House, built, offer_of
from tests.waiting import until

# The store's twin keeps its journal with the router's facts in it, SIP its transactions for half a minute, and media
# workers collect closed legs themselves: those have tests of their own.
OURS = ("agents_ws", "chat", "ivr", "records", "server", "voice")
FEW, MANY = 5, 25


def census() -> Counter[str]:
    """How many objects of ours there are, by type."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in map(type, gc.get_objects()))
    return Counter(name for name in names if name.split(".")[0] in OURS)


async def call(house: House, sdp: bytes) -> None:
    """One whole call, from the INVITE to the end of the wrap-up."""
    caller = await house.queued(sdp=sdp)
    offer = await house.offer()
    assert await house.desk.accept("anna", offer.reservation_id) is None
    await house.reach_state(offer.reservation_id, OfferState.CONNECTED)
    house.outside.ua.hangup(caller)
    await house.empty()
    house.turns.clear()
    house.hub.sent.clear()
    house.engine.asked.clear()
    house.outside.events.clear()


async def test_calls_leave_nothing_behind(tmp_path: Path) -> None:
    async with built(tmp_path / "house") as house:
        await house.ready()
        sdp = offer_of((await house.speaker_port()).port)
        for _ in range(FEW):
            await call(house, sdp)
        gc.collect()
        gc.disable()
        try:
            before = census()
            for _ in range(MANY):
                await call(house, sdp)
            with contextlib.suppress(AssertionError):  # shown below, by name
                await until(lambda: census() <= before, "as few as before")
            assert census() - before == Counter()
        finally:
            gc.enable()


async def chat(place: chats.House, number: int) -> None:
    """One whole chat, with a message that is refused, until its page is closed."""
    async with place.page() as page:
        await page.open(key=f"{number:022}")
        reservation = place.router.accept()
        await page.state("talking")
        await page.speak("v1", "Thanks")
        await page.lines(2)
        await page.speak("v2", "One more thing")
        assert (await page.until(Refused)).code == "too_many_messages"
        place.end_by_agent(reservation)
        await page.state("ended")
    place.router.finish(reservation, "ann")
    await until(lambda: not place.conductor.counts["chats_looked_at"], "the page is gone")
    for kept in (place.router.events, place.router.offers, place.screens.messages, place.screens.receipts):
        kept.clear()


async def test_chats_leave_nothing_behind(tmp_path: Path) -> None:
    limits = ChatLimits(opens_per_minute=6000, open_burst=100, messages_per_chat=2)
    async with chats.house(tmp_path, limits=limits) as place:
        place.router.ready("ann")
        for number in range(FEW):
            await chat(place, number)
        gc.collect()
        gc.disable()
        try:
            before = census()
            for number in range(MANY):
                await chat(place, FEW + number)
            with contextlib.suppress(AssertionError):  # shown below, by name
                await until(lambda: census() <= before, "as few as before")
            assert census() - before == Counter()
        finally:
            gc.enable()
