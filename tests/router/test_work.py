"""A work item and its row."""

import pytest

from router.events import WorkQueued
from router.rows import WorkRow
from router.vocabulary import Medium, Requirement, WorkState
from router.work import Work, WorkCause


def test_row_and_back() -> None:
    row = WorkRow(
        "w1", "i1", Medium.CHAT, "q", (Requirement("x", 3),), 2, 10, 4, WorkState.OFFERED, 3, "n1", (("ann", 99),)
    )
    assert Work.from_row(row).row() == row


def test_what_rules_need_to_know_is_in_the_row() -> None:
    row = WorkRow(
        "w1", "i1", Medium.CHAT, "q", (), 2, 10, 4, WorkState.WAITING, 3, "n1", (), "ann",
        condition="not trainee", attributes=(("customer.tier", "gold"),), preferred=("ann",), named=("ann", "bob"),
        units=2, not_before=99, ring=2, ringed_at=8, callback=True, tries=1,
    )  # fmt: skip
    assert Work.from_row(row).row() == row


@pytest.mark.parametrize(("not_before", "since", "queued_at", "ringed_at"), [
    (None, None, 50, 50),
    (80, None, 80, 80),
    (20, None, 50, 50),
    (None, 30, 30, 50),
    (None, 70, 50, 50),
    (80, 30, 30, 80),
])  # fmt: skip
def test_the_place_counts_from_its_time_or_an_older_one(
    not_before: int | None, since: int | None, queued_at: int, ringed_at: int
) -> None:
    event = WorkQueued("w1", "i1", Medium.VOICE, "q", not_before=not_before, since=since)
    work = Work.queued(event, 50, 1)
    assert (work.queued_at, work.ringed_at, work.not_before) == (queued_at, ringed_at, not_before)


def test_the_usual_life_of_an_item() -> None:
    work = Work("w1", "i1", Medium.VOICE, "q", (), 0, 10, 1, "n1")
    states = []
    for cause in (WorkCause.OFFER, WorkCause.RETURN, WorkCause.OFFER, WorkCause.ACCEPT, WorkCause.CONNECT):
        work.move(cause)
        states.append(work.state)
    assert states == ["offered", "waiting", "offered", "assigned", "connected"]
