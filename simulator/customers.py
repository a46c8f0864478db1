"""Who comes in a run: the arrivals of all work types in one order."""

from simulator.agenda import Arrival
from simulator.arrivals import draw
from simulator.scenario import Scenario
from simulator.streams import Streams


def customers(scenario: Scenario, streams: Streams, epoch: int) -> tuple[list[tuple[int, Arrival]], tuple[int, ...]]:
    """All first attempts with their times (the dispatcher's) in order, and how many there are of each work type."""
    day = busyness(streams, "day", scenario.daily_cv)
    times = [
        draw(work.arrivals, streams, work.name, day * busyness(streams, work.name, work.daily_cv), scenario.end_us)
        for work in scenario.work
    ]
    rows = [
        (at + epoch, Arrival(number, customer))
        for number, found in enumerate(times)
        for customer, at in enumerate(found.tolist())
    ]
    rows.sort(key=lambda row: row[0])
    return rows, tuple(len(found) for found in times)


def busyness(streams: Streams, name: str, cv: float) -> float:
    """How busy the day is: gamma with mean 1, as Avramidis, Deslauriers and L'Ecuyer found it in call centers
    ("Modeling Daily Arrivals to a Telephone Call Center", Management Science 50(7), 2004)."""
    if cv <= 0:
        return 1.0
    shape = 1.0 / cv**2
    return float(streams.generator("busyness", name).gamma(shape, 1.0 / shape))
