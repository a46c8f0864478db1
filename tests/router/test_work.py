"""A work item and its row."""

from router.rows import WorkRow
from router.vocabulary import Medium, Requirement, WorkState
from router.work import Work, WorkCause


def test_row_and_back() -> None:
    row = WorkRow(
        "w1", "i1", Medium.CHAT, "q", (Requirement("x", 3),), 2, 10, 4, WorkState.OFFERED, 3, "n1", (("ann", 99),)
    )
    assert Work.from_row(row).row() == row


def test_the_usual_life_of_an_item() -> None:
    work = Work("w1", "i1", Medium.VOICE, "q", (), 0, 10, 1, "n1")
    states = []
    for cause in (WorkCause.OFFER, WorkCause.RETURN, WorkCause.OFFER, WorkCause.ACCEPT, WorkCause.CONNECT):
        work.move(cause)
        states.append(work.state)
    assert states == ["offered", "waiting", "offered", "assigned", "connected"]
