"""The dispatcher: events in, commands out. The only thing that changes a shard's state.

Pure: no I/O, no clock, no randomness. A turn is one call of `handle` or `expire`; its commands are carried out after
the turn's rows (`drain_changes`) are committed. The same events at the same times give the same commands anywhere.

An offer or assignment that comes to nothing always gives RequeueWork, and after it SendOffer when the same turn finds
somebody else. All matching happens at the end of the turn, in queue order.
"""

from typing import assert_never

from router import events as ev
from router.agent import Agent, AgentCause
from router.commands import Command, JoinLegs
from router.interventions import Interventions
from router.moves import Moves
from router.offer import OfferCause, Reservation
from router.policy import Policy
from router.restore import load_image
from router.rows import Changes, ShardImage
from router.settlement import STEPS_PER_TURN, Settlement
from router.shard import Shard
from router.timers import TimerKind
from router.views import Views
from router.vocabulary import (
    REASON_CONNECTION_LOST,
    REASON_LEG_FAILED,
    REASON_MISSED_OFFER,
    REASON_SIGNED_IN,
    EndedBy,
    Medium,
    OfferState,
    Outcome,
    Presence,
    WithdrawReason,
)
from router.work import Work, WorkCause

# A shard time that never comes: 2^62 microseconds are 146,000 years.
FOR_GOOD = 1 << 62

_HELD = (OfferState.ACCEPTED, OfferState.CONNECTED)
_PRESENCE_CAUSE = {
    Presence.READY: AgentCause.SET_READY,
    Presence.NOT_READY: AgentCause.SET_NOT_READY,
    Presence.OFFLINE: AgentCause.SET_OFFLINE,
}


class Dispatcher(Views):
    """Assigns the work of one shard. All times are integer microseconds of the shard's clock."""

    def __init__(self, policy: Policy | None = None) -> None:
        super().__init__(Shard())
        self._moves = self._new_moves()
        self._interventions = Interventions(self._moves)
        self._settlement = Settlement(self._moves)
        if policy is not None:
            self._adopt(policy)

    def _new_moves(self) -> Moves:
        return Moves(self._shard)  # replay has its own, to see the claims

    # -- the turn

    def handle(self, event: ev.Event, now: int) -> list[Command]:
        """Take in one fact and return what is to be done. A `now` before the last one counts as the last one."""
        out = self._moves.begin(now)
        self._take(event)
        self._settlement.settle()
        return out

    def next_deadline(self) -> int | None:
        """When `expire` is to be called next; already past when a turn left matches to the next one."""
        return self._shard.timers.next()

    def expire(self, now: int) -> list[Command]:
        """Apply the deadlines that have come, earliest first. More than one turn's worth stays due."""
        out = self._moves.begin(now)
        self._expire()
        self._settlement.settle()
        return out

    def drain_changes(self) -> Changes:
        """Rows touched since the last drain."""
        return self._shard.drain()

    def restore(self, policy: Policy, image: ShardImage, now: int, *, live: bool = False) -> list[Command]:
        """Become the shard that the store has, under this policy. Nothing is sent again.

        No agent counts as connected; whoever is not back within the policy's grace becomes not-ready. Offers and
        wrap-ups keep their deadlines. `live`: connections and their graces hold too, as in the running shard that the
        image was taken of (replay). Raises ImageError when the rows contradict each other, RuntimeError on a used
        dispatcher.
        """
        if self._shard.agents or self._shard.work:
            raise RuntimeError("restore needs a new dispatcher")
        out = self._moves.begin(max(now, image.clock))
        load_image(self._shard, image, live=live)
        self._adopt(policy)
        for row in () if live else image.agents:
            agent = self._shard.agents.get(row.agent_id)
            if agent is None:
                continue
            self._shard.touch_agent(agent)
            if agent.presence is not Presence.OFFLINE:
                self._moves.set_grace(agent, self._moves.now + policy.reconnect_grace_us)
        self._settlement.settle()
        return out

    @property
    def unfinished(self) -> bool:
        """Whether matches were left to the next turn, which is then due at once."""
        return self._settlement.unfinished

    def tidy(self) -> None:
        """Drop stale entries of the indexes. Changes no decision; for the moments between turns."""
        self._shard.matcher.tidy()

    # -- events

    def _take(self, event: ev.Event) -> None:  # noqa: C901 - one flat match over all events, on purpose
        match event:
            case ev.WorkQueued():
                self._work_queued(event)
            case ev.OfferAccepted():
                self._offer_accepted(event)
            case ev.AssignmentConnected():
                self._assignment_connected(event)
            case ev.AssignmentEnded():
                self._assignment_ended(event)
            case ev.WrapUpFinished():
                self._wrap_up_finished(event)
            case ev.CustomerLeft():
                self._customer_left(event)
            case ev.PresenceSet():
                self._presence_set(event)
            case ev.AgentConnected():
                self._agent_connected(event)
            case ev.AgentDisconnected():
                self._agent_disconnected(event)
            case ev.OfferRejected():
                self._offer_rejected(event)
            case ev.OfferFailed():
                self._leg_failed(event.reservation_id, (OfferState.OFFERED,))
            case ev.AssignmentFailed():
                self._leg_failed(event.reservation_id, _HELD)
            case ev.WorkMoved() | ev.WorkDirected() | ev.WorkCancelled():
                self._interventions.take(event)
            case ev.NodeLost():
                self._node_lost(event)
            case ev.PolicyChanged():
                self._adopt(event.policy)
            case ev.TimePassed():
                self._expire()
            case (
                ev.WrapUpExtended()
                | ev.CallbackRequested()
                | ev.CallbackFailed()
                | ev.WorkPrioritised()
                | ev.DayStarted()
            ):
                self._moves.refuse("not_supported", f"{type(event).__name__} is not carried out yet")
            case ev.InteractionOpened() | ev.InteractionNoted() | ev.InteractionClosed():
                pass
            case _:
                assert_never(event)

    def _work_queued(self, event: ev.WorkQueued) -> None:
        shard = self._shard
        line = shard.lines.get(event.queue)
        if event.work_id in shard.work:
            self._moves.refuse("duplicate", f"work {event.work_id} is queued already")
        elif line is None or line.retired:
            self._moves.refuse("unknown_queue", f"there is no queue {event.queue}")
        elif line.rules.medium is not event.medium:
            self._moves.refuse("wrong_medium", f"queue {event.queue} takes {line.rules.medium}, not {event.medium}")
        elif event.directed is not None and not shard.policy.takes(event.directed, event.medium):
            self._moves.refuse("unknown_agent", f"no agent {event.directed} takes {event.medium}")
        else:
            shard.sequence += 1
            self._moves.admit(Work.queued(event, self._moves.now, shard.sequence))

    def _customer_left(self, event: ev.CustomerLeft) -> None:
        work = self._shard.work.get(event.work_id)
        if work is not None:
            self._leave(work, EndedBy.CUSTOMER, WithdrawReason.ABANDONED, Outcome.ABANDONED)

    def _leave(self, work: Work, by: EndedBy, reason: WithdrawReason, outcome: Outcome) -> None:
        """The customer's side of the item is gone, wherever it stands."""
        reservation = work.reservation
        if reservation is None:
            self._moves.close(work, outcome)
            return
        match reservation.state:
            case OfferState.OFFERED:
                self._moves.drop(reservation, reason, outcome)
            case OfferState.ACCEPTED:
                self._moves.release(reservation, by, outcome)
            case OfferState.CONNECTED:
                self._moves.start_wrap_up(reservation, by)
            case OfferState.WRAP_UP | OfferState.CLOSED:
                pass
            case _:
                assert_never(reservation.state)

    def _node_lost(self, event: ev.NodeLost) -> None:
        for work in list(self._shard.work.values()):
            if work.node == event.node and work.medium is Medium.VOICE:
                self._leave(work, EndedBy.SYSTEM, WithdrawReason.NODE_LOST, Outcome.NODE_LOST)

    # -- offers and assignments

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

    def _offer_accepted(self, event: ev.OfferAccepted) -> None:
        reservation = self._held_by(event.reservation_id, event.agent_id, "offer_over")
        if reservation is None or reservation.state in _HELD:
            return
        if reservation.state is not OfferState.OFFERED:
            self._moves.refuse("offer_over", f"reservation {event.reservation_id} is in {reservation.state}")
            return
        work = reservation.work
        reservation.move(OfferCause.ACCEPT)
        work.move(WorkCause.ACCEPT)
        reservation.deadline = None
        self._shard.timers.disarm(TimerKind.OFFER, reservation.reservation_id)
        self._shard.touch_work(work)
        self._shard.touch_reservation(reservation)
        self._moves.out.append(
            JoinLegs(reservation.reservation_id, work.work_id, work.interaction_id, reservation.agent.agent_id)
        )

    def _offer_rejected(self, event: ev.OfferRejected) -> None:
        reservation = self._held_by(event.reservation_id, event.agent_id, "offer_over")
        if reservation is None:
            return
        if reservation.state is not OfferState.OFFERED:
            self._moves.refuse("offer_over", f"reservation {event.reservation_id} is in {reservation.state}")
            return
        work = reservation.work
        self._moves.withdraw(reservation, WithdrawReason.REJECTED)
        rest = self._shard.lines[work.queue].rules.reject_rest_us
        if rest is None:
            self._moves.rest(work, reservation.agent, FOR_GOOD)
        elif rest > 0:
            self._moves.rest(work, reservation.agent, self._moves.now + rest)

    def _leg_failed(self, reservation_id: str, states: tuple[OfferState, ...]) -> None:
        reservation = self._shard.reservations.get(reservation_id)
        if reservation is not None and reservation.state in states:
            self._moves.presence(reservation.agent, AgentCause.LEG_FAILED, REASON_LEG_FAILED)
            self._moves.withdraw(reservation, WithdrawReason.FAILED)

    def _assignment_connected(self, event: ev.AssignmentConnected) -> None:
        reservation = self._shard.reservations.get(event.reservation_id)
        if reservation is not None and reservation.state is OfferState.ACCEPTED:
            reservation.move(OfferCause.CONNECT)
            reservation.work.move(WorkCause.CONNECT)
            reservation.connected_at = self._moves.now
            self._shard.touch_work(reservation.work)
            self._shard.touch_reservation(reservation)

    def _assignment_ended(self, event: ev.AssignmentEnded) -> None:
        reservation = self._shard.reservations.get(event.reservation_id)
        if reservation is None or reservation.state not in _HELD:
            return
        if reservation.state is OfferState.CONNECTED or event.by is EndedBy.CUSTOMER:
            self._leave(reservation.work, event.by, WithdrawReason.ABANDONED, Outcome.ABANDONED)
        else:
            self._leg_failed(event.reservation_id, (OfferState.ACCEPTED,))

    def _wrap_up_finished(self, event: ev.WrapUpFinished) -> None:
        reservation = self._held_by(event.reservation_id, event.agent_id, "wrap_up_over")
        if reservation is None:
            return
        if reservation.state is OfferState.WRAP_UP:
            self._moves.finish(reservation, event.disposition)
        else:
            self._moves.refuse("not_in_wrap_up", f"reservation {event.reservation_id} is in {reservation.state}")

    # -- agents

    def _known(self, agent_id: str) -> Agent | None:
        agent = self._shard.agents.get(agent_id)
        if agent is None:
            self._moves.refuse("unknown_agent", f"there is no agent {agent_id}")
        return agent

    def _agent_connected(self, event: ev.AgentConnected) -> None:
        agent = self._known(event.agent_id)
        if agent is None or (agent.connected and event.generation == agent.generation):
            return
        if event.generation < agent.generation or (event.generation == agent.generation and not agent.unconfirmed):
            self._moves.refuse("stale_generation", f"agent {event.agent_id} has generation {agent.generation}")
            return
        agent.generation = event.generation
        agent.connected = True
        agent.unconfirmed = False
        self._moves.set_grace(agent, None)
        self._moves.changed[agent.agent_id] = agent
        if agent.presence is Presence.OFFLINE:
            self._moves.presence(agent, AgentCause.CONNECTED, REASON_SIGNED_IN)
        else:
            self._moves.show(agent)

    def _agent_disconnected(self, event: ev.AgentDisconnected) -> None:
        agent = self._shard.agents.get(event.agent_id)
        if agent is None or event.generation != agent.generation:
            return
        if agent.unconfirmed:
            agent.unconfirmed = False
            self._shard.touch_agent(agent)
        if not agent.connected:
            return
        agent.connected = False
        if agent.presence is not Presence.OFFLINE:
            self._moves.set_grace(agent, self._moves.now + self._shard.policy.reconnect_grace_us)
        self._moves.changed[agent.agent_id] = agent
        self._shard.touch_agent(agent)

    def _presence_set(self, event: ev.PresenceSet) -> None:
        agent = self._known(event.agent_id)
        if agent is None:
            return
        if event.presence is Presence.OFFLINE:
            self._sign_out(agent, event.reason)
        elif agent.connected or (event.presence is Presence.NOT_READY and agent.presence is not Presence.OFFLINE):
            self._moves.presence(agent, _PRESENCE_CAUSE[event.presence], event.reason)
        else:
            self._moves.refuse("not_connected", f"agent {event.agent_id} is not connected")

    def _sign_out(self, agent: Agent, reason: str | None) -> None:
        reservations = agent.open()
        if any(reservation.state in _HELD for reservation in reservations):
            self._moves.refuse("work_held", f"agent {agent.agent_id} is in a conversation")
            return
        self._moves.presence(agent, AgentCause.SET_OFFLINE, reason)
        self._moves.set_grace(agent, None)
        for reservation in reservations:
            if reservation.state is OfferState.OFFERED:
                self._moves.withdraw(reservation, WithdrawReason.SIGNED_OUT)
            else:
                self._moves.finish(reservation, None)

    # -- policy, deadlines, matching

    def _adopt(self, policy: Policy) -> None:
        changed, waiting = self._shard.adopt(policy)
        for agent in sorted(changed, key=lambda agent: agent.agent_id):
            self._moves.changed[agent.agent_id] = agent
            if agent.removed:
                self._moves.retire(agent)
        for work in waiting:
            self._moves.fresh[work.work_id] = work

    def _expire(self) -> None:
        for _ in range(STEPS_PER_TURN):
            due = self._shard.timers.pop_due(self._moves.now)
            if due is None:
                return
            self._deadline(*due)

    def _deadline(self, kind: TimerKind, name: str) -> None:
        shard, moves = self._shard, self._moves
        match kind:
            case TimerKind.OFFER:
                reservation = shard.reservations[name]
                moves.presence(reservation.agent, AgentCause.MISSED_OFFER, REASON_MISSED_OFFER)
                moves.withdraw(reservation, WithdrawReason.EXPIRED)
            case TimerKind.WRAP_UP:
                moves.finish(shard.reservations[name], None)
            case TimerKind.GRACE:
                agent = shard.agents[name]
                moves.set_grace(agent, None)
                moves.presence(agent, AgentCause.CONNECTION_LOST, REASON_CONNECTION_LOST)
            case TimerKind.REST:
                moves.end_rests(shard.work[name])
            case TimerKind.MATCH:
                pass
            case _:
                assert_never(kind)
