"""Keeps the statistics: feeds them with committed turns, saves checkpoints, and answers for any period.

What is recent is in memory (the last hours, and the sum of what was before them since the site's own midnight),
everything in SQL. A start
reads the last checkpoint and the journal after it, so a restart, also one by kill -9, changes no number.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

import structlog

from config.site import Site
from http_api.ports import ServiceLevel
from http_api.statistics_api import MAX_SPANS, Period, Step, Tally, TooManyRowsError
from records.statistics import StatisticsStore, encode_checkpoint
from router.counters import Counters, levels
from router.rows import ShardImage, Turn
from router.slots import AGENT, CHANNEL, MEDIUM, QUEUE, SLOT_US, Subject
from router.statistics import Statistics
from router.statistics_state import Limits
from server.floor.what_if_basis import Past
from server.persistence.periods import day_of, days, month_of, start_of_day, week_of
from server.persistence.projection import AWAY, Journal

log = structlog.get_logger(__name__)

CHECKPOINT_S = 10.0
# In so many checkpoints the time of every agent is counted, also of those to whom nothing happens.
SETTLED_IN = 30
# So many agents' time is counted, and so many subjects, or slots of them, are put away, in a turn of the loop.
AT_ONCE = 50
# So much is in memory by slots.
RECENT_US = 4 * 3_600_000_000
READ_LIMIT = 500
_MINUTE = 60_000_000
_WINDOWS = {Period.QUARTER: 15, Period.HALF: 30, Period.HOUR: 60, Period.RECENT: 240}
_STEPS = {Step.SLOT: 5, Step.QUARTER: 15, Step.HOUR: 60}
_PPM = 1_000_000


class StatisticsKeeper:
    """`await begin`, then `observe` each committed turn, with `run` as a task. `now` gives the shard's time.

    `elsewhere` writes an encoded checkpoint in another process, off this one's core, and says whether it did.
    `owning`: whether this node is the one that writes.
    """

    def __init__(
        self,
        store: StatisticsStore,
        site: Callable[[], Site],
        now: Callable[[], int],
        elsewhere: Callable[[bytes], Awaitable[bool]] | None = None,
    ) -> None:
        self._store = store
        self._elsewhere = elsewhere
        self._site = site
        self._now = now
        self._statistics = Statistics(self._limits)
        self._wake = asyncio.Event()
        self._closed = False
        self.owning: Callable[[], bool] = lambda: True
        self._day: tuple[tuple[str, int], int] = (("", -1), 0)

    async def begin(self, journal: Journal, image: ShardImage) -> None:
        """Up to where the shard stands, and from now on."""
        horizon = self._horizon()
        state, slots = await self._store.load(horizon)
        if state.position > image.applied:
            log.warning("statistics_ahead_of_journal", position=state.position, applied=image.applied)
            state.position = image.applied
        self._statistics = Statistics(self._limits, state, slots)
        await self._begin_day(state.slots_from(horizon))
        while state.position < image.applied:
            entries = await journal.read_journal(state.position, READ_LIMIT)
            if not entries:
                log.warning("journal_shorter_than_state", position=state.position, applied=image.applied)
                break
            for entry in entries:
                self._statistics.observe(entry)
        self._statistics.resume(image, self._now())
        if self.owning():
            await self._store.save(self._statistics.state, self._statistics.slots.take_dirty(), anyway=True)

    def observe(self, turn: Turn) -> None:
        """One committed turn; call once for each, in order."""
        self._statistics.observe(turn)

    async def run(self) -> None:
        """Saves a checkpoint now and then until `close`, and a last one."""
        while not self._closed:
            try:
                async with asyncio.timeout(CHECKPOINT_S):
                    await self._wake.wait()
            except TimeoutError:
                pass  # it is time
            self._wake.clear()
            try:
                await self._checkpoint()
            except AWAY as error:
                log.error("statistics_not_saved", error=str(error))

    def save_soon(self) -> None:
        """What was counted is to be kept now: a target changes, and it was counted by the old one."""
        self._wake.set()

    def close(self) -> None:
        """`run` saves a last time and returns."""
        self._closed = True
        self._wake.set()

    async def _checkpoint(self) -> None:
        await self._settle_some()
        if not self.owning():
            # The owner writes. What it may not have written yet is recent: this node does when it becomes the owner.
            self._statistics.slots.saved_elsewhere(self._horizon())
            await self._put_away()
            return
        state, changed = self._statistics.state, self._statistics.slots.take_dirty()
        try:
            # Encoded at once: while it is written, things go on.
            if self._elsewhere is None or not await self._elsewhere(encode_checkpoint(state, changed)):
                self._statistics.slots.mark_dirty(changed)
                changed = self._statistics.slots.take_dirty()
                if not await self._store.save(state, changed):
                    log.warning("statistics_not_saved", error="a later owner of the shard has saved more")
                    self._statistics.slots.mark_dirty(changed)
                    return
        except BaseException:
            self._statistics.slots.mark_dirty(changed)
            raise
        await self._put_away()

    async def _settle_some(self) -> None:
        for left in range(len(self._statistics.state.agents) // SETTLED_IN + 1, 0, -AT_ONCE):
            self._statistics.settle_some(min(left, AT_ONCE))
            if left > AT_ONCE:
                await asyncio.sleep(0)

    async def _put_away(self) -> None:
        """What is over is kept in little room, and from the site's midnight on another day is summed up."""
        horizon = self._horizon()
        # Twice as many as there come, and some more.
        for _ in range(4 + 2 * len(self._statistics.state.agents) // SETTLED_IN // AT_ONCE):
            self._statistics.put_away(horizon, AT_ONCE)
            await asyncio.sleep(0)
        if self._statistics.slots.day != self._midnight(self._now()):
            self._statistics.slots.fold(horizon, sys.maxsize)
            await self._begin_day(horizon)

    async def _begin_day(self, until: int) -> None:
        """Its sum so far, of what is older than the slots in memory."""
        midnight = self._midnight(self._now())
        sums: dict[Subject, Counters] = {}
        for kind in (QUEUE, AGENT, MEDIUM, CHANNEL) if midnight < until else ():
            found = await self._store.sums(kind, midnight, until)
            sums.update({(kind, name): counters for name, counters in found.items()})
        self._statistics.slots.begin_day(midnight, sums)

    # --- live ---------------------------------------------------------------------------------------------------

    def today(self, subject: Subject) -> Counters:
        """Since the site's midnight."""
        now = self._now()
        return self._statistics.counters(subject, self._midnight(now), now + SLOT_US, now)

    def lately(self, subject: Subject, minutes: int) -> Counters:
        """The last so many minutes: the begun slot of five, and before it as many whole ones as it takes."""
        now = self._now()
        return self._statistics.counters(subject, _window(now, minutes), now + SLOT_US, now)

    def in_quarters(self, subject: Subject, count: int) -> list[tuple[int, int, Counters]]:
        """From, until and counters of the last so many quarters of an hour, RECENT_US at most; the last is begun."""
        now, quarter = self._now(), _STEPS[Step.QUARTER] * _MINUTE
        first = now // quarter * quarter - (count - 1) * quarter
        return [
            (since, since + quarter, self._statistics.counters(subject, since, since + quarter, now))
            for since in range(first, now + 1, quarter)
        ]

    def level(self, queue: str) -> ServiceLevel | None:
        """Today's service level; None for a queue that the site does not have."""
        rules = self._site().queues.get(queue)
        if rules is None:
            return None
        counters = self.today((QUEUE, queue))
        level = levels(counters).of_settled
        return ServiceLevel(
            threshold_us=rules.service_level.threshold_us,
            target=rules.service_level.fraction,
            answered=counters.answered,
            within=counters.within,
            abandoned=counters.abandoned,
            level=None if level is None else round(level / _PPM, 4),
        )

    def channel_of(self, work_id: str) -> str:
        """By what an open item came, "" when that is unknown."""
        work = self._statistics.state.work.get(work_id)
        return work.channel if work is not None else ""

    def take_changed(self) -> set[tuple[str, str]]:
        """The queues and channels of which any number changed since this was last asked, as the board has them."""
        shown = {QUEUE: "queues", CHANNEL: "channels"}
        return {(shown[kind], name) for kind, name in self._statistics.slots.take_changed() if kind in shown}

    # --- any period ---------------------------------------------------------------------------------------------

    async def table(self, kind: str, period: Period, day: date | None, step: Step) -> list[Tally]:
        """A row for each name and step in which anything was counted, in that order of time, then of names."""
        now = self._now()
        found: list[Tally] = []
        spans = list(self._spans(period, day, step, now))
        if len(spans) > MAX_SPANS:
            raise TooManyRowsError
        for since, until in spans:
            counters = await self._sums(kind, since, until, now)
            found.extend(Tally(name, since, until, counters[name]) for name in sorted(counters))
        return found

    async def _sums(self, kind: str, since: int, until: int, now: int) -> dict[str, Counters]:
        """What is not in memory any more comes from SQL, a day at a time: the others have their turn in between."""
        border, found = max(since, min(until, self._horizon())), dict[str, Counters]()
        day = 24 * 60 * _MINUTE
        for begin in range(since, border, day):
            for name, counters in (await self._store.sums(kind, begin, min(begin + day, border))).items():
                found.setdefault(name, Counters()).add(counters)
        for name in self._statistics.subjects(kind) if border < until else ():
            recent = self._statistics.counters((kind, name), border, until, now)
            if recent != Counters():
                found.setdefault(name, Counters()).add(recent)
        return found

    def _spans(self, period: Period, day: date | None, step: Step, now: int) -> Iterable[tuple[int, int]]:
        if period in _WINDOWS:
            whole: Sequence[tuple[int, int]] = [(_window(now, _WINDOWS[period]), now + SLOT_US - now % SLOT_US)]
        else:
            whole = list(self._days(period, day or day_of(now, self._zone)))
        if step is Step.NONE:
            return [(whole[0][0], whole[-1][1])]
        if step is Step.DAY:
            return whole
        return _cut(whole, _STEPS[step] * _MINUTE)

    def _days(self, period: Period, day: date) -> Iterator[tuple[int, int]]:
        match period:
            case Period.WEEK:
                return days(*week_of(day), self._zone)
            case Period.MONTH:
                return days(*month_of(day), self._zone)
            case _:
                return days(day, date.fromordinal(day.toordinal() + 1), self._zone)

    async def past(self, horizon_us: int) -> Past:
        """What says how the next `horizon_us` are likely to go."""
        now = self._now()
        hour, hours = _window(now, _WINDOWS[Period.HOUR]), _window(now, _WINDOWS[Period.RECENT])
        known = min(self._statistics.slots.first() or now, now - SLOT_US)
        begun, day = now // SLOT_US * SLOT_US, 24 * 60 * _MINUTE
        weeks_hour: dict[str, Counters] = {}
        weeks_next: dict[str, Counters] = {}
        weeks = 0
        for back in range(7, 29, 7):
            at = begun - back * day
            before = await self._store.sums(QUEUE, at - 60 * _MINUTE, at, waits=False)
            after = await self._store.sums(QUEUE, at, at + horizon_us, waits=False)
            weeks += any(counters.arrived for counters in (*before.values(), *after.values()))
            _merge(weeks_hour, before)
            _merge(weeks_next, after)
        return Past(
            hour=self._recent(QUEUE, hour, now),
            hour_us=now - max(hour, known),
            hours=self._recent(QUEUE, hours, now),
            hours_us=now - max(hours, known),
            week=await self._store.sums(QUEUE, hours - 7 * day, hours, waits=False),
            weeks_hour=weeks_hour,
            weeks_next=weeks_next,
            weeks=weeks,
            agents=self._recent(AGENT, hours, now),
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def _recent(self, kind: str, since: int, now: int) -> dict[str, Counters]:
        names = self._statistics.subjects(kind)
        return {name: self._statistics.counters((kind, name), since, now + SLOT_US, now) for name in names}

    @property
    def _zone(self) -> str:
        return self._site().time_zone

    def _midnight(self, now: int) -> int:
        """When today began; worked out once in a slot, for boards ask for each agent."""
        known = (self._zone, now // SLOT_US)
        if known != self._day[0]:
            self._day = (known, start_of_day(now, self._zone))
        return self._day[1]

    def _horizon(self) -> int:
        """From here on everything is in memory by slots."""
        return (self._now() - RECENT_US) // SLOT_US * SLOT_US

    def _limits(self, queue: str) -> Limits:
        rules = self._site().queues.get(queue)
        return Limits(0, 0) if rules is None else Limits(rules.service_level.threshold_us, rules.short_abandon_us)


def _merge(into: dict[str, Counters], more: Mapping[str, Counters]) -> None:
    for name, counters in more.items():
        into.setdefault(name, Counters()).add(counters)


def _window(now: int, minutes: int) -> int:
    return now // SLOT_US * SLOT_US - minutes * _MINUTE


def _cut(spans: Iterable[tuple[int, int]], step_us: int) -> Iterator[tuple[int, int]]:
    for since, until in spans:
        for begin in range(since, until, step_us):
            yield begin, min(begin + step_us, until)
