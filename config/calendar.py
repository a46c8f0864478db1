"""Calendars: opening hours by weekday in a time zone, with holidays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.reading import Table

# Minutes of the local day, from inclusive, to exclusive; 24:00 is 1440.
Ranges = tuple[tuple[int, int], ...]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "daily": WEEKDAYS,
    "workdays": WEEKDAYS[:5],
    "weekend": WEEKDAYS[5:],
    **{day: (day,) for day in WEEKDAYS},
}
_RANGE = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# A longer row of days is rather a slip in the year than a holiday.
MAX_HOLIDAY_DAYS = 31


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with hours of its own, none for closed. `title` may be ""."""

    ranges: Ranges
    title: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours. `weekly` has seven entries from Monday; a holiday's ranges replace its weekday's."""

    name: str
    title: str
    time_zone: str
    weekly: tuple[Ranges, ...]
    holidays: Mapping[date, Holiday] = field(default_factory=dict)

    def is_open(self, now_utc_us: int) -> bool:
        """Whether it is open at `now_utc_us`, microseconds since 1970 in UTC."""
        local = self._local(now_utc_us)
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self._ranges(local.date()))

    def opens_at(self, now_utc_us: int) -> int | None:
        """When it opens next after that, in the same measure; None when it does not within a month."""
        local = self._local(now_utc_us)
        for day in (local.date() + timedelta(days=ahead) for ahead in range(MAX_HOLIDAY_DAYS + 1)):
            for start, _ in self._ranges(day):
                midnight = datetime(day.year, day.month, day.day, tzinfo=local.tzinfo)
                # Wall time, also on a day on which the clocks change.
                opens = midnight.replace(hour=start // 60, minute=start % 60) if start < 1440 else midnight
                at = int(opens.timestamp()) * 1_000_000
                if at > now_utc_us:
                    return at
        return None

    def _ranges(self, day: date) -> Ranges:
        special = self.holidays.get(day)
        return special.ranges if special is not None else self.weekly[day.weekday()]

    def holiday(self, now_utc_us: int) -> str:
        """The title of the holiday at `now_utc_us`, its date when it has none, "" on other days."""
        today = self._local(now_utc_us).date()
        special = self.holidays.get(today)
        return "" if special is None else special.title or today.isoformat()

    def _local(self, now_utc_us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=now_utc_us)).astimezone(ZoneInfo(self.time_zone))


def read_calendars(file: Table, site_zone: str) -> Mapping[str, Calendar]:
    """Reads calendars.toml. With `holidays_of` a calendar takes over another's holidays; its own win."""
    calendars: dict[str, Calendar] = {}
    for name, table in file.entries():
        shared = table.choice("holidays_of", file.values, "")
        calendar = read_calendar(name, table, site_zone)
        if shared in calendars:
            holidays = {**calendars[shared].holidays, **calendar.holidays}
            calendar = replace(calendar, holidays=MappingProxyType(holidays))
        elif shared in file.values:
            table.problem("holidays_of", f'"{shared}" comes later in the file', "move it above; no calendar is its own")
        calendars[name] = calendar
    return MappingProxyType(calendars)


def read_calendar(name: str, table: Table, site_zone: str) -> Calendar:
    """Reads one calendar; a later, narrower key wins over an earlier, wider one (`daily`, then `sunday`)."""
    weekly: dict[str, Ranges] = {}
    for group, days in GROUPS.items():
        if table.has(group):
            weekly.update(dict.fromkeys(days, _ranges(table, group)))
    if not weekly:
        table.problem("", "has no opening hours", 'give daily = ["09:00-18:00"], or workdays, weekend, monday ...')
    calendar = Calendar(
        name=name,
        title=table.text("title", name),
        time_zone=read_zone(table, site_zone),
        weekly=tuple(weekly.get(day, ()) for day in WEEKDAYS),
        holidays=_holidays(table.table("holidays")),
    )
    table.finish()
    return calendar


def read_zone(table: Table, default: str | None = None) -> str:
    """The IANA time zone under `time_zone`."""
    zone = table.text("time_zone", default)
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.problem("time_zone", f'"{zone}" is not a time zone', 'use an IANA name, for example "Asia/Shanghai"')
        return "UTC"
    return zone


def _holidays(table: Table) -> Mapping[date, Holiday]:
    days: dict[date, Holiday] = {}
    for key, value in table.values.items():
        first = _day(table, key, key)
        if isinstance(value, list):
            found, last = Holiday(_ranges(table, key)), first
        else:
            row = table.table(key)
            found = Holiday(_ranges(row, "hours") if row.has("hours") else (), row.text("title"))
            last = _day(row, "to", row.text("to")) if row.has("to") else first
            row.finish()
        for day in _days(table, key, first, last):
            if day in days:
                table.problem(key, f"{day} is in another row too", "give each day once")
            days[day] = found
    return MappingProxyType(days)


def _day(table: Table, key: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        hint = 'write 2026-10-01 = [], ["10:00-12:00"] or { title = "...", to = "2026-10-07" }'
        table.problem(key, f'"{text}" is not a date', hint)
        return None


def _days(table: Table, key: str, first: date | None, last: date | None) -> list[date]:
    """All days from first to last; none when one of them is wrong."""
    if first is None or last is None:
        return []
    count = (last - first).days + 1
    if not 1 <= count <= MAX_HOLIDAY_DAYS:
        table.problem(f"{key}.to", f"{last} makes {count} days", f"from 1 to {MAX_HOLIDAY_DAYS} days are meant")
        return []
    return [first + timedelta(days=number) for number in range(count)]


def _ranges(table: Table, key: str) -> Ranges:
    ranges: list[tuple[int, int]] = []
    for index, text in enumerate(table.texts(key)):
        match = _RANGE.fullmatch(text)
        if match is None:
            table.problem(f"{key}[{index}]", f'"{text}" is not a range of hours', 'write it as "08:00-22:00"')
            continue
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        if minute > 59 or end_minute > 59 or end > 1440:
            table.problem(f"{key}[{index}]", f'"{text}" is not a time of day', "the day goes from 00:00 to 24:00")
        elif start >= end:
            hint = "hours past midnight are two ranges: to 24:00, and from 00:00 on the next day"
            table.problem(f"{key}[{index}]", f'"{text}" ends before it begins', hint)
        else:
            ranges.append((start, end))
    return tuple(ranges)
