"""The event loop: the real dispatcher under virtual time, with customers and agents who are drawn from the streams.

The loop does what the server's pump and the world around it do: it posts what has happened, carries the commands out
and calls `expire` at the dispatcher's deadlines. It knows nothing of how the dispatcher decides.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from router.commands import (
    CloseWork,
    Command,
    DivertWork,
    EndWrapUp,
    JoinLegs,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    ShowPresence,
    StartWrapUp,
    WithdrawOffer,
)
from router.dispatcher import Dispatcher
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    CustomerLeft,
    Event,
    OfferAccepted,
    OfferRejected,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import Policy
from router.vocabulary import EndedBy, Outcome, WithdrawReason
from simulator.agenda import Agenda, AgentMove, Arrival, Due
from simulator.arrivals import draw
from simulator.floor import Floor
from simulator.luck import Luck
from simulator.scenario import Scenario, WorkType
from simulator.streams import Streams
from simulator.trace import Ending, Trace, Waits

# Work that is open so long after the last arrival is left: nobody who could take it comes any more.
OVERTIME_US = 86_400_000_000
# Between these many turns the dispatcher tidies up, and the progress is told.
_HOUSEKEEPING = 2_000
_NEVER = 1 << 62
_CALLS_AGAIN = (Ending.ABANDONED, Ending.TURNED_AWAY)
_ENDINGS = {Outcome.ABANDONED: Ending.ABANDONED, Outcome.DIVERTED: Ending.DIVERTED}

Progress = Callable[[float], None]


@dataclass(slots=True, eq=False)
class Item:
    """One queued item of a customer and what became of it. Times are the dispatcher's; None is not yet."""

    number: int
    work: WorkType
    customer: int
    attempt: int
    queued_at: int
    offers: int = 0
    answered_at: int | None = None
    ended_at: int | None = None
    ending: Ending = Ending.UNSERVED
    group: int = -1
    handled_us: int | None = None
    reservation_id: str = ""


class Engine:
    """One run of a scenario. Use it once."""

    def __init__(self, scenario: Scenario, streams: Streams, policy: Policy, progress: Progress | None = None) -> None:
        self._scenario = scenario
        self._policy = policy
        self._dispatcher = Dispatcher(policy)
        self._agenda = Agenda()
        self._floor = Floor(scenario, policy, self._agenda)
        self._now = self._epoch = scenario.epoch_us
        self._progress = progress
        self._arrivals, counts = _arrivals(scenario, streams)
        self._luck = Luck(scenario, streams, counts)
        self._open: dict[str, Item] = {}
        self._items: list[Item] = []
        self._turns = 0
        self._refused = False
        self._notes: Counter[str] = Counter()

    def run(self) -> Trace:
        """Until nothing is to come."""
        scenario = self._scenario
        self._now = self._epoch + scenario.start_us
        self._floor.plan(self._epoch, scenario.start_us)
        last = self._epoch + scenario.end_us + OVERTIME_US
        arrivals, agenda, dispatcher = self._arrivals, self._agenda, self._dispatcher
        index, count = 0, len(arrivals)
        while True:
            at = agenda.next()
            at = _NEVER if at is None else at
            due: Due | None = None
            if index < count and arrivals[index][0] < at:
                at = arrivals[index][0]
                due = arrivals[index][1]
            deadline = dispatcher.next_deadline() if self._open or due is not None or at < _NEVER else None
            if deadline is not None and deadline < at:
                if deadline > last:
                    break
                self._now = max(self._now, deadline)
                self._obey(dispatcher.expire(self._now))
                continue
            if at > last:
                break
            if due is not None:
                index += 1
            else:
                at, due = agenda.pop()
            if self._is_over(due):
                continue
            self._now = at
            self._take(due)
            self._housekeep()
        return self._trace()

    def _is_over(self, due: Due) -> bool:
        """Whether a customer's patience no longer matters."""
        if type(due) is not CustomerLeft:
            return False
        item = self._open.get(due.work_id)
        return item is None or item.ending is Ending.ANSWERED

    def _take(self, due: Due) -> None:
        if isinstance(due, Arrival):
            self._arrive(due)
        elif isinstance(due, AgentMove):
            self._floor.take(due, self._now)
            self._settle()
        else:
            self._post(due)

    def _post(self, event: Event) -> None:
        """One event with all that follows at once."""
        self._turns += 1
        self._refused = False
        self._obey(self._dispatcher.handle(event, self._now))

    def _obey(self, commands: list[Command]) -> None:
        for command in commands:
            self._carry_out(command)
        if self._agenda.at_once:
            self._settle()

    def _settle(self) -> None:
        """Post what follows at once, until nothing does."""
        at_once = self._agenda.at_once
        while at_once:
            self._turns += 1
            for command in self._dispatcher.handle(at_once.popleft(), self._now):
                self._carry_out(command)

    def _housekeep(self) -> None:
        if self._turns % _HOUSEKEEPING < 5:
            self._dispatcher.tidy()
            self._dispatcher.drain_changes()
            if self._progress is not None:
                scenario = self._scenario
                passed = self._now - self._epoch - scenario.start_us
                self._progress(min(1.0, passed / (scenario.end_us - scenario.start_us)))

    # -- customers

    def _arrive(self, arrival: Arrival) -> None:
        work = self._scenario.work[arrival.work]
        work_id = f"{work.name}-{arrival.customer}" + (f"-{arrival.attempt}" if arrival.attempt else "")
        item = Item(arrival.work, work, arrival.customer, arrival.attempt, self._now)
        self._open[work_id] = item
        self._items.append(item)
        self._post(
            WorkQueued(
                work_id,
                work_id,
                work.medium,
                work.queue,
                work.requirements,
                work.priority,
                condition=work.condition,
                attributes=work.attributes,
            )
        )
        if self._refused:
            self._end(self._open.pop(work_id), Ending.TURNED_AWAY)
        elif work.patience is not None and item.ending is Ending.UNSERVED:
            until = self._now + self._luck.patience(work, work.patience, arrival.customer, arrival.attempt)
            self._agenda.later(until, CustomerLeft(work_id))

    def _end(self, item: Item, ending: Ending) -> None:
        """The wait is over without an answer; perhaps the customer calls again."""
        item.ended_at, item.ending = self._now, ending
        retry = item.work.retry if ending in _CALLS_AGAIN else None
        if retry is None or item.attempt >= retry.limit:
            return
        if self._luck.share("retry", item.work, item.customer, item.attempt) < retry.probability:
            delay = self._luck.retry_delay(item.work, retry.delay, item.customer, item.attempt)
            self._agenda.later(self._now + delay, Arrival(item.number, item.customer, item.attempt + 1))

    # -- what the dispatcher wants

    def _carry_out(self, command: Command) -> None:
        match command:
            case JoinLegs():
                self._join(command)
            case SendOffer():
                self._offer(command)
            case PartLegs() | RequeueWork() | DivertWork():
                pass
            case StartWrapUp():
                self._wrap_up(command)
            case EndWrapUp():
                self._floor.release(command.reservation_id, self._now)
            case CloseWork():
                self._close(command)
            case WithdrawOffer():
                self._floor.release(command.reservation_id, self._now)
                if command.reason is WithdrawReason.EXPIRED:
                    self._missed(command.agent_id)
            case ShowPresence():
                self._floor.show(command.agent_id, command.presence, self._now)
            case Refuse():
                self._refused = True
                self._notes[f"refused: {command.code}"] += 1
            case _:
                assert_never(command)

    def _offer(self, offer: SendOffer) -> None:
        item, seat = self._open[offer.work_id], self._floor.seats[offer.agent_id]
        group, number = seat.group, item.offers
        item.offers += 1
        row = self._dispatcher.reservation(offer.reservation_id)
        self._floor.hold(seat, offer.reservation_id, 0 if row is None else row.units, self._now)
        if offer.auto_accept:
            return
        answer: Event = OfferAccepted(offer.reservation_id, offer.agent_id)
        if group.reject or group.miss:
            share = self._luck.share("answer", item.work, item.customer, number)
            if share < group.miss:
                return
            if share < group.miss + group.reject:
                answer = OfferRejected(offer.reservation_id, offer.agent_id)
        ring = self._luck.ring(item.work, item.customer, number, group)
        if ring:
            self._agenda.later(self._now + ring, answer)
        else:
            self._agenda.at_once.append(answer)

    def _missed(self, agent_id: str) -> None:
        self._notes["offers missed"] += 1
        self._floor.missed(agent_id, self._now + self._floor.seats[agent_id].group.back_us)

    def _join(self, join: JoinLegs) -> None:
        item, seat = self._open[join.work_id], self._floor.seats[join.agent_id]
        item.answered_at, item.ending = self._now, Ending.ANSWERED
        item.reservation_id = join.reservation_id
        item.group = seat.number
        self._agenda.at_once.append(AssignmentConnected(join.reservation_id))
        talk = self._luck.talk(item.work, item.customer, seat.group.name)
        self._agenda.later(self._now + talk, AssignmentEnded(join.reservation_id, EndedBy.CUSTOMER))

    def _wrap_up(self, command: StartWrapUp) -> None:
        item, seat = self._open[command.work_id], self._floor.seats[command.agent_id]
        length = self._luck.wrap_up(item.work, item.customer, seat.group.name)
        done = WrapUpFinished(command.reservation_id, command.agent_id)
        if not length:
            self._agenda.at_once.append(done)
        elif self._now + length < command.deadline:
            self._agenda.later(self._now + length, done)
        else:
            self._notes["wrap-ups cut short by their queue's limit"] += 1

    def _close(self, command: CloseWork) -> None:
        item = self._open.pop(command.work_id)
        if item.answered_at is not None:
            item.handled_us = self._now - item.answered_at
            self._floor.release(item.reservation_id, self._now)
            return
        self._end(item, _ENDINGS.get(command.outcome, Ending.UNSERVED))

    # -- the result

    def _trace(self) -> Trace:
        end = max(self._now, self._epoch + self._scenario.end_us)
        groups = self._floor.finish(end, self._epoch)
        return Trace(_waits(self._items, end, self._epoch), groups, self._turns, dict(self._notes))


def _waits(items: Sequence[Item], end: int, epoch: int) -> Waits:
    """The items as arrays; who waits until `end` waits until then."""
    over = [_first(item.answered_at, item.ended_at, end) for item in items]
    handled = [np.nan if item.handled_us is None else item.handled_us / 1e6 for item in items]
    return Waits(
        work=np.asarray([item.number for item in items], np.int64),
        queued=(np.asarray([item.queued_at for item in items], np.float64) - epoch) / 1e6,
        end=(np.asarray(over, np.float64) - epoch) / 1e6,
        ending=np.asarray([item.ending for item in items], np.int64),
        group=np.asarray([item.group for item in items], np.int64),
        attempt=np.asarray([item.attempt for item in items], np.int64),
        handled=np.asarray(handled, np.float64),
    )


def _first(*times: int | None) -> int:
    return next(time for time in times if time is not None)


def _arrivals(scenario: Scenario, streams: Streams) -> tuple[list[tuple[int, Arrival]], tuple[int, ...]]:
    """All first attempts in order of time, and how many there are of each work type."""
    day = _factor(streams, "day", scenario.daily_cv)
    times = [
        draw(work.arrivals, streams, work.name, day * _factor(streams, work.name, work.daily_cv), scenario.end_us)
        for work in scenario.work
    ]
    rows = [
        (at + scenario.epoch_us, Arrival(number, customer))
        for number, found in enumerate(times)
        for customer, at in enumerate(found.tolist())
    ]
    rows.sort(key=lambda row: row[0])
    return rows, tuple(len(found) for found in times)


def _factor(streams: Streams, name: str, cv: float) -> float:
    """How busy the day is: gamma with mean 1, as Avramidis, Deslauriers and L'Ecuyer found it in call centers
    ("Modeling Daily Arrivals to a Telephone Call Center", Management Science 50(7), 2004)."""
    if cv <= 0:
        return 1.0
    shape = 1.0 / cv**2
    return float(streams.generator("busyness", name).gamma(shape, 1.0 / shape))
