"""What is seen of each customer."""

import time

from loadtests.tally import Customer, Tally


def test_an_agent_who_has_a_customer_says_so() -> None:
    tally = Tally()
    known = tally.customers["600001"] = Customer("600001", "calls", 0.0, 1.0, 0.0, None)
    assert tally.joined("600002", 3.0) is None
    assert tally.joined("600001", 3.0) is known
    assert known.connected.is_set()
    assert known.waited_s == 3.0


def test_a_conversation_that_does_not_end_is_noticed() -> None:
    tally = Tally(began=time.monotonic() - 100)
    for key, talk_s in (("long", 90.0), ("stuck", 20.0), ("over", 20.0), ("waiting", 20.0)):
        tally.customers[key] = Customer(key, "calls", 5.0, talk_s, 0.0, None)
    for key in ("long", "stuck", "over"):
        tally.joined(key, 3.0)
    tally.customers["over"].over.set()
    assert tally.stuck(20.0) == 1
    assert tally.stuck(80.0) == 0


def test_what_comes_before_the_beginning_is_not_measured() -> None:
    tally = Tally()
    tally.sample("ping", 1.0)
    tally.began = time.monotonic() + 60
    tally.sample("ping", 1.0)
    assert not tally.samples
    tally.began = time.monotonic() - 1
    tally.sample("ping", 1.0)
    assert len(tally.samples["ping"]) == 1
