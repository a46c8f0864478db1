"""The statistics of queues, agents, media and channels for any period, as JSON or as a CSV file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec
from aiohttp import hdrs, web

from http_api.guard import CALLER
from http_api.ports import Scopes
from http_api.problems import ProblemError
from http_api.routes import Parameter, Route, reply
from records.roles import Action, Extent, Scope, allowed, extent
from router.counters import Counters, levels, mean, occupancy, percentile, ppm

MAX_SPANS = 400
_CHOICE = TypeVar("_CHOICE", bound=StrEnum)


class By(StrEnum):
    """Whose figures."""

    QUEUE = "queue"
    AGENT = "agent"
    MEDIUM = "medium"
    CHANNEL = "channel"


class Period(StrEnum):
    """The last minutes, today, or the day, week or month in which a date lies."""

    QUARTER = "15m"
    HALF = "30m"
    HOUR = "60m"
    RECENT = "4h"
    TODAY = "today"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Step(StrEnum):
    """Into what the period is cut."""

    NONE = "none"
    SLOT = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of one name in [since, until), microseconds since the epoch."""

    name: str
    since: int
    until: int
    counters: Counters


class TooManyRowsError(Exception):
    """The period has too many of these steps."""


class Statistics(Protocol):
    """The figures (server.persistence.statistics.StatisticsKeeper)."""

    async def table(self, kind: str, period: Period, day: date | None, step: Step) -> Sequence[Tally]:
        """A row for each step and name of which anything was counted. Raises TooManyRowsError."""
        ...


class StatisticsRow(msgspec.Struct, frozen=True, kw_only=True):
    """One name in [since, until). Durations in microseconds, shares from 0 to 1; null where nothing was counted.

    docs/statistics.md says what each of them is.
    """

    name: str
    since: int
    until: int
    arrived: int
    answered: int
    within: int
    abandoned: int
    abandoned_within: int
    short_abandoned: int
    diverted: int
    cancelled: int
    callbacks: int
    wait_us: int
    abandon_wait_us: int
    offers: int
    accepted: int
    missed: int
    rejected: int
    failed: int
    withdrawn: int
    handled: int
    ring_us: int
    talk_us: int
    hold_us: int
    wrap_up_us: int
    busy_us: int
    idle_us: int
    away_us: int
    level_of_answered: float | None
    level_of_settled: float | None
    level_without_short: float | None
    level_without_early: float | None
    level_with_early: float | None
    abandon_rate: float | None
    mean_wait_us: int | None
    wait_p50_us: int | None
    wait_p80_us: int | None
    wait_p90_us: int | None
    wait_p95_us: int | None
    mean_handle_us: int | None
    mean_ring_us: int | None
    mean_talk_us: int | None
    mean_hold_us: int | None
    mean_wrap_up_us: int | None
    occupancy: float | None


class StatisticsTable(msgspec.Struct, frozen=True):
    """In the order of time, then of names."""

    by: By
    rows: tuple[StatisticsRow, ...]


class StatisticsApi:
    """GET /statistics."""

    def __init__(self, statistics: Statistics, scopes: Scopes) -> None:
        self._statistics = statistics
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/statistics",
                handler=self.table,
                operation="getStatistics",
                summary="Figures of queues, agents, media or channels (docs/statistics.md); an agent sees the own ones",
                roles=allowed(Action.SEE_STATISTICS),
                replies={200: StatisticsTable},
                query=(
                    _choices("by", "Whose", By, By.QUEUE),
                    _choices("period", "Of when, by the site's clock", Period, Period.TODAY),
                    Parameter("date", "The day, or one of the week or the month; today without it", {"format": "date"}),
                    _choices("step", "Into what the period is cut", Step, Step.NONE),
                    Parameter("name", "Only this one"),
                    Parameter("format", "csv for a file", {"type": "string", "enum": ["json", "csv"]}),
                ),
                problems=(400,),
            ),
        )

    async def table(self, request: web.Request) -> web.Response:
        """What the caller's teams cover."""
        by = _read(request, "by", By.QUEUE)
        period, step = _read(request, "period", Period.TODAY), _read(request, "step", Step.NONE)
        wanted, scope = request.query.get("name"), self._scopes.of(request[CALLER])
        if request.query.get("format", "json") not in ("json", "csv"):
            raise ProblemError(400, "bad-request", "format must be json or csv.")
        try:
            tallies = await self._statistics.table(by.value, period, _date(request), step)
        except TooManyRowsError as error:
            raise ProblemError(400, "bad-request", "The period has too many of these steps.") from error
        rows = [
            statistics_row(each) for each in tallies if wanted in (None, each.name) and _covers(scope, by, each.name)
        ]
        if request.query.get("format") == "csv":
            return _csv(rows, f"{by}-{period}-{request.query.get('date', 'today')}.csv")
        return reply(StatisticsTable(by, tuple(rows)))


def statistics_row(tally: Tally) -> StatisticsRow:
    """The figures of what was counted."""
    counters = tally.counters
    level, waits, handled = levels(counters), counters.waits, counters.handled
    handle_us = counters.ring_us + counters.talk_us + counters.hold_us + counters.wrap_up_us
    return StatisticsRow(
        name=tally.name,
        since=tally.since,
        until=tally.until,
        **counters.numbers(),
        level_of_answered=share(level.of_answered),
        level_of_settled=share(level.of_settled),
        level_without_short=share(level.without_short),
        level_without_early=share(level.without_early),
        level_with_early=share(level.with_early),
        abandon_rate=share(ppm(counters.abandoned, counters.settled)),
        mean_wait_us=mean(counters.wait_us, counters.answered),
        wait_p50_us=percentile(waits, 50),
        wait_p80_us=percentile(waits, 80),
        wait_p90_us=percentile(waits, 90),
        wait_p95_us=percentile(waits, 95),
        mean_handle_us=mean(handle_us, handled),
        mean_ring_us=mean(counters.ring_us, handled),
        mean_talk_us=mean(counters.talk_us, handled),
        mean_hold_us=mean(counters.hold_us, handled),
        mean_wrap_up_us=mean(counters.wrap_up_us, handled),
        occupancy=share(occupancy(counters)),
    )


def share(millionths: int | None) -> float | None:
    """Millionths as a number from 0 to 1 with four places."""
    return None if millionths is None else round(millionths / 1_000_000, 4)


def _covers(scope: Scope, by: By, name: str) -> bool:
    action = Action.SEE_STATISTICS
    match by:
        case By.AGENT:
            return scope.covers_agent(action, name)
        case By.QUEUE:
            return scope.covers_queue(action, name)
        case By.MEDIUM | By.CHANNEL:
            # Sums over everybody, in which nobody is seen: for all who see more than themselves.
            return extent(scope.role, action) in (Extent.TEAMS, Extent.ALL)


def _csv(rows: Sequence[StatisticsRow], name: str) -> web.Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(StatisticsRow.__struct_fields__)
    for row in rows:
        writer.writerow(["" if value is None else value for value in msgspec.structs.astuple(row)])
    return web.Response(
        # The mark in front tells spreadsheets that it is UTF-8.
        body=("\ufeff" + text.getvalue()).encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={hdrs.CACHE_CONTROL: "no-store", hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'},
    )


def _choices(name: str, description: str, choices: type[StrEnum], default: StrEnum) -> Parameter:
    return Parameter(
        name, description, {"type": "string", "enum": [each.value for each in choices], "default": default.value}
    )


def _read(request: web.Request, name: str, default: _CHOICE) -> _CHOICE:
    text = request.query.get(name)
    try:
        return default if text is None else type(default)(text)
    except ValueError:
        known = ", ".join(each.value for each in type(default))
        raise ProblemError(400, "bad-request", f"{name} must be one of {known}.") from None


def _date(request: web.Request) -> date | None:
    text = request.query.get("date")
    try:
        found = None if text is None else date.fromisoformat(text)
    except ValueError:
        found = None
    if text is not None and (found is None or not 1970 < found.year < 2200):
        raise ProblemError(400, "bad-request", "date must be a day like 2026-03-04.")
    return found
