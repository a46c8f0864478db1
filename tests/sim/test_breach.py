"""Of the items that were predicted to miss the target with so much probability, that share misses it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.breach import Breach, predict
from router.commands import Command, JoinLegs
from router.events import Event
from tests.router.world import SECOND
from tests.sim.queue_day import QueueDay

BANDS = ((0, 100), (100, 300), (300, 500), (500, 700), (700, 900), (900, 1000))
DAYS: dict[str, dict[str, Any]] = {
    "ten agents": {"agents": 10, "load": 0.97, "target_s": 90},
    "exponential talk": {"agents": 10, "load": 0.97, "exponential": True, "target_s": 90},
    "forty agents": {"agents": 40, "load": 0.98, "target_s": 40},
    "shared with another queue": {"agents": 20, "load": 0.97, "second_queue": True, "target_s": 60},
}


@dataclass
class BreachDay(QueueDay):
    """Asks for a prediction when an item has come to wait, and for those who wait every so often."""

    target_s: int = 30
    believed_s: int = 0
    predicted: list[tuple[str, int]] = field(default_factory=list)
    joined: dict[str, bool] = field(default_factory=dict)

    def _observe(self, event: Event | None, commands: list[Command]) -> None:
        super()._observe(event, commands)
        core = self.world.dispatcher
        for queue in core.queues():
            for place, work_id in enumerate(core.waiting(queue), 1):
                found = self._predict(work_id, place) if (len(self.turns) + place) % 5 == 0 else None
                if found is not None and found.permille is not None and found.due_at >= self.world.now:
                    self.predicted.append((work_id, found.permille))

    def _predict(self, work_id: str, place: int | None) -> Breach | None:
        work = self.world.dispatcher.work(work_id)
        assert work is not None
        believed_us = (self.believed_s or self.target_s) * SECOND
        return predict(self.estimates, work, place, believed_us, self.world.now)

    def _carry_out(self, command: Command) -> None:
        super()._carry_out(command)
        if isinstance(command, JoinLegs):  # the join follows at once
            work = self.world.dispatcher.work(command.work_id)
            assert work is not None
            self.joined[command.work_id] = self.world.now > work.queued_at + self.target_s * SECOND


def shares(days: dict[str, Any], *, blind: bool = False) -> dict[tuple[int, int], float]:
    """By band of the prediction, the share that missed the target; `blind` predicts for the wrong target."""
    seen: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for seed in range(1, 3):
        day = BreachDay(seed=seed, arrivals=2500, **days)
        if blind:
            day.believed_s = day.target_s * 2
        day.run()
        for work_id, permille in day.predicted:
            band = next(band for band in BANDS if band[0] <= permille <= band[1])
            seen[band].append(day.joined[work_id])
    assert all(len(seen[band]) > 150 for band in BANDS)
    return {band: sum(found) / len(found) for band, found in sorted(seen.items())}


def off(found: dict[tuple[int, int], float]) -> float:
    """By how much a share lies outside of its band, at worst."""
    return max(max(low / 1000 - share, share - high / 1000, 0) for (low, high), share in found.items())


@pytest.mark.parametrize("name", DAYS)
def test_what_is_predicted_is_what_happens(name: str) -> None:
    found = shares(DAYS[name])
    assert off(found) < 0.05, found


def test_the_measure_would_notice_predictions_that_are_wrong() -> None:
    assert off(shares(DAYS["ten agents"], blind=True)) > 0.2
