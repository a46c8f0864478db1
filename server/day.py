"""The site's day: at its own midnight what is counted by day begins at nought, also when nobody was awake then."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Protocol

from router.commands import Command
from router.events import DayStarted, Event
from server.persistence.periods import day_of


class Router(Protocol):
    """The pump."""

    async def post(self, event: Event, cause: str) -> tuple[Command, ...]: ...


class Day:
    """`last_us` is when the router was last awake (0: never); `wall` gives microseconds since the epoch."""

    def __init__(self, router: Router, last_us: int, zone: Callable[[], str], wall: Callable[[], int]) -> None:
        self._router = router
        self._zone = zone
        self._wall = wall
        self._date: date = day_of(last_us or wall(), zone())

    async def look(self) -> None:
        """Tells the router when another day has begun."""
        today = day_of(self._wall(), self._zone())
        if today != self._date:
            self._date = today
            await self._router.post(DayStarted(), "day")


def each(*looks: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """All of them, one after the other."""

    async def look() -> None:
        for one in looks:
            await one()

    return look
