"""The day of the site begins once, at its own midnight."""

import pytest

from router.commands import Command
from router.events import DayStarted, Event
from server.day import Day, each

HOUR_US = 3_600_000_000
# 2026-03-01 15:30 UTC is 23:30 in Shanghai.
EVENING_US = 1_772_379_000_000_000


class Router:
    def __init__(self) -> None:
        self.posted: list[Event] = []

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]:
        assert cause == "day"
        self.posted.append(event)
        return ()


class Wall:
    now = EVENING_US

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Shanghai", 1), ("UTC", 9)])
async def test_it_begins_at_the_sites_own_midnight(zone: str, hours: int) -> None:
    router, wall = Router(), Wall()
    day = Day(router, wall.now, lambda: zone, wall)
    await day.look()
    wall.now += (hours - 1) * HOUR_US
    await day.look()
    assert router.posted == []
    wall.now += HOUR_US
    await day.look()
    await day.look()
    assert router.posted == [DayStarted()]


async def test_who_slept_over_midnight_is_told_at_the_start() -> None:
    router, wall = Router(), Wall()
    day = Day(router, wall.now - 20 * HOUR_US, lambda: "UTC", wall)
    await day.look()
    assert router.posted == [DayStarted()]


async def test_a_router_that_never_ran_has_nothing_to_forget() -> None:
    router, wall = Router(), Wall()
    await Day(router, 0, lambda: "UTC", wall).look()
    assert router.posted == []


async def test_several_look_in_turn() -> None:
    seen: list[str] = []

    def looker(name: str) -> object:
        async def look() -> None:
            seen.append(name)

        return look

    await each(looker("a"), looker("b"))()  # type: ignore[arg-type]
    assert seen == ["a", "b"]
