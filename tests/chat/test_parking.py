"""Parked chats: the visitor sees that somebody waits for them, and what they say brings their agent back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chat import messages as c
from chat.floor import ChatFloor
from chat.machine import Patience
from chat.ports import ChatRefusedError
from router.events import CustomerLeft, InteractionClosed, OfferAccepted, WorkParked, WorkRecalled
from tests.chat.house import House, house
from tests.chat.pages import Page
from tests.waiting import until


async def parked(place: House, page: Page, at: int | None = None, **opening: Any) -> str:
    place.router.ready("ann")
    await page.open(**opening)
    reservation = place.router.accept()
    await page.state("talking")
    await place.conductor.agent_says("ann", reservation, "a1", "Which number does the invoice have?")
    await page.lines(2)
    await ChatFloor(place.conductor).park("ann", reservation, 2, None if at is None else place.router.now() + at)
    await page.until(c.StatusShown, lambda shown: shown.status.parked)
    return reservation


async def test_a_message_brings_it_back_to_its_agent(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        first = await parked(place, page)
        assert page.status is not None
        assert (page.status.state, page.status.agent) == ("talking", "Ann")
        place.router.ready("bob")
        with pytest.raises(ChatRefusedError):
            await place.conductor.agent_says("ann", first, "a2", "Hello?")
        await page.speak("v1", "It is 4711")
        await until(lambda: len(place.router.offers) == 2)
        await page.state("waiting")
        assert place.router.offers[-1].agent_id == "ann"
        second = place.router.accept()
        await page.until(c.StatusShown, lambda shown: shown.status.agent == "Ann")
        await place.conductor.agent_says("ann", second, "a3", "Thank you")
        assert [line.text for line in await page.lines(4)][-2:] == ["It is 4711", "Thank you"]
        assert place.router.of(WorkRecalled) == [WorkRecalled("chat1")]


async def test_what_the_customer_says_at_that_moment_is_not_parked_away(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open()
        reservation = place.router.accept()
        await page.state("talking")
        await page.speak("v1", "One more thing")
        await page.lines(2)
        with pytest.raises(ChatRefusedError) as error:
            await ChatFloor(place.conductor).park("ann", reservation, 1, None)
        assert error.value.code == "customer_wrote"
        assert not place.router.of(WorkParked)


async def test_a_message_that_comes_while_it_is_being_parked_brings_it_back(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        place.router.ready("ann")
        await page.open()
        reservation = place.router.accept()
        await page.state("talking")
        runner = place.conductor.chat("chat1")
        assert runner is not None
        parking = ChatFloor(place.conductor).park("ann", reservation, 1, None)
        saying = place.conductor.visiting.say(runner, "v1", "Wait")
        # Both are in the chat's inbox before it does either.
        await asyncio.gather(parking, saying)
        await until(lambda: place.router.of(WorkRecalled) == [WorkRecalled("chat1")])
        await until(lambda: len(place.router.offers) == 2)


async def test_time_brings_it_back_and_who_is_away_has_not_left(tmp_path: Path) -> None:
    async with house(tmp_path, patience=Patience(abandon=1)) as place:
        async with place.page() as page:
            await parked(place, page, at=1_000_000)
        place.router.skew += 2_000_000
        for command in place.router.dispatcher.expire(place.router.now()):
            place.conductor.execute(command)
        runner = place.conductor.chat("chat1")
        assert runner is not None
        await until(lambda: runner.machine.state == "waiting")
        row = next(iter(place.router.dispatcher.holders("chat1")))
        place.router.tell(OfferAccepted(row.reservation_id, "ann"), "test")
        await until(lambda: runner.machine.serving is not None)
        assert not place.router.of(CustomerLeft)


async def test_a_visitor_ends_a_parked_chat(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await parked(place, page)
        await page.say(c.End())
        ended = await page.state("ended")
        assert (ended.ended_by, ended.may_rate) == ("customer", True)
        assert place.router.of(InteractionClosed) == [InteractionClosed("chat1", "handled")]


async def test_a_restart_leaves_it_parked(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await parked(place, page)
        await place.restart()
        runner = place.conductor.chat("chat1")
        assert runner is not None
        assert (runner.machine.state, runner.status().parked) == ("parked", True)
        await place.conductor.visiting.say(runner, "v2", "I found it")
        await until(lambda: len(place.router.offers) == 2)
