"""Days, weeks and months by the site's clock."""

from datetime import UTC, date, datetime

import pytest

from server.persistence.periods import day_of, days, midnight, month_of, start_of_day, week_of

HOUR = 3_600_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_midnight_is_the_site_s_own() -> None:
    now = at("2026-03-04T17:30")
    assert day_of(now, "Asia/Shanghai") == date(2026, 3, 5)
    assert start_of_day(now, "Asia/Shanghai") == at("2026-03-04T16:00")
    assert start_of_day(now, "Europe/Brussels") == at("2026-03-03T23:00")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 4), 24)])
def test_a_day_is_as_long_as_the_clock_makes_it(day: date, hours: int) -> None:
    ((since, until),) = days(day, date.fromordinal(day.toordinal() + 1), "Europe/Brussels")
    assert until - since == hours * HOUR
    assert since == midnight(day, "Europe/Brussels")


def test_weeks_and_months() -> None:
    assert week_of(date(2026, 3, 4)) == (date(2026, 3, 2), date(2026, 3, 9))
    assert month_of(date(2026, 2, 4)) == (date(2026, 2, 1), date(2026, 3, 1))
    assert month_of(date(2026, 12, 31)) == (date(2026, 12, 1), date(2027, 1, 1))
    assert len(list(days(*month_of(date(2026, 2, 4)), "UTC"))) == 28
