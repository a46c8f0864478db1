"""Who comes in a load run is who comes in the simulator's first run."""

from loadtests.arrivals import drawn, most_at_once
from loadtests.plan import load_plan
from loadtests.tally import Customer
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


def test_as_many_are_there_at_once_as_may_still_wait_or_talk() -> None:
    def customer(arrived_s: float, patience_s: float | None) -> Customer:
        return Customer("600000", "calls", arrived_s, talk_s=2, wrap_up_s=9, patience_s=patience_s)

    assert most_at_once([]) == 0
    assert most_at_once([customer(0, 3), customer(4, 1), customer(6, 5)]) == 2
    assert most_at_once([customer(0, 3), customer(5, 3), customer(10, 3)]) == 1
    assert most_at_once([customer(0, None), customer(50, 3), customer(99, 3)]) == 2
