"""What is to come, in order of time and then as it was put down."""

from router.events import CustomerLeft
from simulator.agenda import Agenda, AgentMove, Arrival, Move


def test_order_is_time_then_first_come() -> None:
    agenda = Agenda()
    assert agenda.next() is None
    agenda.later(20, CustomerLeft("b"))
    agenda.later(10, Arrival(0, 1))
    agenda.later(20, AgentMove("a", Move.PAUSE, 5))
    assert agenda.next() == 10
    assert [agenda.pop() for _ in range(3)] == [
        (10, Arrival(0, 1)),
        (20, CustomerLeft("b")),
        (20, AgentMove("a", Move.PAUSE, 5)),
    ]
    assert agenda.next() is None
