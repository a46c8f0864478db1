"""What is seen of each customer."""

from loadtests.tally import Customer, Tally


def test_an_agent_who_has_a_customer_says_so() -> None:
    tally = Tally()
    known = tally.customers["600001"] = Customer("600001", "calls", 0.0, 1.0, 0.0, None)
    assert tally.joined("600002", 3.0) is None
    assert tally.joined("600001", 3.0) is known
    assert known.connected.is_set()
    assert known.waited_s == 3.0
