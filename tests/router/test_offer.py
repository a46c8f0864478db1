"""A reservation and its row."""

from router.agent import Agent
from router.offer import Reservation
from router.rows import ReservationRow
from router.vocabulary import Medium, OfferState
from router.work import Work
from tests.router.world import agent


def test_row_and_back() -> None:
    work = Work("w1", "i1", Medium.CHAT, "q", (), 0, 10, 1, "n1")
    row = ReservationRow("w1.2", "w1", "ann", Medium.CHAT, 2, OfferState.WRAP_UP, 11, 50, 12, 40)
    restored = Reservation.from_row(row, work, Agent("ann", agent("ann")))
    assert restored.row() == row
    assert restored.policy_version is None
