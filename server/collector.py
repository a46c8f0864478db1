"""When the garbage collector looks: often at what is new, and at everything when nobody waits.

CPython counts new containers less those that have gone. While thousands of agents come back, as many old connections
go as new ones come: the count stands still, and what is new grows to hundreds of thousands, all of which the next look
goes through at one time, in which nothing is routed. So the time decides here, and the more is new the sooner the next
look comes, so that none of them is long. Nearly all that is dropped is freed at once, by its last reference; the
collector is there for the few cycles.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable

import structlog

from server.clock import monotonic_us

log = structlog.get_logger(__name__)

# What is new is looked at so often, sooner where a look takes longer than it should, but with so much time between.
LOOK_S = 0.05
LOOK_NS = 500_000
SOON_S = 0.003
# Where something was decided just now a look waits for a better moment: so often, each time twice as long as before. To
# ask for one wakes the process, and where many call there is none.
WAITS = 3
WAIT_S = 0.004
# Whether much is kept is asked in each twentieth of these looks.
MEASURE_EVERY = 20
# While nobody waits and fewer new containers than this come between two looks, it looks so often.
CALM_S = 0.25
FEW = 500
# Everything is looked at when it is calm and a quarter more is kept than after the last such look (CPython's own
# measure), and without any calm when it is twice as much.
CALM_PERCENT = 125
ANYHOW_PERCENT = 200
# In the middle of a burst: so many new containers are a look too.
BURST = 50_000
NEVER = 1_000_000_000


class Collector:
    """`run` is a task; `busy` gives what changes whenever anybody waits, `kept` how much memory is in use.

    `lately` says whether somebody is likely to wait just now, `spent` gives the nanoseconds of processor that the
    loop's thread has taken.
    """

    def __init__(
        self,
        busy: Callable[[], object],
        kept: Callable[[], int] = sys.getallocatedblocks,
        spent: Callable[[], int] = time.thread_time_ns,
        lately: Callable[[], bool] = lambda: False,
    ) -> None:
        self._busy = busy
        self._kept = kept
        self._spent = spent
        self._lately = lately
        # Where much is new the next look comes sooner.
        self._rest_s = LOOK_S
        self._looks = 0
        self._before: object = None
        self._least = kept()
        self._calm = False
        self._percent = 100

    async def run(self) -> None:
        """Until it is cancelled; then CPython's own rules hold again."""
        thresholds = gc.get_threshold()
        gc.set_threshold(BURST, NEVER, NEVER)
        try:
            while True:
                await asyncio.sleep(self.pause_s)
                await self.better_moment()
                self.look()
        finally:
            gc.set_threshold(*thresholds)

    async def better_moment(self) -> None:
        """Waits while something is decided just now; not for long, and not at all where much is new."""
        for number in range(WAITS if self._rest_s == LOOK_S else 0):
            if not self._lately():
                return
            await asyncio.sleep(WAIT_S * 2**number)

    @property
    def pause_s(self) -> float:
        """Seconds until the next look."""
        return CALM_S if self._calm else self._rest_s

    def look(self) -> int:
        """Once; returns the oldest generation that was looked at."""
        self._looks += 1
        before, self._before = self._before, self._busy()
        # Where much is new it is not calm, however short the rest was.
        nobody = before == self._before and self._rest_s == LOOK_S
        self._calm = nobody and gc.get_count()[0] < FEW
        if self._looks % MEASURE_EVERY == 0:
            self._least = min(self._least, kept := self._kept())
            self._percent = 100 * kept // max(1, self._least)
        if self._percent < (CALM_PERCENT if nobody else ANYHOW_PERCENT):
            self._look_at_the_new()
            return 1
        began = monotonic_us()
        found = gc.collect()
        self._least, self._percent = self._kept(), 100
        log.info("garbage_collected", containers=found, took_ms=(monotonic_us() - began) // 1000)
        return 2

    def _look_at_the_new(self) -> None:
        began = self._spent()
        gc.collect(1)  # what is left of it is old from now on: nothing is looked at twice
        took = max(1, self._spent() - began)
        self._rest_s = min(LOOK_S, max(SOON_S, self._rest_s * min(2.0, LOOK_NS / took)))
