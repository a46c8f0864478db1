"""Days, weeks and months as the site's own clock has them. Times in microseconds since the epoch."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = 1_000_000


def day_of(now: int, zone: str) -> date:
    """The site's date at that time."""
    return datetime.fromtimestamp(now / _SECOND, ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> int:
    """When the day begins there."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * _SECOND


def start_of_day(now: int, zone: str) -> int:
    """When the day of that time began."""
    return midnight(day_of(now, zone), zone)


def week_of(day: date) -> tuple[date, date]:
    """Its Monday, and the Monday after."""
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=7)


def month_of(day: date) -> tuple[date, date]:
    """The first of its month, and of the month after."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def days(first: date, after: date, zone: str) -> Iterator[tuple[int, int]]:
    """Beginning and end of each day; one of 23 or 25 hours where the clock is changed."""
    day = first
    while day < after:
        following = day + timedelta(days=1)
        yield midnight(day, zone), midnight(following, zone)
        day = following
