"""Whoever follows the turns forgets what is over, whatever happened: else they would grow for weeks."""

from collections.abc import Iterator
from typing import Any

import pytest

from router.commands import Command
from router.estimates import WaitEstimates
from router.events import Event, TimePassed
from router.rows import Turn
from router.statistics import Statistics
from router.statistics_state import Limits
from server.chats.chat_index import ChatIndex
from telemetry.metrics import Metrics
from telemetry.routing import RoutingMeter
from tests.properties.walk import Walk

STEPS = 2_000


class Followed(Walk):
    """A walk whose turns are told; `past` are the names of all items and reservations that ever were."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, agents=8, queues=5, skills=3, rules=True)
        statistics = Statistics(lambda _queue: Limits(0, 0))
        waits, meter = WaitEstimates(self.first), RoutingMeter(Metrics(), {})
        self.observers = (waits, statistics, meter, ChatIndex(self.world.dispatcher))
        self.followers = (waits, statistics.state, meter, self.observers[-1])
        self.turns = 0
        self.past: set[str] = set()

    def _note(self, event: Event | None, commands: list[Command]) -> None:
        dispatcher, self.turns = self.world.dispatcher, self.turns + 1
        changes = dispatcher.drain_changes()
        self.world.store.apply(changes)
        self.past.update(row.work_id for row in changes.work)
        self.past.update(row.reservation_id for row in changes.reservations)
        turn = Turn(self.turns, self.world.now, "", event or TimePassed(), tuple(commands), changes)
        for observer in self.observers:
            observer.observe(turn)
        super()._note(event, commands)


def kept(thing: object) -> Iterator[tuple[str, Any]]:
    """The names under which it keeps anything."""
    for name in getattr(thing, "__slots__", None) or vars(thing):
        table = getattr(thing, name)
        if isinstance(table, dict):
            yield from ((f"{type(thing).__name__}.{name}", key) for key in table)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_over_is_forgotten(seed: int) -> None:
    walk = Followed(seed)
    for _ in range(STEPS):
        walk.step()
    is_open = {*walk.world.store.work, *walk.world.store.reservations}
    assert len(walk.past) > 10 * len(is_open), "most of it is over"
    over = walk.past - is_open
    assert [(where, key) for each in walk.followers for where, key in kept(each) if key in over] == []
