"""The moves that events are made of: each keeps state, indexes, timers and rows in step and says what is to be done."""

from router.admission import Admission
from router.agent import DECLARED, Agent, AgentCause
from router.commands import (
    CloseWork,
    Command,
    Decision,
    DivertWork,
    EndWrapUp,
    JoinLegs,
    PartLegs,
    Refuse,
    SendOffer,
    ShowPresence,
    StartWrapUp,
    WithdrawOffer,
)
from router.handoff import Handoffs
from router.matching import Pair
from router.offer import OfferCause, Reservation
from router.parking import Parking
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import EndedBy, OfferState, Outcome, Presence, WithdrawReason, WorkState
from router.waiting import Waiting
from router.work import Work, WorkCause

REASON_REMOVED = "removed"


class Moves:
    """Mutations of one shard. `out` collects the turn's commands, `now` is the turn's time (microseconds).

    `fresh` are items to be matched at the end of the turn, `changed` agents whose availability may have changed,
    `spread` items offered in this turn that may be offered to more agents at once. `restoring`: what is due is left to
    the timers, as it was where the rows were written.
    """

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.now = 0
        self.out: list[Command] = []
        self.fresh: dict[str, Work] = {}
        self.changed: dict[str, Agent] = {}
        self.spread: dict[str, Work] = {}
        self.restoring = False
        self.admission = Admission(self)
        self.handoffs = Handoffs(self)
        self.waiting = Waiting(self)
        self.parking = Parking(self)

    def begin(self, now: int) -> list[Command]:
        """Start a turn and return the list that its commands go to. Time never runs backwards."""
        self.shard.clock = self.now = max(now, self.shard.clock)
        self.out = []
        return self.out

    def refuse(self, code: str, message: str) -> None:
        """Answer an event that came too late or was not legal."""
        self.out.append(Refuse(code, message))

    # -- agents

    def presence(self, agent: Agent, cause: AgentCause, reason: str | None) -> None:
        """Move the agent's presence; the reason is taken over when the presence changes or the agent declared it."""
        before = agent.move(cause)
        declared = cause in (AgentCause.SET_READY, AgentCause.SET_NOT_READY, AgentCause.SET_OFFLINE)
        if agent.presence is before and not (declared and agent.reason != reason):
            return
        agent.reason = reason
        agent.next_presence = agent.next_reason = None
        if agent.presence is Presence.OFFLINE:
            agent.paused = ()
        agent.presence_since = self.now
        if agent.presence is Presence.READY and before is not Presence.READY:
            agent.idle_since = self.now
        self.changed[agent.agent_id] = agent
        self.shard.touch_agent(agent)
        self.show(agent)

    def show(self, agent: Agent) -> None:
        """Tell what presence now holds."""
        shown = (agent.presence, agent.reason, agent.presence_since, agent.paused)
        self.out.append(ShowPresence(agent.agent_id, *shown, agent.next_presence, agent.next_reason))

    def queue_presence(self, agent: Agent, presence: Presence | None, reason: str | None) -> None:
        """What comes after the work that the agent holds; None takes it back."""
        if (agent.next_presence, agent.next_reason) != (presence, reason):
            agent.next_presence, agent.next_reason = presence, reason
            self.changed[agent.agent_id] = agent
            self.shard.touch_agent(agent)
            self.show(agent)

    def begin_queued(self, agent: Agent) -> None:
        """The agent holds nothing any more: what they queued begins."""
        declared, reason = agent.next_presence, agent.next_reason
        if declared is None or agent.reservations:
            return
        self.presence(agent, DECLARED[declared], reason)
        self.queue_presence(agent, None, None)
        if declared is Presence.OFFLINE:
            self.set_grace(agent, None)
            self.parking.let_go(agent)

    def set_grace(self, agent: Agent, deadline: int | None) -> None:
        """Arm or disarm the time within which a lost connection must come back."""
        agent.grace_deadline = deadline
        if deadline is None:
            self.shard.timers.disarm(TimerKind.GRACE, agent.agent_id)
        else:
            self.shard.timers.arm(TimerKind.GRACE, agent.agent_id, deadline)
        self.changed[agent.agent_id] = agent
        self.shard.touch_agent(agent)

    def retire(self, agent: Agent) -> None:
        """A removed agent: open offers and what they parked are given back at once; without work the agent vanishes."""
        self.parking.let_go(agent)
        for reservation in agent.open():
            if reservation.state is OfferState.OFFERED:
                self.withdraw(reservation, WithdrawReason.POLICY)
        if not agent.reservations and agent.agent_id in self.shard.agents:
            self.presence(agent, AgentCause.REMOVED, REASON_REMOVED)
            self.set_grace(agent, None)
            self.shard.timers.disarm(TimerKind.FRESH, agent.agent_id)
            del self.shard.agents[agent.agent_id]

    def limit_fresh(self, agent: Agent) -> bool:
        """Bring the time from which fresh work may come in line with what came; whether it changed."""
        until = agent.fresh_end()
        if until == agent.fresh_until:
            return False
        agent.fresh_until = until
        if until is None:
            self.shard.timers.disarm(TimerKind.FRESH, agent.agent_id)
        else:
            self.shard.timers.arm(TimerKind.FRESH, agent.agent_id, until)
        return True

    # -- from waiting to offered and back

    def claim(self, pair: Pair) -> None:
        """Reserve the agent's capacity for the item and offer it. The caller publishes the agent."""
        work, agent, shard = pair.work, pair.agent, self.shard
        rules = shard.lines[work.queue].rules
        if work.state is WorkState.WAITING:
            shard.delist(work)
            work.move(WorkCause.OFFER)
            self.waiting.arm(work)
        work.attempts += 1
        reservation_id = f"{work.work_id}.{work.attempts}"
        deadline = self.now + rules.offer_timeout_us
        units, version = shard.matcher.cost(work, agent), shard.policy.version
        reservation = Reservation(reservation_id, work, agent, work.medium, units, self.now, deadline, version)
        work.reservations[reservation_id] = reservation
        agent.take(reservation)
        if agent.rules.fresh_limit:
            agent.note_fresh(self.now)
            self.limit_fresh(agent)
            shard.touch_agent(agent)
        shard.reservations[reservation_id] = reservation
        shard.timers.arm(TimerKind.OFFER, reservation_id, deadline)
        shard.touch_work(work)
        shard.touch_reservation(reservation)
        self.out.append(
            SendOffer(
                reservation_id,
                work.work_id,
                work.interaction_id,
                agent.agent_id,
                work.queue,
                work.medium,
                work.profile.wanted,
                work.queued_at,
                deadline,
                work.attempts,
                Decision(version, rules.strategy.value, pair.terms, pair.runner_up, pair.runner_up_terms),
                rules.auto_accept,
                work.callback,
            )
        )
        if rules.auto_accept:
            self.accept(reservation)
        elif len(work.reservations) < rules.offer_to:
            self.spread[work.work_id] = work

    def accept(self, reservation: Reservation) -> None:
        """The first to accept has the item; whoever else has an offer of it loses that at once."""
        work, agent = reservation.work, reservation.agent
        reservation.move(OfferCause.ACCEPT)
        work.move(WorkCause.ACCEPT)
        reservation.deadline = None
        work.parked_by = work.stays = None
        self.shard.timers.disarm(TimerKind.OFFER, reservation.reservation_id)
        self.shard.timers.disarm(TimerKind.STAGE, work.work_id)
        agent.handled_today += 1
        self.shard.touch_agent(agent)
        self.shard.touch_work(work)
        self.shard.touch_reservation(reservation)
        self.out.append(
            JoinLegs(reservation.reservation_id, work.work_id, work.interaction_id, reservation.agent.agent_id)
        )
        for other in list(work.reservations.values()):
            if other is not reservation:
                self.drop(other, WithdrawReason.TAKEN)

    def withdraw(self, reservation: Reservation, reason: WithdrawReason) -> None:
        """An offer, accepted or not, comes to nothing; with the last one the item goes back to its place."""
        work = reservation.work
        self.drop(reservation, reason)
        if not work.reservations:
            self.waiting.resume(work)

    def withdraw_all(self, work: Work, reason: WithdrawReason) -> None:
        """All offers of an item that nobody has taken are over; the caller says what becomes of it."""
        for reservation in list(work.reservations.values()):
            self.drop(reservation, reason)

    def drop(self, reservation: Reservation, reason: WithdrawReason) -> None:
        """The agent loses an offer, accepted or not; the caller says what becomes of the item."""
        work, agent = reservation.work, reservation.agent
        offered = reservation.state is OfferState.OFFERED
        reservation.move(OfferCause.WITHDRAW if offered else OfferCause.RELEASE)
        if offered and agent.recent:
            agent.forget_fresh(reservation.offered_at)
            self.limit_fresh(agent)
            self.shard.touch_agent(agent)
        self.out.append(
            WithdrawOffer(reservation.reservation_id, work.work_id, work.interaction_id, agent.agent_id, reason)
        )
        self._free(reservation)

    def rest(self, work: Work, agent: Agent, until: int) -> None:
        """Do not offer the item to this agent again before `until`."""
        work.resting[agent.agent_id] = until
        self._arm_rest(work)
        self.shard.touch_work(work)

    def end_rests(self, work: Work) -> None:
        """Forget the rests that are over and try the item again."""
        for agent_id in [agent_id for agent_id, until in work.resting.items() if until <= self.now]:
            del work.resting[agent_id]
        self._arm_rest(work)
        self.shard.touch_work(work)
        self.renew(work)

    def awaken(self, work: Work, agent_id: str) -> None:
        """Forget that the item rests for this agent."""
        if work.resting.pop(agent_id, None) is not None:
            self._arm_rest(work)
            self.renew(work)
            self.shard.touch_work(work)

    def renew(self, work: Work) -> None:
        """Match the item at the end of the turn, if it waits then and its time has come."""
        if not work.scheduled:
            self.fresh[work.work_id] = work

    def collect(self) -> list[Work]:
        """The items that are to be matched now; they no longer count as fresh."""
        fresh = [work for work in self.fresh.values() if work.state is WorkState.WAITING and not work.scheduled]
        if self.fresh:
            self.fresh = {}
        return fresh

    def _arm_rest(self, work: Work) -> None:
        if work.resting:
            self.shard.timers.arm(TimerKind.REST, work.work_id, min(work.resting.values()))
        else:
            self.shard.timers.disarm(TimerKind.REST, work.work_id)

    # -- the end of work

    def release(self, reservation: Reservation, by: EndedBy) -> None:
        """The assignment is over without wrap-up, the capacity free at once; the caller says what of the item."""
        self._part(reservation, by)
        reservation.move(OfferCause.RELEASE)
        self._free(reservation)

    def start_wrap_up(self, reservation: Reservation, by: EndedBy) -> None:
        """The conversation is over; with no wrap-up time the whole assignment is."""
        work = reservation.work
        self._part(reservation, by)
        reservation.move(OfferCause.END)
        work.move(WorkCause.END)
        reservation.ended_at = self.now
        duration = self.shard.lines[work.queue].rules.wrap_up_us
        if duration <= 0:
            self.finish(reservation, None)
            return
        self.shard.touch_work(work)
        self.wrap_up_until(reservation, self.now + duration)

    def wrap_up_until(self, reservation: Reservation, deadline: int) -> None:
        """Wrap-up ends at this time unless the agent ends it; also when they have asked for more."""
        work = reservation.work
        reservation.deadline = deadline
        self.shard.timers.arm(TimerKind.WRAP_UP, reservation.reservation_id, deadline)
        self.shard.touch_reservation(reservation)
        self.out.append(
            StartWrapUp(
                reservation.reservation_id, work.work_id, work.interaction_id, reservation.agent.agent_id, deadline
            )
        )

    def finish(self, reservation: Reservation, disposition: str | None, outcome: Outcome = Outcome.HANDLED) -> None:
        """Wrap-up is over: the agent is idle from now on, as far as this item goes."""
        work, agent = reservation.work, reservation.agent
        reservation.move(OfferCause.FINISH)
        agent.idle_since = self.now
        self.shard.touch_agent(agent)
        self.out.append(
            EndWrapUp(reservation.reservation_id, work.work_id, work.interaction_id, agent.agent_id, disposition)
        )
        self._free(reservation)
        self.close(work, outcome)

    def divert(self, work: Work, way: str, why: str) -> None:
        """A rule sends an item that nobody has taken to what its channel does next."""
        self.out.append(DivertWork(work.work_id, work.interaction_id, way, why))
        self.close(work, Outcome.DIVERTED)

    def close(self, work: Work, outcome: Outcome) -> None:
        """The item leaves the router for good."""
        self.shard.delist(work)
        work.move(WorkCause.CLOSE)
        if work.resting:
            self.shard.timers.disarm(TimerKind.REST, work.work_id)
        self.waiting.forget(work)
        self.fresh.pop(work.work_id, None)
        del self.shard.work[work.work_id]
        self.shard.matcher.unbind(work)
        self.shard.touch_work(work)
        self.out.append(CloseWork(work.work_id, work.interaction_id, outcome))

    def _part(self, reservation: Reservation, by: EndedBy) -> None:
        work = reservation.work
        self.out.append(
            PartLegs(reservation.reservation_id, work.work_id, work.interaction_id, reservation.agent.agent_id, by)
        )

    def free(self, reservation: Reservation, cause: OfferCause) -> None:
        """The reservation ends by this; the caller tells, and says what becomes of the item."""
        reservation.move(cause)
        self._free(reservation)

    def _free(self, reservation: Reservation) -> None:
        shard, agent = self.shard, reservation.agent
        if reservation.deadline is not None:
            shard.timers.disarm(TimerKind.OFFER, reservation.reservation_id)
            shard.timers.disarm(TimerKind.WRAP_UP, reservation.reservation_id)
        agent.give_back(reservation)
        del reservation.work.reservations[reservation.reservation_id]
        del shard.reservations[reservation.reservation_id]
        shard.touch_reservation(reservation)
        self.changed[agent.agent_id] = agent
