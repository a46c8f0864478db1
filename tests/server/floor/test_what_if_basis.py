"""What is expected, and from what: measured where enough was, assumed and said so elsewhere."""

from dataclasses import replace

import pytest

from router.counters import Counters
from router.vocabulary import Medium
from server.floor.what_if_basis import HOUR_US, PATIENCE_S, TALK_S, Past, QueueFacts, arrivals, queue_basis, team_basis
from simulator.moment import Demand

SECOND = 1_000_000
FACTS = QueueFacts(queue="q", medium=Medium.VOICE, threshold_us=20 * SECOND, short_us=0, wrap_up_us=60 * SECOND)
BUSY = Counters(
    arrived=30,
    answered=20,
    abandoned=10,
    wait_us=400 * SECOND,
    abandon_wait_us=200 * SECOND,
    handled=20,
    talk_us=1800 * SECOND,
    hold_us=200 * SECOND,
    wrap_up_us=300 * SECOND,
)


def came(count: int) -> dict[str, Counters]:
    return {"q": Counters(arrived=count)}


@pytest.mark.parametrize(
    ("past", "per_hour", "source"),
    [
        (Past(), 0, "little_known"),
        (Past(hours=came(8)), 2, "little_known"),
        (Past(hours=came(40)), 10, "last_hours"),
        (Past(hour=came(30)), 30, "last_hour"),
        (Past(hour=came(30), hour_us=HOUR_US // 4), 120, "last_hour"),
        # Two weeks ago and one week ago 40 came in this hour and 10 in the next half hour: half as many an hour.
        (Past(hour=came(60), weeks_hour=came(40), weeks_next=came(10), weeks=2), 30, "last_hour_and_weeks"),
        (Past(hour=came(3), weeks_hour=came(0), weeks_next=came(50), weeks=2), 50, "weeks"),
        (Past(hour=came(60), weeks_hour=came(3), weeks_next=came(1), weeks=1), 60, "last_hour"),
    ],
)
def test_arrivals(past: Past, per_hour: float, source: str) -> None:
    found, said = arrivals("q", past)
    assert (round(found, 6), said) == (per_hour, source)


def test_durations_and_patience_are_measured() -> None:
    basis, told = queue_basis(FACTS, Past(hours={"q": BUSY}), ["q"], ())
    assert (basis.talk_us, basis.wrap_up_us, basis.patience_us) == (100 * SECOND, 15 * SECOND, 60 * SECOND)
    assert (told.handling_from, told.patience_from) == ("last_hours", "last_hours")


def test_then_by_the_last_days_then_by_the_medium_then_assumed() -> None:
    days, told = queue_basis(FACTS, Past(week={"q": BUSY}), ["q"], ())
    assert (days.talk_us, told.handling_from, told.patience_from) == (100 * SECOND, "last_days", "last_days")
    alike, told = queue_basis(FACTS, Past(week={"other": BUSY}), ["q", "other"], ())
    assert (alike.patience_us, told.handling_from, told.patience_from) == (60 * SECOND, "medium", "medium")
    nothing, told = queue_basis(FACTS, Past(), ["q"], (Demand(0.5),))
    assert nothing.talk_us == TALK_S[Medium.VOICE] * SECOND
    assert nothing.wrap_up_us == FACTS.wrap_up_us // 2
    assert nothing.patience_us == PATIENCE_S[Medium.VOICE] * SECOND
    assert nothing.demands == (Demand(0.5),)
    assert (told.arrivals_from, told.handling_from, told.patience_from) == ("little_known", "assumed", "assumed")


def test_mail_waits_for_ever_while_nothing_else_is_known() -> None:
    basis, told = queue_basis(replace(FACTS, medium=Medium.EMAIL), Past(), ["q"], ())
    assert (basis.patience_us, told.patience_us, told.patience_from) == (None, None, "assumed")


def test_how_a_team_answers() -> None:
    counters = Counters(offers=20, missed=2, rejected=1, handled=15, ring_us=60 * SECOND)
    basis, told = team_basis("t", ["a", "b"], Past(agents={"a": counters, "b": Counters()}))
    assert (basis.ring_us, basis.miss, basis.reject, told.ringing_from) == (4 * SECOND, 0.1, 0.05, "last_hours")
    _, told = team_basis("t", ["b"], Past(agents={"a": counters}))
    assert (told.missed, told.ringing_from) == (0.0, "assumed")
