"""New work: what is let in, and what is refused before it is anybody's."""

from typing import TYPE_CHECKING

from router.commands import Refuse
from router.events import WorkQueued
from router.work import Work

if TYPE_CHECKING:
    from router.moves import Moves


class Admission:
    """Lets work into one shard, by an event of its own or from another shard."""

    def __init__(self, moves: "Moves") -> None:
        self._moves = moves
        self._shard = moves.shard

    def take(self, event: WorkQueued, origin: str = "") -> Refuse | None:
        """Queue it, or say why not. `origin`: the shard that it came from."""
        refusal = self._check(event)
        if refusal is not None:
            return refusal
        # By the clock: who takes the shard over and knows nothing of what was closed before goes on above all rows.
        self._shard.sequence = max(self._shard.sequence + 1, self._moves.now)
        work = Work.queued(event, self._moves.now, self._shard.sequence)
        work.rooted = (origin or event.origin) != ""
        # Whoever is to be called back is on no line.
        work.origin = "" if event.callback else origin or event.origin
        barrier = self._moves.waiting.admit(work)
        if barrier is not None:
            return Refuse(barrier, f"queue {work.queue} takes no more")
        if event.taken_over:
            self._take_over(work)
        return None

    def _check(self, event: WorkQueued) -> Refuse | None:
        shard = self._shard
        line = shard.lines.get(event.queue)
        if event.work_id in shard.work:
            return Refuse("duplicate", f"work {event.work_id} is queued already")
        if event.until is not None and self._moves.now > event.until:
            return Refuse("too_late", f"work {event.work_id} was to be queued before")
        if line is None or line.retired:
            return Refuse("unknown_queue", f"there is no queue {event.queue}")
        if line.rules.medium is not event.medium:
            return Refuse("wrong_medium", f"queue {event.queue} takes {line.rules.medium}, not {event.medium}")
        if event.directed is not None and not shard.policy.takes(event.directed, event.medium):
            return Refuse("unknown_agent", f"no agent {event.directed} takes {event.medium}")
        return None

    def _take_over(self, work: Work) -> None:
        """The agent for whom it is kept asked for it: nothing else of what waits is to come to them by that."""
        moves, matcher = self._moves, self._shard.matcher
        agent = self._shard.agents.get(work.directed or "")
        if agent is None or not (agent.present and agent.connected) or work.work_id not in moves.fresh:
            return
        if agent.has_room(work.medium, matcher.cost(work, agent), self._shard.policy.interrupts):
            del moves.fresh[work.work_id]
            moves.claim(matcher.sole_pair(work, agent))
            moves.changed[agent.agent_id] = agent
