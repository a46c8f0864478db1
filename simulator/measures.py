"""What is measured of a run, batch by batch: for each work type, queue and group, and for all together.

The words and formulas are those of docs/statistics.md: *settled* is answered, abandoned or diverted; the levels are
what was answered within the threshold over answered, over settled, and over settled without short abandons or without
those within the threshold, or with these counted as served. Waits are until the answer or until the customer gave up.
Who still waits when the run ends (`unserved`) or was not let in (`turned_away`) counts as having come, and nowhere
else. `occupancy` is busy time (any work held, ringing and wrap-up too) over time there (ready, or with work); `load`
the units held over the units that those there could hold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from simulator.distributions import Floats
from simulator.estimates import Pair
from simulator.scenario import Scenario
from simulator.trace import Ending, Flags, GroupTime, Ints, Trace, Waits

SETTLED = (Ending.ANSWERED, Ending.ABANDONED, Ending.DIVERTED)
PERCENTILES = (50, 80, 90, 95, 99)
TOTAL = "all"

# What is measured, its name, the measure: ("work", "sales", "wait_s").
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Summary:
    """One run, ready to be put together with others: samples of each measure, sums for each slot of the plot."""

    pairs: Mapping[Key, Pair]
    slots: Mapping[str, Floats]
    turns: int
    notes: Mapping[str, int]


def summarize(trace: Trace, scenario: Scenario, batches: int) -> Summary:
    """Measures a run in `batches` equal parts of the measured time."""
    edges = np.linspace(scenario.measure_from_us / 1e6, scenario.measure_to_us / 1e6, batches + 1)
    pairs: dict[Key, Pair] = {}
    thresholds = np.array([work.threshold_us / 1e6 for work in scenario.work])
    shorts = np.array([work.short_us / 1e6 for work in scenario.work])
    for kind, name, numbers in _scopes(scenario):
        chosen = np.isin(trace.waits.work, numbers)
        for measure, pair in _customers(trace.waits, chosen, thresholds, shorts, edges):
            pairs[kind, name, measure] = pair
    for number, group in enumerate(scenario.groups):
        for measure, pair in _agents(trace.groups[number], edges):
            pairs["group", group.name, measure] = pair
    for number, work in enumerate(scenario.work):
        answered = trace.waits.ended(Ending.ANSWERED) & (trace.waits.work == number)
        served = _count(trace.waits, answered, edges)
        for place, group in enumerate(scenario.groups):
            there = _count(trace.waits, answered & (trace.waits.group == place), edges)
            pairs["served_by", work.name, group.name] = Pair(there, served)
    return Summary(pairs, _slots(trace, scenario, thresholds), trace.turns, trace.notes)


def _scopes(scenario: Scenario) -> Iterator[tuple[str, str, Ints]]:
    for number, work in enumerate(scenario.work):
        yield "work", work.name, np.array([number])
    for queue in dict.fromkeys(work.queue for work in scenario.work):
        yield "queue", queue, np.array([number for number, work in enumerate(scenario.work) if work.queue == queue])
    yield TOTAL, TOTAL, np.arange(len(scenario.work))


def _batch(waits: Waits, edges: Floats) -> Ints:
    """The batch in which each item came; outside of the measured time -1 or the number of batches."""
    return np.asarray(np.searchsorted(edges, waits.came, side="right") - 1)


def _count(waits: Waits, chosen: Flags, edges: Floats, weight: Floats | None = None) -> Floats:
    """The chosen items (or the sum of their weights) that came in each batch."""
    batch, batches = _batch(waits, edges), len(edges) - 1
    chosen = chosen & (batch >= 0) & (batch < batches)
    weights = None if weight is None else weight[chosen]
    return np.bincount(batch[chosen], weights, batches).astype(np.float64)


def _customers(
    waits: Waits, chosen: Flags, thresholds: Floats, shorts: Floats, edges: Floats
) -> Iterator[tuple[str, Pair]]:
    def count(flags: Flags, weight: Floats | None = None) -> Floats:
        return _count(waits, chosen & flags, edges, weight)

    whole = np.full(len(edges) - 1, 1.0 / (len(edges) - 1))
    wait = waits.end - waits.queued
    within_time = wait <= thresholds[waits.work]
    served, gave_up = waits.ended(Ending.ANSWERED), waits.ended(Ending.ABANDONED)
    over = served | gave_up
    came, answered, abandoned = count(waits.attempt >= 0), count(served), count(gave_up)
    within, early = count(served & within_time), count(gave_up & within_time)
    short = count(gave_up & (wait <= shorts[waits.work]))
    settled, finished = count(np.isin(waits.ending, SETTLED)), count(over)
    handled = ~np.isnan(waits.handled)
    yield "arrivals", Pair(came, whole)
    yield "retries", Pair(count(waits.attempt > 0), whole)
    yield "answered", Pair(answered, whole)
    yield "abandoned", Pair(abandoned, whole)
    for ending in (Ending.DIVERTED, Ending.TURNED_AWAY, Ending.UNSERVED):
        yield ending.name.lower(), Pair(count(waits.ended(ending)), whole)
    yield "abandon_rate", Pair(abandoned, settled)
    yield "level_of_answered", Pair(within, answered)
    yield "level_of_settled", Pair(within, settled)
    yield "level_without_short", Pair(within, settled - short)
    yield "level_without_early", Pair(within, settled - early)
    yield "level_with_early", Pair(within + early, settled)
    yield "waited", Pair(count(over & (wait > 0)), finished)
    yield "wait_s", Pair(count(over, wait), finished)
    yield "wait_answered_s", Pair(count(served, wait), answered)
    yield from _percentiles(waits, chosen & over, wait, edges)
    yield "handle_s", Pair(count(handled, waits.handled), count(handled))
    yield "queue_length", _queue_length(waits, chosen, edges)


def _percentiles(waits: Waits, chosen: Flags, wait: Floats, edges: Floats) -> Iterator[tuple[str, Pair]]:
    batch = _batch(waits, edges)
    found = np.zeros((len(edges) - 1, len(PERCENTILES)))
    there = np.zeros(len(edges) - 1)
    for number in range(len(edges) - 1):
        values = wait[chosen & (batch == number)]
        if len(values):
            found[number] = np.percentile(values, PERCENTILES)
            there[number] = 1.0
    for column, percent in enumerate(PERCENTILES):
        yield f"wait_p{percent}_s", Pair(found[:, column], there)


def _queue_length(waits: Waits, chosen: Flags, edges: Floats) -> Pair:
    return Pair(_time(waits.came[chosen], waits.end[chosen], edges), np.diff(edges))


def _time(start: Floats, end: Floats, edges: Floats) -> Floats:
    """The time between starts and ends that lies in each batch."""
    return np.diff(_before(start, edges) - _before(end, edges))


def _before(marks: Floats, times: Floats) -> Floats:
    marks = np.sort(marks)
    sums = np.concatenate(([0.0], np.cumsum(marks)))
    passed = np.searchsorted(marks, times, side="right")
    return np.asarray(times * passed - sums[passed])


def _agents(group: GroupTime, edges: Floats) -> Iterator[tuple[str, Pair]]:
    staffed, busy = np.diff(group.staffed.until(edges)), np.diff(group.busy.until(edges))
    units, held = np.diff(group.units.until(edges)), np.diff(group.held.until(edges))
    length = np.diff(edges)
    yield "staffed", Pair(staffed, length)
    yield "busy", Pair(busy, length)
    yield "occupancy", Pair(busy, staffed)
    yield "load", Pair(held, units)


def _slots(trace: Trace, scenario: Scenario, thresholds: Floats) -> dict[str, Floats]:
    start, end = scenario.start_us / 1e6, scenario.end_us / 1e6
    edges = np.append(np.arange(start, end, scenario.slot_us / 1e6), end)
    waits, length = trace.waits, np.diff(edges)
    within = waits.ended(Ending.ANSWERED) & (waits.end - waits.queued <= thresholds[waits.work])
    return {
        "arrivals": _count(waits, waits.attempt >= 0, edges),
        "within": _count(waits, within, edges),
        "settled": _count(waits, np.isin(waits.ending, SETTLED), edges),
        "abandoned": _count(waits, waits.ended(Ending.ABANDONED), edges),
        "queue_length": _time(waits.came, waits.end, edges) / length,
        "staffed": sum((np.diff(group.staffed.until(edges)) for group in trace.groups), np.zeros(len(length))) / length,
        "busy": sum((np.diff(group.busy.until(edges)) for group in trace.groups), np.zeros(len(length))) / length,
    }
