"""Items become arrays in seconds of the scenario."""

import numpy as np

from simulator.items import Item, waits_of
from simulator.trace import Ending
from tests.simulator.models import seconds, work

EPOCH = 1_000_000_000


def test_waits_end_at_the_answer_at_the_leaving_or_with_the_run() -> None:
    calls = work("calls", 60, seconds(100), 1)
    items = [Item(0, calls, number, 0, EPOCH + 2_000_000, EPOCH + 3_000_000) for number in range(3)]
    items[0].answered_at, items[0].ending, items[0].handled_us, items[0].group = EPOCH, Ending.ANSWERED, 5_000_000, 1
    items[1].ended_at, items[1].ending = EPOCH + 9_000_000, Ending.ABANDONED
    waits = waits_of(items, EPOCH + 60_000_000, EPOCH)
    assert waits.queued.tolist() == [2.0, 2.0, 2.0]
    assert waits.came.tolist() == [3.0, 3.0, 3.0]
    assert waits.end.tolist() == [0.0, 9.0, 60.0]
    assert waits.ending.tolist() == [Ending.ANSWERED, Ending.ABANDONED, Ending.UNSERVED]
    assert waits.group.tolist() == [1, -1, -1]
    assert waits.handled[0] == 5.0
    assert np.isnan(waits.handled[1:]).all()


def test_no_items_are_empty_arrays() -> None:
    assert len(waits_of([], 0, 0).end) == 0
