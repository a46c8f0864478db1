"""What is loaded before a batch is projected: all that its entries name, and nothing else."""

from records.touched import touched
from router.commands import JoinLegs
from router.events import AssignmentConnected, NodeLost, OfferAccepted
from tests.records.turns import offer, queued, turn


def test_touched_names_what_events_and_commands_name() -> None:
    found = touched(
        [
            turn(1, 0, OfferAccepted("r1", "anna"), JoinLegs("r1", "w1", "i1", "anna")),
            turn(2, 0, AssignmentConnected("r2")),
            turn(3, 0, NodeLost("n1")),
            turn(4, 0, queued("w7", "i7"), offer("r7", "anna", 1, work="w7", interaction="i7")),
        ]
    )
    assert found.interactions == {"i1", "i7"}
    assert found.reservations == {"r1", "r2", "r7"}
    assert found.nodes == {"n1"}
