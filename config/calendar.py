"""Calendars: opening hours by weekday in a time zone, with holidays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours. `weekly` has seven entries from Monday; a holiday's ranges replace its weekday's."""

    name: str
    title: str
    time_zone: str
    weekly: tuple[Ranges, ...]
    holidays: Mapping[date, Ranges] = field(default_factory=dict)

    def is_open(self, now_utc_us: int) -> bool:
        """Whether it is open at `now_utc_us`, microseconds since 1970 in UTC."""
        local = (_EPOCH + timedelta(microseconds=now_utc_us)).astimezone(ZoneInfo(self.time_zone))
        minute = local.hour * 60 + local.minute
        ranges = self.holidays.get(local.date(), self.weekly[local.weekday()])
        return any(start <= minute < end for start, end in ranges)


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


def _holidays(table: Table) -> Mapping[date, Ranges]:
    days: dict[date, Ranges] = {}
    for key in table.values:
        ranges = _ranges(table, key)
        try:
            days[date.fromisoformat(key)] = ranges
        except ValueError:
            table.problem(key, f'"{key}" is not a date', 'write it as 2026-10-01 = [] (closed) or ["10:00-12:00"]')
    return MappingProxyType(days)


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
