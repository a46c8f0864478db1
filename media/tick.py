"""One 20 ms tick for all legs of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from media.clock import monotonic_us
from media.rtp import FRAME_US

MAX_CATCH_UP = 5
"""Ticks in arrears that are still made up for, one after the other: 100 ms. Beyond it they are left out."""


EARLY_US = 1000
"""Early by less is in time: timers count in milliseconds, and whoever waits for the rest of one spins."""


class Plan(NamedTuple):
    """What a wake-up does: first leave out `skipped` ticks, then run `runs`; `deadline` is the next one."""

    skipped: int
    runs: int
    deadline: int


def plan(deadline: int, now: int, period: int = FRAME_US, limit: int = MAX_CATCH_UP) -> Plan:
    """Deadlines are absolute, so lateness never adds up; a short hold-up is made up for, a long one is a jump."""
    if now < deadline:
        return Plan(0, 0, deadline)
    due = (now - deadline) // period + 1
    following = deadline + due * period
    return Plan(0, due, following) if due <= limit else Plan(due - 1, 1, following)


class Ticker:
    """Calls `on_tick(deadline, skipped)` every 20 ms while it is on; silent and free of cost while it is off."""

    def __init__(self, on_tick: Callable[[int, int], None]) -> None:
        self._on_tick = on_tick
        self._handle: asyncio.TimerHandle | None = None
        self._deadline = 0
        self.ticks = 0
        self.skipped = 0
        self.lateness_us: list[int] = []

    def start(self) -> None:
        """Begin ticking, on the same 20 ms grid as before; no effect when it is on."""
        if self._handle is None:
            now = monotonic_us()
            self._deadline = now - (now - self._deadline) % FRAME_US + FRAME_US
            self._arm(now)

    def stop(self) -> None:
        """Stop ticking."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, now: int) -> None:
        loop = asyncio.get_running_loop()
        # A delay, not an absolute loop time: uvloop caches its own clock for each turn of the loop.
        # Whole milliseconds, rounded up: uvloop rounds to the nearest, and takes less than a half for "at once".
        self._handle = loop.call_later(max(0, -((now - self._deadline) // 1000)) / 1000, self._wake)

    def _wake(self) -> None:
        now = monotonic_us()
        first = self._deadline
        todo = plan(first, now + EARLY_US)
        self._deadline = todo.deadline
        self._arm(now)
        if todo.runs:
            self._note(max(0, now - first))
            self.skipped += todo.skipped
        start = first + todo.skipped * FRAME_US
        for run in range(todo.runs):
            self.ticks += 1
            self._on_tick(start + run * FRAME_US, todo.skipped if run == 0 else 0)

    def _note(self, lateness: int) -> None:
        """Keep the lateness of the last 1,000 wake-ups."""
        if len(self.lateness_us) >= 1000:
            self.lateness_us[self.ticks % 1000] = lateness
        else:
            self.lateness_us.append(lateness)
