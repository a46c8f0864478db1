"""Who comes in a run."""

from dataclasses import replace

import numpy as np

from simulator.customers import busyness, customers
from simulator.streams import Streams
from tests.simulator.models import HOUR, agents, queue, scenario, seconds, work

TYPES = [work(name, 60, seconds(100), 2) for name in ("one", "two")]
MODEL = scenario([queue("one"), queue("two")], {"all": agents("all", 1)}, TYPES, 2)


def test_all_types_come_in_one_order_by_the_dispatchers_clock() -> None:
    rows, counts = customers(MODEL, Streams(1, 0), 5 * HOUR)
    times = [at for at, _ in rows]
    assert times == sorted(times)
    assert 5 * HOUR <= times[0] < times[-1] < 7 * HOUR
    assert counts == (sum(a.work == 0 for _, a in rows), sum(a.work == 1 for _, a in rows))
    assert [a.customer for _, a in rows if a.work == 1] == list(range(counts[1]))


def test_days_differ_by_a_factor_of_mean_one() -> None:
    factors = [busyness(Streams(1, number), "day", 0.3) for number in range(3000)]
    assert abs(np.mean(factors) - 1) < 0.02
    assert abs(np.std(factors) - 0.3) < 0.02
    assert busyness(Streams(1, 0), "day", 0.0) == 1.0


def test_a_shared_factor_moves_all_types_and_an_own_one_only_its_own() -> None:
    def spread(model: object, number: int) -> float:
        counts = [customers(model, Streams(2, turn), 0)[1] for turn in range(150)]  # type: ignore[arg-type]
        return float(np.var([row[number] for row in counts]) / 120)

    shared = replace(MODEL, daily_cv=0.5)
    own = replace(MODEL, work=(replace(TYPES[0], daily_cv=0.5), TYPES[1]))
    assert spread(MODEL, 0) < 2
    assert spread(shared, 0) > 10
    assert spread(shared, 1) > 10
    assert spread(own, 0) > 10
    assert spread(own, 1) < 2
