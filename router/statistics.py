"""The statistics: a fold of the journal into counters by slot, for queues, agents, media and channels.

Events and commands are all that it reads, so it takes turns as they are committed and journal entries as they are read
again: the same ones give the same counters, however they are cut (`state` with `slots.take_dirty` is the cut). No
clock, no I/O, integers only. What is counted when, and the formulas on top, are in docs/statistics.md.
"""

from collections.abc import Callable, Iterator

from router.commands import (
    AnswerHandoff,
    CloseWork,
    Command,
    EndWrapUp,
    JoinLegs,
    ParkWork,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    ShowPresence,
    WithdrawOffer,
)
from router.counters import Counters, bucket
from router.events import (
    AssignmentConnected,
    CallbackRequested,
    Event,
    HandoffAsked,
    InteractionClosed,
    InteractionNoted,
    InteractionOpened,
    NodeLost,
    WorkQueued,
)
from router.rows import Entry, ShardImage
from router.slots import AGENT, CHANNEL, MEDIUM, QUEUE, SLOT_US, CountersBySlot, Slots, Subject, pieces
from router.statistics_state import Activity, Limits, OpenReservation, OpenWork, State
from router.vocabulary import Outcome, Presence, WithdrawReason


class Statistics:
    """Call `observe` for each entry in order. `limits` gives a queue's, those that hold now.

    Times in microseconds since the epoch. `slots` are the numbers themselves, to be read, saved and marked.
    """

    def __init__(self, limits: Callable[[str], Limits], state: State | None = None, slots: Slots | None = None) -> None:
        self._limits = limits
        self.state = state or State()
        self.slots = CountersBySlot(slots)
        self._unsettled: list[str] = []
        # Every agent's time is counted up to there: where the last round of `settle_some` that is over began. To look
        # at all of them for it takes as long as they are many.
        self._counted_from = self._round_began = self.state.counted_from

    # --- reading ------------------------------------------------------------------------------------------------

    def subjects(self, kind: str) -> list[str]:
        """The names of that kind of which anything is counted, or that are open."""
        names = self.slots.names(kind)
        if kind == AGENT:
            names.update(self.state.agents)
        return sorted(names)

    def counters(self, subject: Subject, since: int, until: int, now: int) -> Counters:
        """The slots that begin in [since, until), what an agent does until `now` included."""
        made = self.slots.sums(subject, since, until, now)
        activity = self.state.agents.get(subject[1]) if subject[0] == AGENT else None
        if activity is not None:
            begin, end = max(activity.since, since), min(now, until)
            _spend(made, activity, max(0, end - begin))
        return made

    def settle(self) -> State:
        """Counts what agents did up to the last entry, so that no number is missing but what goes on now."""
        for agent_id in self.state.agents:
            self._spend_until(agent_id, self.state.clock)
        self._begin_round(self.state.clock)
        return self.state

    def settle_some(self, count: int) -> None:
        """As `settle` for the next so many agents in turn: each is reached, however quiet, and nobody waits for all."""
        if not self._unsettled:
            self._counted_from, self._round_began = self._round_began, self.state.clock
            self._unsettled = list(self.state.agents)
        for agent_id in self._unsettled[-count:]:
            self._spend_until(agent_id, self.state.clock)
        del self._unsettled[-count:]

    def put_away(self, before: int, some: int) -> None:
        """Packs what is over, some of it in each call, and adds what begins before that time to the sum of its day.

        As far as it is saved and nothing more can be counted in it.
        """
        over = self._counted_from // SLOT_US * SLOT_US
        self.slots.put_away(over, some)
        self.slots.fold(min(before, over), some)

    def _begin_round(self, counted_from: int) -> None:
        self._counted_from = self._round_began = counted_from
        self._unsettled.clear()

    # --- around a restart ---------------------------------------------------------------------------------------

    def resume(self, image: ShardImage, now: int) -> None:
        """The shard stood still until `now`, which is nobody's time; what is open is made to agree with the rows."""
        self.settle()
        self.state.agree(image, now)
        self._begin_round(self.state.counted_from)

    # --- the fold -----------------------------------------------------------------------------------------------

    def observe(self, entry: Entry) -> None:
        """One entry; those up to the position are skipped."""
        if entry.sequence <= self.state.position:
            return
        self.state.position, self.state.clock = entry.sequence, max(entry.now, self.state.clock)
        if not entry.commands:
            self._event(entry.event, entry.now)
            return
        if not any(isinstance(command, Refuse) for command in entry.commands):
            self._event(entry.event, entry.now)
        if isinstance(entry.event, HandoffAsked) and any(_begins(command) for command in entry.commands):
            self._arrived(entry.event.work, entry.now)
        for command in entry.commands:
            self._command(command, entry.now)

    def _event(self, event: Event, now: int) -> None:
        state = self.state
        match event:
            case InteractionNoted():  # first of all, as most events are these
                if event.kind in ("held", "resumed"):
                    self._hold(event.interaction_id, now, on=event.kind == "held")
            case WorkQueued() if event.work_id not in state.work:
                self._arrived(event, now)
            case CallbackRequested():
                self._called_back(event.work_id, now)
            case AssignmentConnected():
                self._connected(event.reservation_id, now)
            case InteractionOpened():
                state.channels[event.interaction_id] = (event.channel, event.node)
            case InteractionClosed():
                state.channels.pop(event.interaction_id, None)
            case NodeLost():
                state.channels = {name: of for name, of in state.channels.items() if of[1] != event.node}
            case _:
                pass  # the commands say what became of it

    def _arrived(self, event: WorkQueued, now: int) -> None:
        state = self.state
        channel, _ = state.channels.get(event.interaction_id, ("", ""))
        since = max(now if event.since is None else event.since, event.not_before or 0)
        work = state.work[event.work_id] = OpenWork(event.queue, event.medium.value, channel, since)
        for counters in self._of(work, now):
            counters.arrived += 1
        if event.callback:
            self._called_back(event.work_id, now)

    def _command(self, command: Command, now: int) -> None:
        match command:
            case SendOffer():
                self._offered(command, now)
            case JoinLegs():
                self._accepted(command.reservation_id, now)
            case WithdrawOffer():
                self._withdrawn(command, now)
            case ParkWork(reservation_id=reservation_id):
                self._over(reservation_id, now)
            case PartLegs():
                reservation = self.state.reservations.get(command.reservation_id)
                if reservation is not None and reservation.ended_at is None:
                    self._end(reservation, now)
            case EndWrapUp():
                self._over(command.reservation_id, now)
            case RequeueWork():
                self._in_queue(command.work_id, command.queue, now)
                self._left_without_wrap_up(command.work_id, now)
            case CloseWork():
                self._closed(command, now)
            case ShowPresence():
                self._spend_until(command.agent_id, now)
                self._activity(command.agent_id, now).presence = command.presence
                self.slots.mark_changed((AGENT, command.agent_id))
            case _:
                pass  # nothing that is counted

    # --- items --------------------------------------------------------------------------------------------------

    def _in_queue(self, work_id: str, queue: str, now: int) -> None:
        work = self.state.work.get(work_id)
        if work is None or work.queue == queue:
            return
        if not work.settled:
            self.slots.at((QUEUE, work.queue), now).diverted += 1
            self.slots.at((QUEUE, queue), now).arrived += 1
        work.queue = queue

    def _left_without_wrap_up(self, work_id: str, now: int) -> None:
        """A callback that reached nobody: its agent is free, and the item waits again."""
        work = self.state.work.get(work_id)
        for reservation_id in list(work.reservations) if work is not None else ():
            if self.state.reservations[reservation_id].ended_at is not None:
                self._over(reservation_id, now)

    def _connected(self, reservation_id: str, now: int) -> None:
        reservation = self.state.reservations.get(reservation_id)
        if reservation is None or not reservation.accepted or reservation.connected_at is not None:
            return  # a late or repeated word, without effect in the router too
        if reservation.ended_at is not None:
            return
        reservation.connected_at = now
        self.slots.at((AGENT, reservation.agent_id), now).answered += 1
        work = self.state.work.get(reservation.work_id)
        if work is None or work.settled:
            return
        work.settled = True
        wait_us = now - work.queued_at
        within = wait_us <= self._limits(work.queue).target_us
        for counters in self._of(work, now):
            counters.answered += 1
            counters.within += within
            counters.wait_us += wait_us
            index = bucket(wait_us)
            counters.waits[index] = counters.waits.get(index, 0) + 1

    def _called_back(self, work_id: str, now: int) -> None:
        """The customer need not wait any longer: the line is left, the place is kept."""
        work = self.state.work.get(work_id)
        if work is not None and not work.settled:
            work.settled = True
            for counters in self._of(work, now):
                counters.callbacks += 1

    def _closed(self, command: CloseWork, now: int) -> None:
        work = self.state.work.get(command.work_id)
        for reservation_id in list(work.reservations) if work is not None else ():
            self._over(reservation_id, now)
        self.state.work.pop(command.work_id, None)
        if work is None or work.settled:
            return
        wait_us, limits = now - work.queued_at, self._limits(work.queue)
        for counters in self._of(work, now):
            match command.outcome:
                case Outcome.ABANDONED:
                    counters.abandoned += 1
                    counters.abandoned_within += wait_us <= limits.target_us
                    counters.short_abandoned += wait_us < limits.short_us
                    counters.abandon_wait_us += wait_us
                case Outcome.CANCELLED:
                    counters.cancelled += 1
                case _:
                    counters.diverted += 1

    # --- offers and conversations -------------------------------------------------------------------------------

    def _offered(self, command: SendOffer, now: int) -> None:
        state = self.state
        if command.work_id not in state.work:
            channel, _ = state.channels.get(command.interaction_id, ("", ""))
            state.work[command.work_id] = OpenWork(command.queue, command.medium.value, channel, command.queued_at)
        self._in_queue(command.work_id, command.queue, now)
        reservation = OpenReservation(command.work_id, command.interaction_id, command.agent_id, now)
        state.reservations[command.reservation_id] = reservation
        state.work[command.work_id].reservations.append(command.reservation_id)
        self._spend_until(command.agent_id, now)
        self._activity(command.agent_id, now).held += 1
        for counters in self._of_reservation(reservation, now):
            counters.offers += 1

    def _accepted(self, reservation_id: str, now: int) -> None:
        reservation = self.state.reservations.get(reservation_id)
        if reservation is None or reservation.accepted:
            return
        reservation.accepted = True
        for counters in self._of_reservation(reservation, now):
            counters.accepted += 1

    def _withdrawn(self, command: WithdrawOffer, now: int) -> None:
        reservation = self.state.reservations.get(command.reservation_id)
        if reservation is None:
            return
        if not reservation.accepted:
            for counters in self._of_reservation(reservation, now):
                match command.reason:
                    case WithdrawReason.EXPIRED:
                        counters.missed += 1
                    case WithdrawReason.REJECTED:
                        counters.rejected += 1
                    case WithdrawReason.FAILED:
                        counters.failed += 1
                    case _:
                        counters.withdrawn += 1
        self._over(command.reservation_id, now)

    def _hold(self, interaction_id: str, now: int, *, on: bool) -> None:
        for reservation in self.state.reservations.values():
            talks = reservation.connected_at is not None and reservation.ended_at is None
            if reservation.interaction_id == interaction_id and talks:
                _stop_hold(reservation, now)
                reservation.hold_since = now if on else None

    def _end(self, reservation: OpenReservation, now: int) -> None:
        _stop_hold(reservation, now)
        reservation.ended_at = now

    def _over(self, reservation_id: str, now: int) -> None:
        """The agent's capacity is free; a conversation is counted with all its time."""
        reservation = self.state.reservations.pop(reservation_id, None)
        if reservation is None:
            return
        work = self.state.work.get(reservation.work_id)
        if work is not None and reservation_id in work.reservations:
            work.reservations.remove(reservation_id)
        self._spend_until(reservation.agent_id, now)
        activity = self._activity(reservation.agent_id, now)
        activity.held = max(0, activity.held - 1)
        self.slots.mark_changed((AGENT, reservation.agent_id))
        if reservation.connected_at is None:
            return
        if reservation.ended_at is None:
            self._end(reservation, now)
        ended_at = reservation.ended_at or now
        for counters in self._of_reservation(reservation, now):
            counters.handled += 1
            counters.ring_us += reservation.connected_at - reservation.offered_at
            counters.talk_us += ended_at - reservation.connected_at - reservation.hold_us
            counters.hold_us += reservation.hold_us
            counters.wrap_up_us += now - ended_at

    # --- counters -----------------------------------------------------------------------------------------------

    def _of(self, work: OpenWork, now: int) -> Iterator[Counters]:
        yield self.slots.at((QUEUE, work.queue), now)
        yield self.slots.at((MEDIUM, work.medium), now)
        if work.channel:
            yield self.slots.at((CHANNEL, work.channel), now)

    def _of_reservation(self, reservation: OpenReservation, now: int) -> Iterator[Counters]:
        yield self.slots.at((AGENT, reservation.agent_id), now)
        work = self.state.work.get(reservation.work_id)
        if work is not None:
            yield from self._of(work, now)

    def _activity(self, agent_id: str, now: int) -> Activity:
        if agent_id not in self.state.agents:
            self.state.agents[agent_id] = Activity(Presence.OFFLINE, now)
        return self.state.agents[agent_id]

    def _spend_until(self, agent_id: str, now: int) -> None:
        """What the agent did since it was last counted goes into the slots that it lies in."""
        activity = self._activity(agent_id, now)
        if activity.counts:
            for begin, end in pieces(activity.since, now):
                _spend(self.slots.at((AGENT, agent_id), begin), activity, end - begin)
        activity.since = max(activity.since, now)


def _begins(command: Command) -> bool:
    """Whether an item of another shard is this one's from now on."""
    return isinstance(command, AnswerHandoff) and command.first and not command.refused


def _spend(counters: Counters, activity: Activity, duration_us: int) -> None:
    if activity.held:
        counters.busy_us += duration_us
    elif activity.presence is Presence.READY:
        counters.idle_us += duration_us
    elif activity.presence is Presence.NOT_READY:
        counters.away_us += duration_us


def _stop_hold(reservation: OpenReservation, now: int) -> None:
    if reservation.hold_since is not None:
        reservation.hold_us += now - reservation.hold_since
        reservation.hold_since = None
