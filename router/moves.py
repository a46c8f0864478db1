"""The moves that events are made of: each keeps state, indexes, timers and rows in step and says what is to be done."""

from router.agent import Agent, AgentCause
from router.commands import (
    CloseWork,
    Command,
    Decision,
    EndWrapUp,
    PartLegs,
    Refuse,
    RequeueWork,
    SendOffer,
    ShowPresence,
    StartWrapUp,
    WithdrawOffer,
)
from router.matching import Pair
from router.offer import OfferCause, Reservation
from router.policy import Policy
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import EndedBy, OfferState, Outcome, Presence, WithdrawReason
from router.work import Work, WorkCause

REASON_REMOVED = "removed"


class Moves:
    """Mutations of one shard. `out` collects the turn's commands, `now` is the turn's time (microseconds).

    `fresh` are items to be matched at the end of the turn, `changed` agents whose availability may have changed.
    """

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.now = 0
        self.out: list[Command] = []
        self.fresh: dict[str, Work] = {}
        self.changed: dict[str, Agent] = {}

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
        agent.presence_since = self.now
        if agent.presence is Presence.READY and before is not Presence.READY:
            agent.idle_since = self.now
        self.changed[agent.agent_id] = agent
        self.shard.touch_agent(agent)
        self.show(agent)

    def show(self, agent: Agent) -> None:
        """Tell what presence now holds."""
        self.out.append(ShowPresence(agent.agent_id, agent.presence, agent.reason, agent.presence_since))

    def set_grace(self, agent: Agent, deadline: int | None) -> None:
        """Arm or disarm the time within which a lost connection must come back."""
        agent.grace_deadline = deadline
        if deadline is None:
            self.shard.timers.disarm(TimerKind.GRACE, agent.agent_id)
        else:
            self.shard.timers.arm(TimerKind.GRACE, agent.agent_id, deadline)
        self.shard.touch_agent(agent)

    def retire(self, agent: Agent) -> None:
        """A removed agent: open offers are given back at once; without work the agent vanishes."""
        for reservation in agent.open():
            if reservation.state is OfferState.OFFERED:
                self.withdraw(reservation, WithdrawReason.POLICY)
        if not agent.reservations and agent.agent_id in self.shard.agents:
            self.presence(agent, AgentCause.REMOVED, REASON_REMOVED)
            self.set_grace(agent, None)
            del self.shard.agents[agent.agent_id]

    # -- from waiting to offered and back

    def admit(self, work: Work) -> None:
        """A new item, to be matched at the end of the turn."""
        self.shard.work[work.work_id] = work
        self.shard.bind(work)
        self.shard.touch_work(work)
        self.fresh[work.work_id] = work

    def claim(self, pair: Pair) -> None:
        """Reserve the agent's capacity for the item and offer it. The caller publishes the agent."""
        work, agent, shard = pair.work, pair.agent, self.shard
        policy: Policy = shard.policy
        shard.delist(work)
        work.move(WorkCause.OFFER)
        work.attempts += 1
        reservation_id = f"{work.work_id}.{work.attempts}"
        rules = shard.lines[work.queue].rules
        deadline = self.now + rules.offer_timeout_us
        units = shard.matcher.cost(work, agent)
        reservation = Reservation(
            reservation_id, work, agent, work.medium, units, self.now, deadline, policy_version=policy.version
        )
        work.reservation = reservation
        agent.take(reservation)
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
                Decision(policy.version, rules.strategy.value, pair.terms, pair.runner_up, pair.runner_up_terms),
            )
        )

    def withdraw(self, reservation: Reservation, reason: WithdrawReason) -> None:
        """An offer, accepted or not, comes to nothing: the agent loses it, the item goes back to its place."""
        work = reservation.work
        self._drop(reservation, reason)
        work.move(WorkCause.RETURN)
        self.shard.touch_work(work)
        self.fresh[work.work_id] = work
        self.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

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
        self.fresh[work.work_id] = work

    def _arm_rest(self, work: Work) -> None:
        if work.resting:
            self.shard.timers.arm(TimerKind.REST, work.work_id, min(work.resting.values()))
        else:
            self.shard.timers.disarm(TimerKind.REST, work.work_id)

    def reroute(self, work: Work, queue: str, directed: str | None, reason: WithdrawReason) -> None:
        """Put an item that is not taken yet under another demand; an open offer of it is withdrawn for `reason`."""
        shard, reservation = self.shard, work.reservation
        shard.delist(work)
        shard.matcher.unbind(work)
        work.queue, work.directed = queue, directed
        shard.bind(work)
        if reservation is not None:
            self.withdraw(reservation, reason)
            return
        shard.touch_work(work)
        self.fresh[work.work_id] = work
        self.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    def awaken(self, work: Work, agent_id: str) -> None:
        """Forget that the item rests for this agent."""
        if work.resting.pop(agent_id, None) is not None:
            self._arm_rest(work)
            self.fresh[work.work_id] = work
            self.shard.touch_work(work)

    # -- the end of work

    def drop(self, reservation: Reservation, reason: WithdrawReason, outcome: Outcome) -> None:
        """The item leaves while it is offered."""
        work = reservation.work
        self._drop(reservation, reason)
        self.close(work, outcome)

    def release(self, reservation: Reservation, by: EndedBy, outcome: Outcome) -> None:
        """The item leaves while it is accepted, or cancelled in mid-conversation: no wrap-up, capacity free at once."""
        work = reservation.work
        self._part(reservation, by)
        reservation.move(OfferCause.RELEASE)
        self._free(reservation)
        self.close(work, outcome)

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
        reservation.deadline = self.now + duration
        self.shard.timers.arm(TimerKind.WRAP_UP, reservation.reservation_id, reservation.deadline)
        self.shard.touch_work(work)
        self.shard.touch_reservation(reservation)
        self.out.append(
            StartWrapUp(
                reservation.reservation_id,
                work.work_id,
                work.interaction_id,
                reservation.agent.agent_id,
                reservation.deadline,
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

    def close(self, work: Work, outcome: Outcome) -> None:
        """The item leaves the router for good."""
        self.shard.delist(work)
        work.move(WorkCause.CLOSE)
        if work.resting:
            self.shard.timers.disarm(TimerKind.REST, work.work_id)
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

    def _drop(self, reservation: Reservation, reason: WithdrawReason) -> None:
        work = reservation.work
        offered = reservation.state is OfferState.OFFERED
        reservation.move(OfferCause.WITHDRAW if offered else OfferCause.RELEASE)
        self.out.append(
            WithdrawOffer(
                reservation.reservation_id, work.work_id, work.interaction_id, reservation.agent.agent_id, reason
            )
        )
        self._free(reservation)

    def _free(self, reservation: Reservation) -> None:
        shard, agent = self.shard, reservation.agent
        if reservation.deadline is not None:
            shard.timers.disarm(TimerKind.OFFER, reservation.reservation_id)
            shard.timers.disarm(TimerKind.WRAP_UP, reservation.reservation_id)
        agent.give_back(reservation)
        reservation.work.reservation = None
        del shard.reservations[reservation.reservation_id]
        shard.touch_reservation(reservation)
        self.changed[agent.agent_id] = agent
