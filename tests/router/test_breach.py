"""The prediction in each state of an item; how good it is, is in tests/sim/test_breach.py."""

import pytest
from msgspec.structs import replace

from router.breach import Breach, predict
from router.estimates import MIN_DEPARTURES
from router.vocabulary import WorkState
from tests.router.test_estimates import Feed, S, agent, work

TARGET = 60 * S


def told(
    feed: Feed, state: WorkState = WorkState.WAITING, place: int | None = 1, **changes: int | bool
) -> Breach | None:
    row = replace(work("w", state), queued_at=feed.now, **changes)
    return predict(feed.estimates, row, place, TARGET, feed.now)


@pytest.fixture
def feed() -> Feed:
    made = Feed(agent("anna"), agent("bo"))
    made.depart(MIN_DEPARTURES + 40, 20 * S)
    return made


def test_nothing_known_means_no_probability() -> None:
    assert told(Feed()) == Breach(TARGET, None, None)


def test_the_further_behind_the_likelier(feed: Feed) -> None:
    found = [told(feed, place=place) for place in (1, 2, 4, 9, 30)]
    likely = [each.permille for each in found if each is not None and each.permille is not None]
    assert likely == sorted(likely)
    assert likely[0] < 200 < 900 < likely[-1]
    first = found[0]
    assert first is not None
    assert first.joined_at == feed.now + (feed.expected(1) or 0)


def test_it_is_due_from_when_it_may_be_offered(feed: Feed) -> None:
    found = told(feed, not_before=feed.now + 100 * S)
    assert found is not None
    assert found.due_at == feed.now + 160 * S


def test_what_is_late_is_late(feed: Feed) -> None:
    row = replace(work("w"), queued_at=feed.now - TARGET - 1)
    found = predict(feed.estimates, row, 1, TARGET, feed.now)
    assert found is not None
    assert found.permille == 1000


@pytest.mark.parametrize("state", [WorkState.CONNECTED, WorkState.WRAP_UP, WorkState.CLOSED])
def test_who_is_answered_needs_no_prediction(feed: Feed, state: WorkState) -> None:
    assert told(feed, state) is None


def test_who_is_called_back_is_in_no_hurry(feed: Feed) -> None:
    assert told(feed, callback=True) is None


def test_an_offer_is_judged_by_how_long_they_ring(feed: Feed) -> None:
    for number, ring in enumerate((10, 20, 30, 40)):
        feed.tell(work(f"r{number}", WorkState.OFFERED))
        feed.tell(work(f"r{number}", WorkState.ASSIGNED))
        feed.now += ring * S
        feed.tell(work(f"r{number}", WorkState.CONNECTED))
    assert feed.estimates.ring_us("orders") == 25 * S
    feed.tell(work("w", WorkState.OFFERED))
    feed.now += 15 * S
    row = replace(work("w", WorkState.OFFERED), queued_at=feed.now - 40 * S)
    found = predict(feed.estimates, row, None, TARGET, feed.now)
    # 20 s are left, it has rung for 15: of 20, 30 and 40 one is longer than 35.
    assert found == Breach(feed.now + 20 * S, 333, feed.now + 10 * S)
    feed.tell(closed=("w",))
    assert feed.estimates.offered_at("w") is None
