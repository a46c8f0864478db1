"""Each queue's service level by quarters of an hour, told to the board now and then."""

import asyncio
from collections.abc import Iterable

from http_api.board_messages import TrendSlot
from router.counters import Counters
from router.slots import Subject
from server.floor.trends import QUARTERS, Trends
from tests.server.sites import small_site


def quarters(subject: Subject, count: int) -> Iterable[tuple[int, int, Counters]]:
    assert (subject[0], count) == ("queue", QUARTERS)
    yield 0, 900, Counters(answered=4, within=3)
    yield 900, 1800, Counters()
    yield 1800, 2700, Counters(answered=1, within=1, abandoned=1)


async def test_quarters_without_anybody_are_left_out_and_the_board_is_told() -> None:
    site = small_site({})
    trends = Trends(quarters, lambda: site)
    (name,) = site.queues
    trend = trends.thing(name)
    assert trend is not None
    assert trend.slots == (TrendSlot(0, 900, 0.75), TrendSlot(1800, 2700, 0.5))
    assert trends.things() == ((name, trend),)
    assert trends.thing("gone") is None
    told: asyncio.Queue[str] = asyncio.Queue()
    trends.changed = told.put_nowait
    running = asyncio.create_task(trends.run(0.0))
    assert await asyncio.wait_for(told.get(), 30) == name
    running.cancel()
