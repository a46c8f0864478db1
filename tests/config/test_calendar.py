"""Opening hours in local time, with holidays and the change of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.calendar import Calendar, Holiday, read_calendar, read_calendars, read_zone
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
    assert office.holidays[date(2026, 10, 1)] == Holiday(())
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


def test_holidays_have_names_lengths_and_hours_of_their_own() -> None:
    office = calendar(
        workdays=["09:00-18:00"],
        holidays={
            "2026-10-01": {"title": "National Day", "to": "2026-10-07"},
            "2026-12-31": {"title": "Silvester", "hours": ["09:00-12:00"]},
            "2027-01-01": [],
        },
    )
    assert len(office.holidays) == 9
    noon = at("Asia/Shanghai", 2026, 10, 7, 12)
    assert not office.is_open(noon)
    assert office.holiday(noon) == "National Day"
    assert office.is_open(at("Asia/Shanghai", 2026, 12, 31, 11))
    assert not office.is_open(at("Asia/Shanghai", 2026, 12, 31, 12))
    assert office.holiday(at("Asia/Shanghai", 2027, 1, 1, 12)) == "2027-01-01"
    assert office.holiday(at("Asia/Shanghai", 2027, 1, 2, 12)) == ""


def test_calendars_may_share_their_holidays() -> None:
    first = {"daily": ["08:00-22:00"], "holidays": {"2026-10-01": [], "2026-10-02": []}}
    second = {"daily": ["09:00-18:00"], "holidays_of": "first", "holidays": {"2026-10-02": ["10:00-12:00"]}}
    file = Table({"first": first, "second": second}, "", [])
    calendars = read_calendars(file, "Asia/Shanghai")
    assert file.problems == []
    assert not calendars["second"].is_open(at("Asia/Shanghai", 2026, 10, 1, 11))
    assert calendars["second"].is_open(at("Asia/Shanghai", 2026, 10, 2, 11))
    assert not calendars["first"].is_open(at("Asia/Shanghai", 2026, 10, 2, 11))


@pytest.mark.parametrize(
    ("holidays", "path", "message"),
    [
        ({"2026-10-32": []}, "x.holidays.2026-10-32", "not a date"),
        ({"2026-10-01": {"title": "A", "to": "soon"}}, "x.holidays.2026-10-01.to", "not a date"),
        ({"2026-10-02": {"title": "A", "to": "2026-10-01"}}, "x.holidays.2026-10-02.to", "makes 0 days"),
        ({"2026-10-02": {"title": "A", "to": "2027-10-02"}}, "x.holidays.2026-10-02.to", "makes 366 days"),
        ({"2026-10-01": {"title": "A", "to": "2026-10-03"}, "2026-10-02": []}, "x.holidays.2026-10-02", "another row"),
        ({"2026-10-01": {"titel": "A"}}, "x.holidays.2026-10-01.title", "is missing"),
        ({"2026-10-01": 3}, "x.holidays.2026-10-01", "a table"),
        (
            {"2026-10-01": {"title": "A", "hours": ["12:00-09:00"]}},
            "x.holidays.2026-10-01.hours[0]",
            "before it begins",
        ),
    ],
)
def test_mistakes_in_holidays_are_found(holidays: dict[str, object], path: str, message: str) -> None:
    file = Table({"x": {"daily": ["08:00-22:00"], "holidays": holidays}}, "", [])
    read_calendars(file, "Asia/Shanghai")
    assert [problem for problem in file.problems if problem.path == path and message in problem.message], file.problems


def test_holidays_of_a_calendar_that_is_not_there_or_comes_later() -> None:
    rows = {"x": {"daily": ["08:00-22:00"], "holidays_of": "y"}, "y": {"daily": [], "holidays_of": "z"}}
    file = Table(rows, "", [])
    read_calendars(file, "Asia/Shanghai")
    assert [(p.path, p.message) for p in file.problems] == [
        ("x.holidays_of", '"y" comes later in the file'),
        ("y.holidays_of", '"z" is not known'),
    ]


def test_when_it_opens_next() -> None:
    office = calendar(workdays=["09:00-12:00", "13:30-18:00"], holidays={"2026-03-09": []})

    def opens(*moment: int) -> int | None:
        return office.opens_at(at("Asia/Shanghai", *moment))

    assert opens(2026, 3, 4, 7) == at("Asia/Shanghai", 2026, 3, 4, 9)
    assert opens(2026, 3, 4, 12, 30) == at("Asia/Shanghai", 2026, 3, 4, 13, 30)
    assert opens(2026, 3, 6, 19) == at("Asia/Shanghai", 2026, 3, 10, 9), "over a week-end and a holiday"
    assert calendar(daily=[]).opens_at(at("Asia/Shanghai", 2026, 3, 4, 7)) is None


def test_it_opens_by_the_wall_clock_on_the_day_the_clocks_change() -> None:
    line = calendar(time_zone="Europe/Berlin", daily=["08:00-20:00"])
    assert line.opens_at(at("Europe/Berlin", 2026, 3, 28, 21)) == at("Europe/Berlin", 2026, 3, 29, 8)
