"""What may be done to a work item from outside its conversation: move it, keep it for an agent, rank it, end it."""

from typing import assert_never

from router.events import CallbackRequested, WorkCancelled, WorkDirected, WorkMoved, WorkPrioritised, WorkTakenUp
from router.moves import Moves
from router.vocabulary import EndedBy, Outcome, WithdrawReason, WorkState
from router.work import Work, WorkCause

# Why an item left for another shard (HandWork.why), beside the rules of its queue.
MOVED = "moved"
_NOT_TAKEN = (WorkState.WAITING, WorkState.OFFERED)

Intervention = WorkMoved | WorkDirected | WorkPrioritised | WorkCancelled | CallbackRequested | WorkTakenUp


class Interventions:
    """Carries them out with the moves of one shard; what is not legal is refused and changes nothing."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: Intervention) -> None:
        """One intervention. Unknown work is refused as `unknown_work`, taken work as `not_waiting`."""
        work = self._shard.work.get(event.work_id)
        if work is None:
            self._moves.refuse("unknown_work", f"there is no open work {event.work_id}")
            return
        match event:
            case WorkMoved():
                self._move(work, event.queue)
            case WorkDirected():
                self._direct(work, event.agent_id)
            case WorkPrioritised():
                self._prioritise(work, event.priority)
            case CallbackRequested():
                self._call_back(work)
            case WorkCancelled():
                self._cancel(work)
            case WorkTakenUp():
                self._take_up(work, event.node, event.before)
            case _:
                assert_never(event)

    def _move(self, work: Work, queue: str) -> None:
        """To another queue, with the time of queueing as it was. A move ends an earlier direction.

        To the queue where it is: its offers and its direction end."""
        line = self._shard.lines.get(queue)
        if queue in self._shard.policy.elsewhere:
            self._hand_over(work, queue)
        elif line is None or line.retired:
            self._moves.refuse("unknown_queue", f"there is no queue {queue}")
        elif line.rules.medium is not work.medium:
            self._moves.refuse("wrong_medium", f"queue {queue} takes {line.rules.medium}, not {work.medium}")
        elif not self._not_taken(work):
            return
        elif queue == work.queue:
            self._pull_back(work)
        else:
            barrier = self._moves.waiting.barrier(queue)
            if barrier is None:
                self._moves.waiting.reroute(work, queue, None, WithdrawReason.MOVED)
            else:
                self._moves.refuse(barrier, f"queue {queue} takes no more")

    def _hand_over(self, work: Work, queue: str) -> None:
        """To a queue of another shard, which may refuse it; then it stays where it was."""
        moves = self._moves
        if not self._not_taken(work):
            return
        if work.scheduled or not moves.handoffs.open_to(work, queue):
            moves.refuse("stays", f"work {work.work_id} cannot go to queue {queue} of another shard")
            return
        if work.state is WorkState.OFFERED:
            moves.withdraw_all(work, WithdrawReason.MOVED)
            work.move(WorkCause.RETURN)
        self._shard.delist(work)
        moves.handoffs.leave(work, queue, MOVED)

    def _pull_back(self, work: Work) -> None:
        """For all again, but for those who were just asked: as if they had missed it, and stayed ready."""
        if work.state is WorkState.WAITING and work.directed is None:
            return
        rules = self._shard.lines[work.queue].rules
        for reservation in list(work.reservations.values()):
            self._moves.rest(
                work, reservation.agent, self._moves.now + (rules.reject_rest_us or rules.offer_timeout_us)
            )
        self._moves.waiting.reroute(work, work.queue, None, WithdrawReason.MOVED)

    def _direct(self, work: Work, agent_id: str | None) -> None:
        """For one agent alone, or for all again. An offer that this agent has already goes on, others do not."""
        if agent_id is not None and not self._shard.policy.takes(agent_id, work.medium):
            self._moves.refuse("unknown_agent", f"no agent {agent_id} takes {work.medium}")
            return
        if not self._not_taken(work):
            return
        if agent_id is not None:
            self._moves.awaken(work, agent_id)
        if work.directed == agent_id:
            return
        if work.state is WorkState.WAITING or (agent_id is not None and work.claim_of(agent_id) is None):
            self._moves.waiting.reroute(work, work.queue, agent_id, WithdrawReason.DIRECTED)
            return
        for reservation in list(work.reservations.values()):
            if agent_id not in (None, reservation.agent.agent_id):
                self._moves.drop(reservation, WithdrawReason.DIRECTED)
        work.directed = agent_id
        self._moves.waiting.bind(work)
        self._shard.touch_work(work)

    def _prioritise(self, work: Work, priority: int) -> None:
        """Another priority of its own; open offers of it go on."""
        if not self._not_taken(work) or work.priority == priority:
            return
        work.priority = priority
        self._shard.touch_work(work)
        if work.state is WorkState.OFFERED:
            self._moves.waiting.bind(work)
        else:
            self._moves.waiting.rerank(work)

    def _call_back(self, work: Work) -> None:
        """The customer would rather be called. Too late while an agent is asked: somebody is about to answer."""
        if work.callback:
            return
        if work.state is not WorkState.WAITING or work.parked:
            self._moves.refuse("not_waiting", f"work {work.work_id} is {'parked' if work.parked else work.state}")
            return
        work.callback = True
        # Whichever shard has them on the line, they hang up, and are called by this one.
        work.origin = ""
        self._shard.touch_work(work)
        self._moves.waiting.arm(work)

    def _take_up(self, work: Work, node: str, before: str) -> None:
        """Only from where it is: of two nodes that take it up at the same time one is the first."""
        if work.node != before:
            self._moves.refuse("taken_up", f"work {work.work_id} is at {work.node} already")
            return
        work.node = node
        self._shard.touch_work(work)

    def _not_taken(self, work: Work) -> bool:
        if work.state in _NOT_TAKEN:
            return True
        self._moves.refuse("not_waiting", f"work {work.work_id} is {work.state}")
        return False

    def _cancel(self, work: Work) -> None:
        """Out of the router at once, from any state; the outcome is `cancelled`."""
        moves = self._moves
        match work.state:
            case WorkState.WAITING:
                moves.close(work, Outcome.CANCELLED)
            case WorkState.OFFERED:
                moves.withdraw_all(work, WithdrawReason.CANCELLED)
                moves.close(work, Outcome.CANCELLED)
            case WorkState.ASSIGNED | WorkState.CONNECTED:
                moves.release(work.taken, EndedBy.SYSTEM)
                moves.close(work, Outcome.CANCELLED)
            case WorkState.WRAP_UP:
                moves.finish(work.taken, None, Outcome.CANCELLED)
            case WorkState.LEAVING:
                moves.handoffs.end(work, Outcome.CANCELLED)
            case WorkState.CLOSED:
                pass
            case _:
                assert_never(work.state)
