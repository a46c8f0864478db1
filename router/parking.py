"""Parked work: a conversation that waits for its customer holds none of its agent's units, and comes back to them.

It comes back when the customer is heard (or the agent wants it), or at the time that the agent chose; then it waits for
its agent alone as long as the queue is patient (`park_patience_us`) and they are present, afterwards for all. When the
agent signs out, the queue has it at once.
"""

from typing import TYPE_CHECKING

from router.agent import Agent
from router.commands import ParkWork, RequeueWork
from router.events import WorkParked, WorkRecalled
from router.offer import OfferCause, Reservation
from router.vocabulary import Medium, OfferState, WorkState
from router.work import Work, WorkCause

if TYPE_CHECKING:
    from router.moves import Moves


class Parking:
    """Carries it out with the moves of one shard; what is not legal is refused and changes nothing."""

    def __init__(self, moves: "Moves") -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: WorkParked | WorkRecalled) -> None:
        """One event."""
        if isinstance(event, WorkParked):
            self._asked(event)
            return
        work = self._shard.work.get(event.work_id)
        if work is not None and work.parked:
            self.back(work)

    def back(self, work: Work) -> None:
        """A parked item waits from now on."""
        self.loose(work)
        if self._moves.waiting.stand(work):
            self._moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    def loose(self, work: Work) -> None:
        """It is not parked any more; the caller says where it stands."""
        self.forget(work)
        now = self._moves.now
        work.not_before, work.parked_at = None, 0
        work.queued_at = work.ringed_at = now
        self._shard.touch_work(work)

    def let_go(self, agent: Agent) -> None:
        """The agent is not there any more: the queues have what they parked, and what came back to them."""
        # In an order that a restored shard has too.
        for work in sorted(self._shard.parked.get(agent.agent_id, {}).values(), key=_order):
            self.back(work)
        for work in sorted(self._shard.matcher.preferring(agent), key=_order):
            if work.parked_by == agent.agent_id and work.state is WorkState.WAITING:
                self.give_up(work, agent)
                self._moves.waiting.rerank(work)

    def give_up(self, work: Work, agent: Agent) -> None:
        """It does not wait for this agent any more."""
        if work.parked_by == agent.agent_id and not work.parked:
            work.parked_by = None
            self._shard.touch_work(work)

    def forget(self, work: Work) -> None:
        """The item is parked no more, or is closed."""
        if not work.parked or work.parked_by is None:
            return
        held = self._shard.parked[work.parked_by]
        del held[work.work_id]
        if not held:
            del self._shard.parked[work.parked_by]

    def _asked(self, event: WorkParked) -> None:
        moves, reservation = self._moves, self._shard.reservations.get(event.reservation_id)
        if reservation is None or reservation.state is not OfferState.CONNECTED:
            moves.refuse("not_connected", f"reservation {event.reservation_id} is no conversation")
            return
        if reservation.agent.agent_id != event.agent_id:
            moves.refuse("not_yours", f"reservation {event.reservation_id} is not of agent {event.agent_id}")
            return
        rules = self._shard.lines[reservation.work.queue].rules
        if reservation.medium is Medium.VOICE or rules.park_limit == 0 or reservation.agent.removed:
            moves.refuse("not_parkable", f"work of queue {rules.name} is not parked")
            return
        latest = moves.now + rules.park_max_us
        until = latest if event.until is None else min(event.until, latest)
        if until <= moves.now:
            moves.refuse("too_soon", "the time is past")
        elif len(self._shard.parked.get(event.agent_id, {})) >= rules.park_limit:
            moves.refuse("too_many_parked", f"{rules.park_limit} items are parked already")
        else:
            self._park(reservation, until)

    def _park(self, reservation: Reservation, until: int) -> None:
        moves, shard = self._moves, self._shard
        work, agent_id = reservation.work, reservation.agent.agent_id
        command = ParkWork(reservation.reservation_id, work.work_id, work.interaction_id, agent_id, until)
        moves.out.append(command)
        moves.free(reservation, OfferCause.RELEASE)
        # Before whom it prefers is another one: the indexes go by it.
        shard.matcher.unbind(work)
        work.profile = shard.matcher.unbound
        work.preferred, work.directed = (agent_id,), None
        work.parked_by, work.parked_at = agent_id, moves.now
        work.move(WorkCause.RETURN)
        moves.waiting.later(work, until)
        shard.parked.setdefault(agent_id, {})[work.work_id] = work
        shard.touch_work(work)
        moves.waiting.stand(work)


def _order(work: Work) -> tuple[int, str]:
    return work.parked_at, work.work_id
