"""The event loop: the real dispatcher under virtual time, with customers and agents who are drawn from the streams.

The loop does what the server's pump and the world around it do: it posts what has happened, carries the commands out
and calls `expire` at the dispatcher's deadlines. It knows nothing of how the dispatcher decides.
"""

from collections import Counter
from collections.abc import Callable
from typing import assert_never

from router.commands import (
    AnswerHandoff,
    CloseWork,
    Command,
    DivertWork,
    EndWrapUp,
    HandWork,
    JoinLegs,
    ParkWork,
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
    PolicyChanged,
    WorkQueued,
    WrapUpFinished,
)
from router.policy import Policy
from router.rows import ShardImage
from router.vocabulary import EndedBy, Outcome, WithdrawReason
from simulator.agenda import Agenda, AgentMove, Arrival, Due
from simulator.customers import customers
from simulator.floor import Floor
from simulator.items import Item, waits_of
from simulator.luck import Luck
from simulator.resume import Found, found_items, is_answered, mark_answered, what_follows, with_found
from simulator.scenario import Scenario
from simulator.streams import Streams
from simulator.trace import Ending, Trace

# Work that is open so long after the last arrival is left: nobody who could take it comes any more.
OVERTIME_US = 86_400_000_000
# Between these many turns the dispatcher tidies up, and the progress is told.
_HOUSEKEEPING = 2_000
_NEVER = 1 << 62
_CALLS_AGAIN = (Ending.ABANDONED, Ending.TURNED_AWAY)
_ENDINGS = {Outcome.ABANDONED: Ending.ABANDONED, Outcome.DIVERTED: Ending.DIVERTED}

Progress = Callable[[float], None]


class Engine:
    """One run of a scenario. Use it once."""

    def __init__(
        self,
        scenario: Scenario,
        streams: Streams,
        policy: Policy,
        start: ShardImage | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._scenario = scenario
        self._policy = policy
        self._start = start
        # Work that was found may have any name.
        self._prefix = "" if start is None else "next-"
        self._agenda = Agenda()
        self._dispatcher = Dispatcher(policy if start is None else None)
        self._floor = Floor(scenario, policy, self._agenda, self._dispatcher.load)
        self._epoch = scenario.epoch_us if start is None else start.clock - scenario.start_us
        self._now = self._epoch + scenario.start_us
        self._progress = progress
        self._arrivals, counts = customers(scenario, streams, self._epoch)
        found = () if start is None else tuple(found_items(start, scenario, counts))
        self._luck = Luck(scenario, streams, with_found(counts, found))
        self._open: dict[str, Item] = {}
        self._items: list[Item] = []
        self._turns = self._tidied = 0
        self._refused = False
        self._notes: Counter[str] = Counter()
        if start is not None:
            self._resume(start, found)

    def run(self) -> Trace:
        """Until nothing is to come."""
        scenario = self._scenario
        if self._policy is scenario.policy:
            for later, policy in scenario.changes:
                self._agenda.later(self._epoch + later, PolicyChanged(policy))
        self._floor.plan(self._epoch, scenario.start_us, found=self._start is not None)
        self._settle()
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
        if self._turns - self._tidied > _HOUSEKEEPING:
            self._tidied = self._turns
            self._dispatcher.tidy()
            self._dispatcher.drain_changes()
            if self._progress is not None:
                scenario = self._scenario
                passed = self._now - self._epoch - scenario.start_us
                self._progress(min(1.0, passed / (scenario.end_us - scenario.start_us)))

    def _resume(self, image: ShardImage, found: tuple[Found, ...]) -> None:
        """Take over the shard as it is; who was connected still is."""
        now = self._now
        commands = self._dispatcher.restore(self._policy, image, now)
        self._floor.find(image)
        for one in found:
            item, row = one.item, one.reservation
            item.offers = one.row.attempts
            self._open[one.row.work_id] = item
            seat = None if row is None else self._floor.seats[row.agent_id]
            if row is not None and seat is not None:
                self._floor.hold(seat, row.reservation_id, now)
            if row is not None and seat is not None and is_answered(row):
                mark_answered(item, row, now, seat.number)
            else:
                self._items.append(item)

            def share(purpose: str, item: Item = item) -> float:
                return self._luck.share(f"left of {purpose}", item.work, item.customer, 0)

            for at, event in what_follows(one, seat.group if seat else None, now, share):
                self._agenda.later(at, event)
        self._obey(commands)

    # -- customers

    def _arrive(self, arrival: Arrival) -> None:
        work = self._scenario.work[arrival.work]
        work_id = f"{self._prefix}{work.name}-{arrival.customer}" + (f"-{arrival.attempt}" if arrival.attempt else "")
        item = Item(arrival.work, work, arrival.customer, arrival.attempt, self._now, self._now)
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
        if self._refused and not item.offers and work_id in self._open:
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
            case PartLegs() | RequeueWork() | DivertWork() | HandWork() | AnswerHandoff():
                pass  # a scenario is one shard's: nothing leaves it
            case StartWrapUp():
                self._wrap_up(command)
            case EndWrapUp() | ParkWork():
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
                # Who answers late, because the customer has gone meanwhile, is nothing to be told of.
                if command.code != "offer_over":
                    self._notes[f"refused: {command.code}"] += 1
            case _:
                assert_never(command)

    def _offer(self, offer: SendOffer) -> None:
        item, seat = self._open[offer.work_id], self._floor.seats[offer.agent_id]
        group, number = seat.group, item.offers
        item.offers += 1
        item.offered_at = self._now
        self._floor.hold(seat, offer.reservation_id, self._now)
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
            item.handled_us = self._now - item.offered_at
            self._floor.release(item.reservation_id, self._now)
            return
        self._end(item, _ENDINGS.get(command.outcome, Ending.UNSERVED))

    # -- the result

    def _trace(self) -> Trace:
        end = max(self._now, self._epoch + self._scenario.end_us)
        groups = self._floor.finish(end, self._epoch)
        return Trace(waits_of(self._items, end, self._epoch), groups, self._turns, dict(self._notes))
