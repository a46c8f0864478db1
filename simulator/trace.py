"""What one run leaves behind, as arrays: every item's wait, every agent's time."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.distributions import Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Ending(IntEnum):
    """How the wait of an item ended. DIVERTED: by a rule of its queue. TURNED_AWAY: the queue did not take it."""

    UNSERVED = 0
    ANSWERED = 1
    ABANDONED = 2
    DIVERTED = 3
    TURNED_AWAY = 4


@dataclass(frozen=True, slots=True)
class Waits:
    """A row for each item that was queued: the work type by number, and seconds of the scenario.

    `ending` is how the wait was over, by the numbers of `Ending`, and `end` when; what is UNSERVED still waited when
    the run ended, and `end` is then. `came` is when the run first knew of it, by which it is measured: later than
    `queued` for an item that was there when the run began. `group` is the agent's by number (-1: none), `attempt`
    counts from 0. `handled` is from the offer to the end of wrap-up (NaN where that was not reached).
    """

    work: Ints
    came: Floats
    queued: Floats
    end: Floats
    ending: Ints
    group: Ints
    attempt: Ints
    handled: Floats

    def ended(self, ending: Ending) -> Flags:
        """Which items ended so."""
        return np.asarray(self.ending == ending)


@dataclass(frozen=True, slots=True)
class Intervals:
    """From `start` to `end` in seconds of the scenario, counted `weight` times."""

    start: Floats
    end: Floats
    weight: Floats

    def until(self, times: Floats) -> Floats:
        """The weighted time before each of `times`."""
        return self._passed(self.start, times) - self._passed(self.end, times)

    def _passed(self, marks: Floats, times: Floats) -> Floats:
        order = np.argsort(marks, kind="stable")
        weight = self.weight[order]
        counted = np.concatenate(([0.0], np.cumsum(weight)))
        moments = np.concatenate(([0.0], np.cumsum(weight * marks[order])))
        before = np.searchsorted(marks[order], times, side="right")
        return np.asarray(times * counted[before] - moments[before])


@dataclass(frozen=True, slots=True)
class GroupTime:
    """The time of a group's agents: there (ready or with work), busy (with any work), and units there and held."""

    staffed: Intervals
    busy: Intervals
    units: Intervals
    held: Intervals


@dataclass(frozen=True, slots=True)
class Trace:
    """A run. `groups` in the order of the scenario, `notes` counts what a modeller should know of by its name."""

    waits: Waits
    groups: tuple[GroupTime, ...]
    turns: int
    notes: dict[str, int]


def intervals(rows: list[tuple[int, int, int]], epoch_us: int) -> Intervals:
    """(start, end, weight) in dispatcher microseconds."""
    table = np.asarray(rows, np.float64).reshape(-1, 3)
    return Intervals((table[:, 0] - epoch_us) / 1e6, (table[:, 1] - epoch_us) / 1e6, table[:, 2])
