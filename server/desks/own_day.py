"""What agents see of their own day: what they handled, how long it took, how busy they were, how customers rated them.

Told while their page is there, soon after each turn that touched them and at least once a minute, since occupancy
changes by itself; from nought at the site's midnight.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from agents_ws import messages as m
from http_api.ports import AgentFigures
from router.events import DayStarted, InteractionNoted
from router.rows import NOTHING, Turn
from server.persistence.periods import start_of_day
from server.persistence.projection import AWAY

log = structlog.get_logger(__name__)

# A call touches its agent some six times in all, and short ones come one after the other: of most of that they are told
# once.
GATHER_S = 10.0
# After so many agents: nobody's offer meets the days of all on its way, and to wake up costs as much as a day or two.
TOLD_AT_ONCE = 4
PAUSE_S = 0.001
LOOK_S = 60.0
# A rating is there before the record that says whose it is; the projection is behind by less than this.
RATINGS_AFTER_S = 2.0


class Scores(Protocol):
    """records.ratings."""

    async def by_agent(self, since: int) -> dict[str, tuple[int, int]]: ...


class OwnDays:
    """One for the node; `run` is a task. `pages` gives the agents whose page is there, `wall` microseconds."""

    def __init__(
        self,
        figures: Callable[[str], AgentFigures],
        scores: Scores,
        pages: Callable[[], Iterable[str]],
        send: Callable[[str, m.TodayShown], object],
        zone: Callable[[], str],
        wall: Callable[[], int],
    ) -> None:
        self._figures = figures
        self._scores = scores
        self._pages = pages
        self._send = send
        self._zone = zone
        self._wall = wall
        self._rated: dict[str, tuple[int, int]] = {}
        self._told: dict[str, m.Today] = {}
        self._touched: set[str] = set()
        self._everybody = True
        self._count_ratings = True
        self._wake = asyncio.Event()

    def of(self, agent_id: str) -> m.Today:
        """The agent's day so far, for a page that has just come."""
        known = self._figures(agent_id)
        count, total = self._rated.get(agent_id, (0, 0))
        shown = m.Today(
            handled=known.handled,
            missed=known.missed,
            mean_handle_us=known.mean_handle_us,
            occupancy=known.occupancy,
            ratings=count,
            mean_rating=round(total / count, 2) if count else None,
        )
        self._told[agent_id] = shown
        return shown

    def observe(self, turn: Turn) -> None:
        """Notes whom a committed turn touched."""
        if type(turn.event) is InteractionNoted:
            self._count_ratings = self._count_ratings or turn.event.kind == "rated"
        elif isinstance(turn.event, DayStarted):
            self._everybody = self._count_ratings = True
        if turn.changes is NOTHING and not turn.commands:
            if self._everybody or self._count_ratings:
                self._wake.set()
            return
        touched = {row.agent_id for row in turn.changes.agents} | {row.agent_id for row in turn.changes.reservations}
        touched.update(agent for one in turn.commands if (agent := getattr(one, "agent_id", None)) is not None)
        self._touched |= touched
        if touched or self._everybody or self._count_ratings:
            self._wake.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                self._everybody = True
            await asyncio.sleep(GATHER_S)
            self._wake.clear()
            if self._count_ratings:
                await self._count()
            await self._tell()

    async def _count(self) -> None:
        self._count_ratings = False
        await asyncio.sleep(RATINGS_AFTER_S)
        since = start_of_day(self._wall(), self._zone())
        try:
            self._rated = await self._scores.by_agent(since)
        except AWAY as error:
            log.warning("ratings_not_read", error=str(error))
            self._count_ratings = True
        self._everybody = True

    async def _tell(self) -> None:
        touched, self._touched = self._touched, set()
        everybody, self._everybody = self._everybody, False
        concerned = [agent_id for agent_id in self._pages() if everybody or agent_id in touched]
        for number, agent_id in enumerate(concerned, 1):
            before = self._told.get(agent_id)
            now = self.of(agent_id)
            if now != before:
                self._send(agent_id, m.TodayShown(today=now))
            if number % TOLD_AT_ONCE == 0:
                await asyncio.sleep(PAUSE_S)
