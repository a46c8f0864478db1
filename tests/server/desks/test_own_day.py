"""Agents' own day: told while their page is there, when something of it changed, from nought at midnight."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from agents_ws import messages as m
from http_api.ports import AgentFigures
from router.commands import ShowPresence
from router.events import DayStarted, Event, InteractionNoted, TimePassed
from router.rows import Changes, Turn
from router.vocabulary import Presence
from server.desks import own_day
from server.desks.own_day import OwnDays

NOON = 1_767_225_600_000_000 + 43_200_000_000  # the first of January 2026, 12:00 UTC


class Floor:
    def __init__(self) -> None:
        self.figures = {"ann": AgentFigures(handled=3, mean_handle_us=60_000_000, occupancy=0.5)}
        self.scores: dict[str, tuple[int, int]] = {"ann": (2, 9)}
        self.asked_since: list[int] = []
        self.broken = False
        self.pages = ["ann"]
        self.sent: list[tuple[str, m.Today]] = []
        self.now = NOON
        self.days = OwnDays(
            lambda agent_id: self.figures.get(agent_id, AgentFigures()),
            self,
            lambda: self.pages,
            lambda agent_id, message: self.sent.append((agent_id, message.today)),
            lambda: "Asia/Shanghai",
            lambda: self.now,
        )

    async def by_agent(self, since: int) -> dict[str, tuple[int, int]]:
        self.asked_since.append(since)
        if self.broken:
            self.broken = False
            raise OperationalError("SELECT", {}, Exception("away"))
        return self.scores

    def turn(self, event: Event, *agents: str) -> None:
        commands = tuple(ShowPresence(agent_id, Presence.READY, None, 1) for agent_id in agents)
        self.days.observe(Turn(1, 1, "t", event, commands, Changes()))

    async def told(self, count: int) -> list[tuple[str, m.Today]]:
        async with asyncio.timeout(30):
            while len(self.sent) < count:
                await asyncio.sleep(0.01)
        return self.sent


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_day, "GATHER_S", 0.01)
    monkeypatch.setattr(own_day, "RATINGS_AFTER_S", 0.01)


async def test_the_day_follows_turns_ratings_and_midnight(quick: None) -> None:
    floor = Floor()
    task = asyncio.create_task(floor.days.run())
    floor.broken = True
    floor.turn(TimePassed(), "ann")
    first = (await floor.told(1))[0]
    assert first == ("ann", m.Today(handled=3, mean_handle_us=60_000_000, occupancy=0.5))
    floor.turn(TimePassed(), "ben")  # the ratings are asked for again; ben has no page
    assert (await floor.told(2))[1] == (
        "ann",
        m.Today(handled=3, mean_handle_us=60_000_000, occupancy=0.5, ratings=2, mean_rating=4.5),
    )
    floor.scores = {"ann": (3, 14)}
    floor.turn(InteractionNoted("i1", "rated", (("score", "5"),)))
    assert (await floor.told(3))[2][1].mean_rating == 4.67
    floor.now += 86_400_000_000
    floor.figures, floor.scores = {}, {}
    floor.turn(DayStarted())
    assert (await floor.told(4))[3] == ("ann", m.Today())
    assert floor.asked_since[0] == NOON - 20 * 3_600_000_000, "the site's own midnight"
    assert floor.asked_since[-1] == floor.asked_since[0] + 86_400_000_000
    assert floor.days.of("ann") == m.Today()
    task.cancel()


async def test_without_any_turn_it_is_looked_at_now_and_then(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_day, "LOOK_S", 0.02)
    floor = Floor()
    task = asyncio.create_task(floor.days.run())
    await floor.told(1)
    floor.figures["ann"] = AgentFigures(handled=3, mean_handle_us=60_000_000, occupancy=0.6)
    assert (await floor.told(2))[-1][1].occupancy == 0.6
    task.cancel()
