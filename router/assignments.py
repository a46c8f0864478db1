"""Events of offers and assignments: who took what, who left, how it ended."""

from typing import assert_never

from router.agent import AgentCause
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    CallbackFailed,
    CustomerLeft,
    NodeLost,
    OfferAccepted,
    OfferFailed,
    OfferRejected,
    WrapUpExtended,
    WrapUpFinished,
)
from router.moves import Moves
from router.offer import OfferCause, Reservation
from router.vocabulary import (
    REASON_LEG_FAILED,
    REASON_MISSED_OFFER,
    EndedBy,
    Medium,
    OfferState,
    Outcome,
    WithdrawReason,
    WorkState,
)
from router.work import Work, WorkCause

# A shard time that never comes: 2^62 microseconds are 146,000 years.
FOR_GOOD = 1 << 62

HELD = (OfferState.ACCEPTED, OfferState.CONNECTED)

AssignmentEvent = (
    OfferAccepted
    | OfferRejected
    | OfferFailed
    | AssignmentConnected
    | AssignmentFailed
    | AssignmentEnded
    | CallbackFailed
    | WrapUpExtended
    | WrapUpFinished
    | CustomerLeft
    | NodeLost
)


class Assignments:
    """Carries them out with the moves of one shard. What comes late is refused to who asked, else without effect."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: AssignmentEvent) -> None:
        """One event."""
        match event:
            case OfferAccepted():
                self._accepted(event)
            case OfferRejected():
                self._rejected(event)
            case OfferFailed():
                self._leg_failed(event.reservation_id, (OfferState.OFFERED,))
            case AssignmentConnected():
                self._connected(event)
            case AssignmentFailed():
                self._leg_failed(event.reservation_id, HELD)
            case AssignmentEnded():
                self._ended(event)
            case CallbackFailed():
                self._callback_failed(self._shard.reservations.get(event.reservation_id))
            case WrapUpExtended():
                self._wrap_up_extended(event)
            case WrapUpFinished():
                self._wrap_up_finished(event)
            case CustomerLeft():
                self._customer_left(event)
            case NodeLost():
                self._node_lost(event)
            case _:
                assert_never(event)

    def missed(self, reservation: Reservation) -> None:
        """The offer's deadline has come. Who stays ready is not offered the item again at once."""
        moves, work, agent = self._moves, reservation.work, reservation.agent
        rules = self._shard.lines[work.queue].rules
        moves.parking.give_up(work, agent)
        if rules.missed_not_ready:
            moves.presence(agent, AgentCause.MISSED_OFFER, REASON_MISSED_OFFER)
        else:
            moves.rest(work, agent, moves.now + (rules.reject_rest_us or rules.offer_timeout_us))
        moves.withdraw(reservation, WithdrawReason.EXPIRED)

    # -- offers

    def _held_by(self, reservation_id: str, agent_id: str, late: str) -> Reservation | None:
        """The reservation when it is open and this agent's; otherwise a refusal."""
        reservation = self._shard.reservations.get(reservation_id)
        if reservation is None:
            self._moves.refuse(late, f"reservation {reservation_id} is over")
        elif reservation.agent.agent_id != agent_id:
            self._moves.refuse("not_yours", f"reservation {reservation_id} is not of agent {agent_id}")
        else:
            return reservation
        return None

    def _accepted(self, event: OfferAccepted) -> None:
        reservation = self._held_by(event.reservation_id, event.agent_id, "offer_over")
        if reservation is None or reservation.state in HELD:
            return
        if reservation.state is not OfferState.OFFERED:
            self._moves.refuse("offer_over", f"reservation {event.reservation_id} is in {reservation.state}")
            return
        self._moves.accept(reservation)
        self._moves.changed[reservation.agent.agent_id] = reservation.agent

    def _rejected(self, event: OfferRejected) -> None:
        reservation = self._held_by(event.reservation_id, event.agent_id, "offer_over")
        if reservation is None:
            return
        if reservation.state is not OfferState.OFFERED:
            self._moves.refuse("offer_over", f"reservation {event.reservation_id} is in {reservation.state}")
            return
        work = reservation.work
        self._moves.parking.give_up(work, reservation.agent)
        rest = self._shard.lines[work.queue].rules.reject_rest_us
        if rest is None:
            self._moves.rest(work, reservation.agent, FOR_GOOD)
        elif rest > 0:
            self._moves.rest(work, reservation.agent, self._moves.now + rest)
        self._moves.withdraw(reservation, WithdrawReason.REJECTED)

    def _leg_failed(self, reservation_id: str, states: tuple[OfferState, ...]) -> None:
        reservation = self._shard.reservations.get(reservation_id)
        if reservation is not None and reservation.state in states:
            self._moves.presence(reservation.agent, AgentCause.LEG_FAILED, REASON_LEG_FAILED)
            self._moves.withdraw(reservation, WithdrawReason.FAILED)

    # -- assignments

    def _connected(self, event: AssignmentConnected) -> None:
        reservation = self._shard.reservations.get(event.reservation_id)
        if reservation is not None and reservation.state is OfferState.ACCEPTED:
            reservation.move(OfferCause.CONNECT)
            reservation.work.move(WorkCause.CONNECT)
            reservation.connected_at = self._moves.now
            # A customer who was called back is on the line from now on, like any other.
            reservation.work.callback = False
            self._shard.touch_work(reservation.work)
            self._shard.touch_reservation(reservation)

    def _ended(self, event: AssignmentEnded) -> None:
        reservation = self._shard.reservations.get(event.reservation_id)
        if reservation is None or reservation.state not in HELD:
            return
        if reservation.state is OfferState.CONNECTED:
            self._moves.start_wrap_up(reservation, event.by)
        elif event.by is not EndedBy.CUSTOMER:
            self._leg_failed(event.reservation_id, (OfferState.ACCEPTED,))
        elif reservation.work.callback:
            self._callback_failed(reservation)
        else:
            self._leave(reservation.work, event.by, WithdrawReason.ABANDONED, Outcome.ABANDONED)

    def _callback_failed(self, reservation: Reservation | None) -> None:
        """The customer was not reached. The agent is free at once; the item is tried again later or closed."""
        if reservation is None or reservation.state is not OfferState.ACCEPTED or not reservation.work.callback:
            return
        moves, work = self._moves, reservation.work
        rules = self._shard.lines[work.queue].rules
        moves.release(reservation, EndedBy.CUSTOMER)
        work.tries += 1
        if work.tries >= rules.callback_attempts:
            moves.close(work, Outcome.UNREACHED)
            return
        moves.waiting.later(work, moves.now + rules.callback_retry_us)
        moves.waiting.resume(work)

    def _wrap_up_extended(self, event: WrapUpExtended) -> None:
        """As much of it as the queue still allows, on top of the deadline."""
        reservation = self._in_wrap_up(event.reservation_id, event.agent_id)
        if reservation is None or reservation.deadline is None:
            return
        allowed = self._shard.lines[reservation.work.queue].rules.wrap_up_extend_us - reservation.extended_us
        by = min(event.by_us, allowed)
        if by <= 0:
            self._moves.refuse("not_extendable", f"wrap-up of {event.reservation_id} cannot be extended further")
            return
        reservation.extended_us += by
        self._moves.wrap_up_until(reservation, reservation.deadline + by)

    def _wrap_up_finished(self, event: WrapUpFinished) -> None:
        reservation = self._in_wrap_up(event.reservation_id, event.agent_id)
        if reservation is not None:
            self._moves.finish(reservation, event.disposition)

    def _in_wrap_up(self, reservation_id: str, agent_id: str) -> Reservation | None:
        reservation = self._held_by(reservation_id, agent_id, "wrap_up_over")
        if reservation is None or reservation.state is OfferState.WRAP_UP:
            return reservation
        self._moves.refuse("not_in_wrap_up", f"reservation {reservation_id} is in {reservation.state}")
        return None

    # -- the customer's side

    def _customer_left(self, event: CustomerLeft) -> None:
        work = self._shard.work.get(event.work_id)
        # Who is to be called back may hang up.
        if work is not None and not work.callback:
            self._leave(work, EndedBy.CUSTOMER, WithdrawReason.ABANDONED, Outcome.ABANDONED)

    def _node_lost(self, event: NodeLost) -> None:
        for work in list(self._shard.work.values()):
            if work.node != event.node or work.medium is not Medium.VOICE:
                continue
            if not work.callback:
                self._leave(work, EndedBy.SYSTEM, WithdrawReason.NODE_LOST, Outcome.NODE_LOST)
            elif work.state is WorkState.ASSIGNED:
                # The call to the customer went with the node. It was no try: the next agent may have it at once.
                for reservation in list(work.reservations.values()):
                    self._moves.withdraw(reservation, WithdrawReason.NODE_LOST)

    def _leave(self, work: Work, by: EndedBy, reason: WithdrawReason, outcome: Outcome) -> None:
        """The customer's side of the item is gone, wherever it stands."""
        moves = self._moves
        match work.state:
            case WorkState.WAITING:
                # Whose chat was parked had been served: nobody kept them waiting.
                moves.close(work, Outcome.HANDLED if work.parked and by is EndedBy.CUSTOMER else outcome)
            case WorkState.OFFERED:
                moves.withdraw_all(work, reason)
                moves.close(work, outcome)
            case WorkState.ASSIGNED:
                moves.release(work.taken, by)
                moves.close(work, outcome)
            case WorkState.CONNECTED:
                moves.start_wrap_up(work.taken, by)
            case WorkState.LEAVING:
                moves.handoffs.end(work, outcome)
            case WorkState.WRAP_UP | WorkState.CLOSED:
                pass
            case _:
                assert_never(work.state)
