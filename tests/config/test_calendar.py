"""Opening hours in local time, with holidays and the change of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendar import Calendar, read_calendar, read_zone
from ivr.reading import Table


def calendar(**values: object) -> Calendar:
    table = Table(values, "", [])
    found = read_calendar("test", table, "Asia/Shanghai")
    assert table.problems == []
    return found


def at(zone: str, *moment: int) -> int:
    return int(datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(7, 59, False), (8, 0, True), (21, 59, True), (22, 0, False), (3, 0, False)]
)
def test_the_phone_line_is_open_from_8_to_22_local_time(hour: int, minute: int, is_open: bool) -> None:
    line = calendar(daily=["08:00-22:00"])
    assert line.is_open(at("Asia/Shanghai", 2026, 3, 4, hour, minute)) is is_open


def test_a_narrower_key_wins() -> None:
    office = calendar(daily=["09:00-18:00"], weekend=["10:00-12:00"], sunday=[])
    assert office.is_open(at("Asia/Shanghai", 2026, 3, 6, 17))
    assert office.is_open(at("Asia/Shanghai", 2026, 3, 7, 11))
    assert not office.is_open(at("Asia/Shanghai", 2026, 3, 7, 13))
    assert not office.is_open(at("Asia/Shanghai", 2026, 3, 8, 11))


def test_a_break_at_noon_is_two_ranges() -> None:
    office = calendar(workdays=["09:00-12:00", "13:30-18:00"])
    assert not office.is_open(at("Asia/Shanghai", 2026, 3, 6, 12, 30))
    assert office.is_open(at("Asia/Shanghai", 2026, 3, 6, 13, 30))


def test_a_holiday_replaces_its_weekday() -> None:
    office = calendar(workdays=["09:00-18:00"], holidays={"2026-10-01": [], "2026-10-03": ["10:00-11:00"]})
    assert office.holidays[date(2026, 10, 1)] == ()
    assert not office.is_open(at("Asia/Shanghai", 2026, 10, 1, 10))
    assert office.is_open(at("Asia/Shanghai", 2026, 10, 3, 10)), "a Saturday with hours of its own"
    assert office.is_open(at("Asia/Shanghai", 2026, 10, 2, 10))


def test_hours_follow_the_wall_clock_when_it_changes() -> None:
    berlin = calendar(daily=["08:00-09:00"], time_zone="Europe/Berlin")
    winter = int(datetime(2026, 3, 28, 7, 30, tzinfo=UTC).timestamp()) * 1_000_000
    summer = int(datetime(2026, 3, 29, 6, 30, tzinfo=UTC).timestamp()) * 1_000_000
    assert berlin.is_open(winter)
    assert berlin.is_open(summer)
    assert not berlin.is_open(summer + 3_600_000_000)


def test_around_the_clock_has_no_gap() -> None:
    always = calendar(daily=["00:00-24:00"])
    start = at("Asia/Shanghai", 2026, 3, 4)
    assert all(always.is_open(start + minute * 60_000_000) for minute in range(1440))


def test_a_zone_that_is_a_path_is_refused() -> None:
    table = Table({"time_zone": "../etc"}, "", [])
    assert read_zone(table) == "UTC"
    assert table.problems[0].path == "time_zone"
