"""The items of a run while it lasts, and as arrays when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.scenario import WorkType
from simulator.trace import Ending, Waits


@dataclass(slots=True, eq=False)
class Item:
    """One queued item of a customer and what became of it. Times are the dispatcher's; None is not yet.

    `number` is the work type's, `came_at` when the run first knew of it: later than `queued_at` for an item that
    waited before the run began.
    """

    number: int
    work: WorkType
    customer: int
    attempt: int
    queued_at: int
    came_at: int
    offers: int = 0
    offered_at: int = 0
    answered_at: int | None = None
    ended_at: int | None = None
    ending: Ending = Ending.UNSERVED
    group: int = -1
    handled_us: int | None = None
    reservation_id: str = ""


def waits_of(items: Sequence[Item], end: int, epoch: int) -> Waits:
    """The items as arrays; what is not over by `end` waits until then."""
    over = [_first(item.answered_at, item.ended_at, end) for item in items]
    handled = [np.nan if item.handled_us is None else item.handled_us / 1e6 for item in items]
    return Waits(
        work=np.asarray([item.number for item in items], np.int64),
        came=(np.asarray([item.came_at for item in items], np.float64) - epoch) / 1e6,
        queued=(np.asarray([item.queued_at for item in items], np.float64) - epoch) / 1e6,
        end=(np.asarray(over, np.float64) - epoch) / 1e6,
        ending=np.asarray([item.ending for item in items], np.int64),
        group=np.asarray([item.group for item in items], np.int64),
        attempt=np.asarray([item.attempt for item in items], np.int64),
        handled=np.asarray(handled, np.float64),
    )


def _first(*times: int | None) -> int:
    return next(time for time in times if time is not None)
