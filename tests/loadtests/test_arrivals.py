"""Who comes in a load run is who comes in the simulator's first run."""

from loadtests.arrivals import drawn
from loadtests.plan import load_plan
from simulator.customers import customers
from simulator.streams import Streams


def test_the_same_seed_brings_the_same_customers() -> None:
    plan = load_plan("ordinary_day")
    first, again = drawn(plan), drawn(plan)
    assert [(at, one.key, one.talk_s, one.patience_s) for at, one in first] == [
        (at, one.key, one.talk_s, one.patience_s) for at, one in again
    ]
    rows, counts = customers(plan.scenario, Streams(plan.seed, 0), 0)
    assert len(first) == len(rows) == sum(counts)
    assert [round(at * 1e6) for at, _ in first] == [at - plan.scenario.start_us for at, _ in rows]
    assert len({one.key for _, one in first}) == len(first)
    assert all(0 <= at < plan.seconds for at, _ in first)
