"""The generator's own pulse: whether it is on time, and what of the machine it had."""

import os
import time
from pathlib import Path
from typing import Any

import gevent

from loadtests.tally import Tally

EVERY_S = 0.05
# Nanoseconds on a core, and nanoseconds in which one was wanted and not given (Linux, Documentation/scheduler).
SCHEDSTAT = Path("/proc/self/schedstat")


class Pulse:
    """`start` when the run begins, `used` when it has ended."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._began = self._cpu = 0.0
        self._waited: float | None = None
        self._load = 0.0

    def start(self) -> gevent.Greenlet:
        """Ticks until it is killed: by how many milliseconds each tick came too late is kept as `lateness`."""
        self._began, self._cpu, self._waited = time.monotonic(), time.process_time(), _waited_s()
        self._load = os.getloadavg()[0]
        return gevent.spawn(self._tick)

    def _tick(self) -> None:
        due = time.monotonic()
        while True:
            due += EVERY_S
            gevent.sleep(max(0.0, due - time.monotonic()))
            self._tally.sample("lateness", (time.monotonic() - due) * 1000)

    def used(self) -> dict[str, Any]:
        """Shares of the time since the start: on a core, and waiting for one (None where the kernel does not tell)."""
        if not self._began:
            return {}
        passed, waited = time.monotonic() - self._began, _waited_s()
        return {
            "cpu": (time.process_time() - self._cpu) / passed,
            "waited": None if waited is None or self._waited is None else (waited - self._waited) / passed,
            "cores": os.cpu_count(),
            "load_average": [round(self._load, 1), round(os.getloadavg()[0], 1)],
        }


def _waited_s() -> float | None:
    if not SCHEDSTAT.exists():
        return None
    return int(SCHEDSTAT.read_text(encoding="ascii").split()[1]) / 1e9
