"""What people may do to a work item from outside its conversation: move it, keep it for an agent, end it."""

from typing import assert_never

from router.events import WorkCancelled, WorkDirected, WorkMoved
from router.moves import Moves
from router.vocabulary import EndedBy, OfferState, Outcome, WithdrawReason, WorkState
from router.work import Work

_NOT_TAKEN = (WorkState.WAITING, WorkState.OFFERED)


class Interventions:
    """Carries them out with the moves of one shard; what is not legal is refused and changes nothing."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: WorkMoved | WorkDirected | WorkCancelled) -> None:
        """One intervention. Unknown work is refused as `unknown_work`."""
        work = self._shard.work.get(event.work_id)
        if work is None:
            self._moves.refuse("unknown_work", f"there is no open work {event.work_id}")
            return
        match event:
            case WorkMoved():
                self._move(work, event.queue)
            case WorkDirected():
                self._direct(work, event.agent_id)
            case WorkCancelled():
                self._cancel(work)
            case _:
                assert_never(event)

    def _move(self, work: Work, queue: str) -> None:
        """To another queue, with the time of queueing as it was. A move ends an earlier direction."""
        line = self._shard.lines.get(queue)
        if line is None or line.retired:
            self._moves.refuse("unknown_queue", f"there is no queue {queue}")
        elif line.rules.medium is not work.medium:
            self._moves.refuse("wrong_medium", f"queue {queue} takes {line.rules.medium}, not {work.medium}")
        elif self._not_taken(work) and (queue != work.queue or work.directed is not None):
            self._moves.reroute(work, queue, None, WithdrawReason.MOVED)

    def _direct(self, work: Work, agent_id: str | None) -> None:
        """For one agent alone, or for all again. An offer that this agent has already goes on."""
        if agent_id is not None and not self._shard.policy.takes(agent_id, work.medium):
            self._moves.refuse("unknown_agent", f"no agent {agent_id} takes {work.medium}")
            return
        if not self._not_taken(work):
            return
        if agent_id is not None:
            self._moves.awaken(work, agent_id)
        if work.directed == agent_id:
            return
        reservation = work.reservation
        if reservation is None or agent_id not in (None, reservation.agent.agent_id):
            self._moves.reroute(work, work.queue, agent_id, WithdrawReason.DIRECTED)
            return
        self._shard.matcher.unbind(work)
        work.directed = agent_id
        self._shard.bind(work)
        self._shard.touch_work(work)

    def _not_taken(self, work: Work) -> bool:
        if work.state in _NOT_TAKEN:
            return True
        self._moves.refuse("not_waiting", f"work {work.work_id} is {work.state}")
        return False

    def _cancel(self, work: Work) -> None:
        """Out of the router at once, from any state; the outcome is `cancelled`."""
        reservation = work.reservation
        if reservation is None:
            self._moves.close(work, Outcome.CANCELLED)
            return
        match reservation.state:
            case OfferState.OFFERED:
                self._moves.drop(reservation, WithdrawReason.CANCELLED, Outcome.CANCELLED)
            case OfferState.ACCEPTED | OfferState.CONNECTED:
                self._moves.release(reservation, EndedBy.SYSTEM, Outcome.CANCELLED)
            case OfferState.WRAP_UP:
                self._moves.finish(reservation, None, Outcome.CANCELLED)
            case OfferState.CLOSED:
                pass
            case _:
                assert_never(reservation.state)
