"""What SIPp is told of the customers, and what it tells of them (a run with it: tests/e2e/test_load.py)."""

from loadtests.arrivals import drawn
from loadtests.plan import load_plan
from loadtests.sipp import Seen, seen_of, values_of


def test_every_customer_calls_at_the_moment_that_was_drawn() -> None:
    plan = load_plan("heavy_voice")
    customers = [customer for _, customer in drawn(plan)]
    first, *lines = values_of(plan, customers, 1_800_000_000.0).splitlines()
    assert first == "SEQUENTIAL"
    assert len(lines) == len(customers)
    for line, customer in zip(lines, customers, strict=True):
        key, entry, at_ms = line.split(";")
        assert (key, entry) == (customer.key, "7000")
        assert abs(int(at_ms) / 1000 - 1_800_000_000 - customer.arrived_s) <= 0.001


def test_a_line_of_its_log() -> None:
    assert seen_of("600001;1800000000.000000;250000.000000;1800000001.000000;500000.000000") == Seen(
        "600001", 1800000000.25, 1800000001.5
    )
