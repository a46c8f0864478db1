import time

import pytest
import uvloop

from media.rtp import FRAME_US
from media.tick import Plan, Ticker, plan
from tests.waiting import until


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (999, Plan(0, 0, 1000)),
        (1000, Plan(0, 1, 1020)),
        (1019, Plan(0, 1, 1020)),
        (1020, Plan(0, 2, 1040)),
        (1099, Plan(0, 5, 1100)),
        (1100, Plan(5, 1, 1120)),
        (5000, Plan(200, 1, 5020)),
    ],
)
def test_short_holdups_are_made_up_for_and_long_ones_left_out(now: int, expected: Plan) -> None:
    assert plan(1000, now, 20, 5) == expected


async def test_ticks_come_every_twenty_milliseconds_on_one_grid() -> None:
    seen: list[tuple[int, int]] = []
    ticker = Ticker(lambda deadline, skipped: seen.append((deadline, skipped)))
    ticker.start()
    ticker.start()
    await until(lambda: len(seen) >= 5)
    ticker.stop()
    count = len(seen)
    ticker.start()
    await until(lambda: len(seen) >= count + 5)
    ticker.stop()
    assert all((later - seen[0][0]) % FRAME_US == 0 for later, _ in seen)
    assert len(ticker.lateness_us) <= ticker.ticks == len(seen)


def test_it_does_not_wake_up_again_and_again_for_one_tick() -> None:
    """In the workers' own loop, whose timers count in milliseconds."""
    wakes = 0

    class Counted(Ticker):
        def _wake(self) -> None:
            nonlocal wakes
            wakes += 1
            super()._wake()

    async def run() -> int:
        ticker = Counted(lambda deadline, skipped: None)
        ticker.start()
        await until(lambda: ticker.ticks >= 50)
        ticker.stop()
        return ticker.ticks

    ticks = uvloop.run(run())
    assert wakes <= 2 * ticks


async def test_a_blocked_loop_is_caught_up_or_jumped() -> None:
    seen: list[tuple[int, int]] = []

    def tick(deadline: int, skipped: int) -> None:
        seen.append((deadline, skipped))
        if len(seen) == 2:
            time.sleep(0.25)

    ticker = Ticker(tick)
    ticker.start()
    await until(lambda: len(seen) >= 5)
    ticker.stop()
    jump = (seen[2][0] - seen[1][0]) // FRAME_US
    assert jump >= 11
    assert seen[2][1] == jump - 1 == ticker.skipped
