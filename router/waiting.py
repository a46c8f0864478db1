"""Where an item stands that nobody has taken: its rings, the ways out of a queue, its preferred agents, its own time.

Each item that waits has one timer, for the next time at which anything of this changes without an event. An item is
brought up to date (`stand`) when it comes, when it comes back, when that timer is due, and when the last agent who
was present for it leaves; the timer then is due at once, so that one turn takes a bounded number of items.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from router.agent import Agent
from router.commands import CloseWork, DivertWork, RequeueWork
from router.policy import Exit, Policy, Ring
from router.profile import Profile
from router.stages import next_boundary
from router.timers import TimerKind
from router.vocabulary import Outcome, WithdrawReason, WorkState
from router.work import Work, WorkCause

if TYPE_CHECKING:
    from router.moves import Moves

# Why an item left its queue by a rule (DivertWork.why), and the codes of the refusal where the rule has no way out.
QUEUE_FULL = "queue_full"
QUEUE_CLOSED = "queue_closed"
RING = "ring"
# Why it leaves for another shard once more (HandWork.why).
AGAIN = "again"


class Waiting:
    """The rules of waiting, carried out with the moves of one shard."""

    def __init__(self, moves: "Moves") -> None:
        self._moves = moves
        self._shard = moves.shard

    # -- coming and going

    def admit(self, work: Work) -> str | None:
        """A new item: into its queue, or where the queue sends it while it is closed or full; else why it is refused.

        What is for one agent from the beginning (a transfer to a colleague) is let in. One that is on its way to
        another shard has the queue that it was for: should it be refused there, it waits here all the same.
        Scheduled work stays: nobody knows yet what of its queue will be closed or full at its time.
        """
        away = ""
        shard, moves, asked = self._shard, self._moves, work.queue
        why = self.barrier(work.queue) if work.directed is None else None
        if why is not None:
            rules = shard.lines[work.queue].rules
            way = self._way(work, rules.when_closed if why == QUEUE_CLOSED else rules.when_full, {work.queue})
            if way is None:
                return why
            if way.divert:
                moves.out.append(DivertWork(work.work_id, work.interaction_id, way.divert, why))
                moves.out.append(CloseWork(work.work_id, work.interaction_id, Outcome.DIVERTED))
                return None
            if way.queue in shard.policy.elsewhere:
                away = way.queue
            else:
                work.queue = way.queue
        shard.work[work.work_id] = work
        work.profile = shard.matcher.unbound
        shard.touch_work(work)
        if away and not work.scheduled:
            moves.handoffs.leave(work, away, why or "")
        elif self.stand(work) and work.queue != asked:
            moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))
        return None

    def forget(self, work: Work) -> None:
        """The item is closed."""
        self._moves.parking.forget(work)
        self._moves.handoffs.forget(work)
        self._shard.timers.disarm(TimerKind.STAGE, work.work_id)

    def resume(self, work: Work) -> None:
        """The item's last offer or its assignment came to nothing: it waits again, at its old place."""
        if work.state is WorkState.CONNECTED:
            # They waited, were served and wait anew: their rings go on from where they were, by a new clock.
            work.ringed_at = self._moves.now
        work.move(WorkCause.RETURN)
        self._shard.touch_work(work)
        if self.stand(work):
            self._moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    def reroute(self, work: Work, queue: str, directed: str | None, reason: WithdrawReason) -> None:
        """Put an item that is not taken under another demand; open offers of it are withdrawn for `reason`."""
        if work.state is WorkState.OFFERED:
            self._moves.withdraw_all(work, reason)
            work.move(WorkCause.RETURN)
        self._shard.delist(work)
        if work.parked:
            self._moves.parking.loose(work)
        work.parked_by = None
        if queue != work.queue:
            self._transfer(work, queue)
        work.directed = directed
        self._shard.touch_work(work)
        if self.stand(work):
            self._moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    def rerank(self, work: Work) -> None:
        """A waiting item has another priority, or those whom it prefers came or went; its rings are as they were."""
        self._shard.delist(work)
        self.bind(work)
        self._moves.renew(work)

    def later(self, work: Work, not_before: int) -> None:
        """The item, which waits from now on, is not offered before that time; its rings begin anew then."""
        work.not_before = work.ringed_at = not_before
        work.ring = work.waited_us = 0

    # -- standing

    def stand(self, work: Work) -> bool:
        """Bring an item in state `waiting` up to date and have it matched; False when a rule made it leave.

        Its timer is set when it is taken into the lists (`enlist`).
        """
        shard = self._shard
        shard.delist(work)
        visited = {work.queue}
        way, why = self._closing(work), QUEUE_CLOSED
        while not work.scheduled:
            if way is None and work.directed is None:
                way, why = self._again(work), AGAIN
            if way is None and work.directed is None:
                self._note_wait(work)
                way, why = self._ring_by_time(work, visited), RING
            if way is None:
                self.bind(work)
                if not self._deserted(work):
                    break
                way = self._next_ring(work, visited)
            if way is not None and way.divert:
                self._moves.divert(work, way.divert, why)
                return False
            if way is not None and way.queue in shard.policy.elsewhere:
                self._moves.handoffs.leave(work, way.queue, why)
                return False
            if way is not None:
                self._transfer(work, way.queue)
                way = None
        if work.scheduled:
            self.bind(work)
            self.arm(work)
        self._moves.renew(work)
        return True

    def bind(self, work: Work) -> None:
        """Give an open item that is in no list its demand and rank anew."""
        self._shard.matcher.unbind(work)
        self._shard.bind(work)

    def settle_in(self, work: Work) -> bool:
        """Bind a listed item that a change of policy left loose; False when that was not all.

        It is brought up to date then, or has left; where it still waits it is to be matched anew.
        """
        shard = self._shard
        shard.bind(work)
        shard.matcher.enlist(work)
        self.arm(work)
        due = shard.timers.deadline(TimerKind.STAGE, work.work_id)
        if due is None or due > self._moves.now or self._moves.restoring:
            return True
        shard.timers.disarm(TimerKind.STAGE, work.work_id)
        self.due(work)
        return False

    def due(self, work: Work) -> None:
        """The item's timer is due."""
        moves, queue = self._moves, work.queue
        if work.state is WorkState.OFFERED:
            moves.withdraw_all(work, WithdrawReason.RULE)
            self.resume(work)
            return
        if work.not_before is not None and work.not_before <= moves.now:
            if work.parked:
                moves.parking.back(work)
                return
            work.not_before = None
            self._shard.touch_work(work)
        if self.stand(work) and work.queue != queue:
            moves.out.append(RequeueWork(work.work_id, work.interaction_id, work.queue))

    def enlist(self, work: Work) -> None:
        """Nobody has taken the item yet: it goes into the lists, if it is not there, and its timer runs."""
        if not work.listed:
            self._shard.enlist(work)
            self.arm(work)

    def arm(self, work: Work) -> None:
        """Set the item's timer."""
        boundary = self.boundary(work)
        if boundary is None:
            self._shard.timers.disarm(TimerKind.STAGE, work.work_id)
        else:
            self._shard.timers.arm(TimerKind.STAGE, work.work_id, boundary)

    def boundary(self, work: Work) -> int | None:
        """When the item's standing next changes by itself; not after now when that is overdue."""
        state = work.state
        if state is not WorkState.WAITING and state is not WorkState.OFFERED:
            return None
        if not work.scheduled and self._closing(work) is not None:
            return self._moves.now
        if state is WorkState.OFFERED:
            return None
        if work.directed is not None:
            return work.not_before
        if not work.scheduled and self._deserted(work):
            return self._moves.now
        line = self._shard.lines[work.queue]
        boundary = next_boundary(line.rules, line.delays, work)
        if work.stays is None or work.scheduled:
            return boundary
        return work.stays.until if boundary is None else min(boundary, work.stays.until)

    # -- what changes around it

    def attend(self, agents: Iterable[Agent]) -> None:
        """Agents who came or went: items that patience or rings keep for those present follow."""
        matcher = self._shard.matcher
        for agent in agents:
            before = agent.counted
            if agent.staffs == before:
                continue
            matcher.publish(agent)
            for work in matcher.preferring(agent):
                if work.state is WorkState.WAITING:
                    self.rerank(work)
            for slot, held in agent.profiles.items():
                if slot[1] in before and slot[1] not in agent.counted:
                    self._desert(held.profiles)

    def _desert(self, profiles: Iterable[Profile]) -> None:
        """Look at the items of those profiles for which nobody is present: their rings may be passed over."""
        deserted = [profile for profile in profiles if not profile.present and profile.users]
        for profile in deserted:
            for work in profile.waiting:
                self.arm(work)

    def rules_changed(self, after: Policy) -> None:
        """Before the policy is adopted: items of queues with other rings stand where their time puts them."""
        lines, rings = self._shard.lines, {name: queue.rings for name, queue in after.queues.items()}
        same = {name for name, line in lines.items() if line.rules.rings == rings.get(name, ())}
        for work in self._shard.work.values():
            if work.queue not in same:
                ring = self._ring_at(work, rings.get(work.queue, ()))
                if ring != work.ring:
                    work.ring = ring
                    self._shard.touch_work(work)

    def adopted(self) -> None:
        """After the policy is adopted: who waits in a queue that is to be emptied, or for people who are gone, is due.

        The timers of items that the policy left loose follow when they are bound (`settle_in`).
        """
        shard = self._shard
        emptied = {name for name, line in shard.lines.items() if line.rules.closed and line.rules.empty_when_closed}
        if emptied:
            for work in shard.work.values():
                if work.queue in emptied:
                    self.arm(work)
        self._desert(shard.matcher.profiles.values())

    # -- the rules

    def barrier(self, queue: str) -> str | None:
        """Why the queue takes no new item now, or None."""
        line = self._shard.lines[queue]
        if line.rules.closed:
            return QUEUE_CLOSED
        full = 0 < line.rules.max_waiting <= len(line.waiting)
        return QUEUE_FULL if full else None

    def _way(self, work: Work, way: Exit | None, visited: set[str], *, ever: bool = False) -> Exit | None:
        """Where an exit leads in the end: on through queues that are closed or full, never twice to one of them.

        None when it leads nowhere; what another shard says is not known yet. A callback is never diverted, nobody is
        there for it. With `ever` full queues count as open: the answer then follows from the policy alone.
        """
        while way is not None and way.queue:
            if way.queue in self._shard.policy.elsewhere:
                stays = work.stays is not None and work.stays.until > self._moves.now
                return way if not stays and self._moves.handoffs.open_to(work, way.queue) else None
            line = self._shard.lines.get(way.queue)
            if line is None or line.retired or line.rules.medium is not work.medium or way.queue in visited:
                return None
            visited.add(way.queue)
            barrier = self.barrier(way.queue)
            if barrier is None or (ever and barrier == QUEUE_FULL):
                return way
            way = line.rules.when_closed if barrier == QUEUE_CLOSED else line.rules.when_full
        return None if work.callback else way

    def _closing(self, work: Work) -> Exit | None:
        """The way out of a queue that is closed and to be emptied; none for what is kept for one agent."""
        rules = self._shard.lines[work.queue].rules
        if not rules.closed or not rules.empty_when_closed or work.directed is not None:
            return None
        return self._way(work, rules.when_closed, {work.queue}, ever=True)

    def _again(self, work: Work) -> Exit | None:
        """The way to the other shard where no node made room for it, when it has waited long enough since."""
        stays = work.stays
        if stays is None or stays.until > self._moves.now:
            return None
        work.stays = None
        self._shard.touch_work(work)
        return Exit(queue=stays.queue) if self._moves.handoffs.open_to(work, stays.queue) else None

    def _note_wait(self, work: Work) -> None:
        """Delays and patience up to now have passed."""
        waited = self._moves.now - work.ringed_at
        if waited > work.waited_us:
            work.waited_us = waited
            self._shard.touch_work(work)

    def _ring_by_time(self, work: Work, visited: set[str]) -> Exit | None:
        """Let the rings hold whose time has come, up to one that leads out."""
        rings = self._shard.lines[work.queue].rules.rings
        waited = self._moves.now - work.ringed_at
        while work.ring < len(rings) and rings[work.ring].after_us <= waited:
            way = self._next_ring(work, visited)
            if way is not None:
                return way
        return None

    def _next_ring(self, work: Work, visited: set[str]) -> Exit | None:
        """Let the next ring hold; an exit that leads nowhere is passed over."""
        ring = self._shard.lines[work.queue].rules.rings[work.ring]
        work.ring += 1
        self._shard.touch_work(work)
        return self._way(work, ring.exit, visited)

    def _ring_at(self, work: Work, rings: tuple[Ring, ...]) -> int:
        """How many rings hold by the time waited; one that leads out is left to the item's timer."""
        waited = self._moves.now - work.ringed_at
        held = 0
        while held < len(rings) and rings[held].after_us <= waited and rings[held].exit is None:
            held += 1
        return held

    def _deserted(self, work: Work) -> bool:
        """Whether it waits for people of whom nobody is present, while its rules know more: its ring is passed over.

        The time before the first ring counts as a ring that is passed over if the first one would be; it is never
        passed over to a way out.
        """
        rings = self._shard.lines[work.queue].rules.rings
        if work.directed is not None or work.ring >= len(rings):
            return False
        ring = rings[max(0, work.ring - 1)]
        skips = ring.skip_empty and (work.ring > 0 or ring.exit is None)
        return skips and not self._shard.staffed(work)

    def _transfer(self, work: Work, queue: str) -> None:
        """Into another queue, at the place that the time of queueing gives; what its rules ask for counts anew."""
        work.queue, work.directed, work.ring, work.waited_us, work.stays = queue, None, 0, 0, None
        work.ringed_at = max(self._moves.now, work.not_before or 0)
        self._shard.touch_work(work)
