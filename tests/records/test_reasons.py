"""A reason is told of the reservation that it is about, and of no other."""

import pytest

from records.reasons import reason_for
from router.events import AssignmentEnded, AssignmentFailed, Event, OfferFailed, OfferRejected, TimePassed
from router.vocabulary import EndedBy


@pytest.mark.parametrize(
    "event",
    [
        OfferRejected("r1", "anna", "lunch"),
        OfferFailed("r1", "lunch"),
        AssignmentFailed("r1", "lunch"),
        AssignmentEnded("r1", EndedBy.AGENT, "lunch"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_the_event_is_about_has_its_reason(event: Event) -> None:
    assert (reason_for(event, "r1"), reason_for(event, "r2")) == ("lunch", None)


def test_other_events_give_none() -> None:
    assert reason_for(TimePassed(), "r1") is None
