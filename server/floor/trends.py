"""How each queue's service level went in the last four hours, for the board; looked at once a minute."""

import asyncio
from collections.abc import Callable, Iterable

from config.site import Site
from http_api.board_messages import QueueTrend, TrendSlot
from http_api.statistics_api import share
from router.counters import Counters, levels
from router.slots import QUEUE, Subject

LOOK_S = 60.0
QUARTERS = 16


class Trends:
    """A part of the board (server.floor.live.Part). `in_quarters`: StatisticsKeeper's; `run` tells `changed`."""

    def __init__(
        self, in_quarters: Callable[[Subject, int], Iterable[tuple[int, int, Counters]]], site: Callable[[], Site]
    ) -> None:
        self._in_quarters = in_quarters
        self._site = site
        self.changed: Callable[[str], None] = lambda _queue: None

    def things(self) -> tuple[tuple[str, QueueTrend], ...]:
        """Every queue's."""
        return tuple((queue, self._trend(queue)) for queue in self._site().queues)

    def thing(self, queue: str) -> QueueTrend | None:
        """One queue's; None for a queue that the site does not have."""
        return self._trend(queue) if queue in self._site().queues else None

    async def run(self, every_s: float = LOOK_S) -> None:
        """Until it is cancelled. A level moves with every call: once a minute is as often as a line can show."""
        while True:
            await asyncio.sleep(every_s)
            for queue in self._site().queues:
                self.changed(queue)

    def _trend(self, queue: str) -> QueueTrend:
        slots = []
        for since, until, counters in self._in_quarters((QUEUE, queue), QUARTERS):
            level = share(levels(counters).of_settled)
            if level is not None:
                slots.append(TrendSlot(since, until, level))
        return QueueTrend(queue, tuple(slots))
