"""Cut a shift into segments wherever nothing is left to be decided: each replays alone, from its own snapshot."""

import pytest

from router.dispatcher import Dispatcher
from router.events import TimePassed
from router.replay import Start, begin, differing_row, first_difference
from router.rows import ShardImage
from store.codec import JournalEntry
from tests.properties.walk import Walk


class Shift:
    """A walk with its cuts: (steps before, start)."""

    def __init__(self, seed: int, steps: int, every: int) -> None:
        self.walk = Walk(seed, agents=8, queues=5, skills=5)
        self.cuts: list[tuple[int, Start]] = []
        for _ in range(steps):
            if len(self.walk.trace) >= len(self.cuts) * every and not self.walk.world.dispatcher.unfinished:
                self.cuts.append((len(self.walk.trace), Start(self.walk.world.dispatcher.policy, self.image())))
            self.walk.step()

    def image(self) -> ShardImage:
        dispatcher = self.walk.world.dispatcher
        return self.walk.world.store.image(dispatcher.policy.version, dispatcher.clock)

    def entries(self, first: int, last: int) -> list[JournalEntry]:
        return [
            JournalEntry(number, now, "walk", TimePassed() if event is None else event, tuple(commands))
            for number, (event, now, commands) in enumerate(self.walk.trace[first:last], first + 1)
        ]


@pytest.mark.parametrize("seed", range(40, 46))
def test_each_segment_replays_from_its_snapshot_to_the_state_of_the_next(seed: int) -> None:
    shift = Shift(seed, steps=600, every=60)
    ends = [(upto, start.image) for upto, start in shift.cuts[1:]] + [(len(shift.walk.trace), shift.image())]
    for (first, start), (last, image) in zip(shift.cuts, ends, strict=True):
        dispatcher = begin(start)
        assert first_difference(dispatcher, shift.entries(first, last)) is None
        assert differing_row(dispatcher, image) is None
    assert dispatcher.next_deadline() == shift.walk.world.dispatcher.next_deadline()


def test_a_snapshot_of_a_settled_shard_leaves_nothing_to_decide() -> None:
    shift = Shift(50, steps=400, every=20)
    for _, start in shift.cuts:
        assert Dispatcher().restore(start.policy, start.image, start.image.clock, live=True) == []
