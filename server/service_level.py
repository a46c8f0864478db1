"""Today's service level of each queue, kept in step with committed turns and begun from the records.

Answered within the target / (answered + abandoned), over the interactions that were queued today by the site's clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from config.site import Site
from http_api.ports import ServiceLevel
from records.database import Database
from records.tables import interactions
from router.commands import CloseWork, JoinLegs, Refuse, WithdrawOffer
from router.events import AssignmentConnected, WorkMoved, WorkQueued
from router.rows import ShardImage, Turn
from router.vocabulary import OfferState, Outcome

_SECOND = 1_000_000


@dataclass(slots=True)
class Counts:
    """One queue's day so far."""

    answered: int = 0
    within: int = 0
    abandoned: int = 0


class ServiceLevels:
    """`site` gives the targets that hold now. Times in microseconds since the epoch."""

    def __init__(self, site: Callable[[], Site]) -> None:
        self._site = site
        self._day = 0
        self._counts: dict[str, Counts] = {}
        self._work: dict[str, tuple[str, int]] = {}
        self._accepted: dict[str, str] = {}
        self._changed: set[str] = set()

    async def begin(self, database: Database, image: ShardImage, now: int) -> None:
        """Counts what the records have of today, and takes over the open work."""
        self._day = self._start_of_day(now)
        for queue, threshold_us in self._thresholds().items():
            self._counts[queue] = await _count(database, queue, threshold_us, self._day)
        self._work = {row.work_id: (row.queue, row.queued_at) for row in image.work}
        for row in image.reservations:
            if row.state is OfferState.ACCEPTED:
                self._accepted[row.reservation_id] = row.work_id

    def of(self, queue: str) -> ServiceLevel | None:
        """The level now; None for a queue that the site no longer has."""
        rules = self._site().queues.get(queue)
        if rules is None:
            return None
        counts = self._counts.get(queue, Counts())
        over = counts.answered + counts.abandoned
        return ServiceLevel(
            threshold_us=rules.service_level.threshold_us,
            target=rules.service_level.fraction,
            answered=counts.answered,
            within=counts.within,
            abandoned=counts.abandoned,
            level=round(counts.within / over, 4) if over else None,
        )

    def take_changed(self) -> set[str]:
        """The queues whose counts changed since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def observe(self, turn: Turn) -> None:
        """Counts one committed turn; call once for each, in order."""
        self._turn_of_day(turn.now)
        if not any(isinstance(command, Refuse) for command in turn.commands):
            match turn.event:
                case WorkQueued(work_id=work_id, queue=queue):
                    self._work[work_id] = (queue, turn.now)
                case WorkMoved(work_id=work_id, queue=queue) if work_id in self._work:
                    self._work[work_id] = (queue, self._work[work_id][1])
                case AssignmentConnected(reservation_id=reservation_id):
                    self._answered(self._accepted.pop(reservation_id, ""), turn.now)
                case _:
                    pass  # the commands say what became of it
        for command in turn.commands:
            match command:
                case JoinLegs():
                    self._accepted[command.reservation_id] = command.work_id
                case WithdrawOffer():
                    self._accepted.pop(command.reservation_id, None)
                case CloseWork():
                    self._closed(command)
                case _:
                    pass

    def _answered(self, work_id: str, now: int) -> None:
        if work_id not in self._work:
            return
        queue, queued_at = self._work[work_id]
        rules = self._site().queues.get(queue)
        counts = self._counts.setdefault(queue, Counts())
        counts.answered += 1
        counts.within += rules is not None and now - queued_at <= rules.service_level.threshold_us
        self._changed.add(queue)

    def _closed(self, command: CloseWork) -> None:
        queue, _ = self._work.pop(command.work_id, ("", 0))
        if queue and command.outcome is Outcome.ABANDONED:
            self._counts.setdefault(queue, Counts()).abandoned += 1
            self._changed.add(queue)

    def _turn_of_day(self, now: int) -> None:
        if now - self._day < 23 * 3600 * _SECOND:  # the shortest day of a zone that changes its clock
            return
        day = self._start_of_day(now)
        if day != self._day:
            self._day = day
            self._changed |= set(self._counts)
            self._counts = {}

    def _start_of_day(self, now: int) -> int:
        local = datetime.fromtimestamp(now / _SECOND, ZoneInfo(self._site().time_zone))
        return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * _SECOND

    def _thresholds(self) -> Mapping[str, int]:
        return {name: queue.service_level.threshold_us for name, queue in self._site().queues.items()}


async def _count(database: Database, queue: str, threshold_us: int, since: int) -> Counts:
    table = interactions.c
    of_today = (table.queue == queue) & (table.queued_at >= since)
    answered = table.connected_at.is_not(None)
    query = select(
        func.count().filter(answered),
        func.count().filter(answered & (table.wait_us <= threshold_us)),
        func.count().filter(~answered & (table.outcome == Outcome.ABANDONED.value)),
    ).where(of_today)
    async with database.read() as connection:
        return Counts(*(await connection.execute(query)).one())
