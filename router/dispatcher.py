"""The dispatcher: events in, commands out. The only thing that changes a shard's state.

Pure: no I/O, no clock, no randomness. A turn is one call of `handle` or `expire`; its commands are carried out after
the turn's rows (`drain_changes`) are committed. The same events at the same times give the same commands anywhere.

An offer or assignment that comes to nothing always gives RequeueWork (unless a rule makes the item leave), and after
it SendOffer when the same turn finds somebody else. All matching happens at the end of the turn, in queue order.
"""

from typing import assert_never

from router import events as ev
from router.adoption import adopt
from router.agenda import AGENTS_PER_STEP
from router.assignments import Assignments
from router.attendance import Attendance
from router.commands import Command
from router.interventions import Interventions
from router.moves import Moves
from router.policy import Policy
from router.restore import load_image
from router.rows import Changes, ShardImage
from router.settlement import STEPS_PER_TURN, Settlement
from router.shard import Shard
from router.timers import TimerKind
from router.views import Views
from router.vocabulary import Outcome, Presence
from router.work import Work


class Dispatcher(Views):
    """Assigns the work of one shard. All times are integer microseconds of the shard's clock."""

    def __init__(self, policy: Policy | None = None) -> None:
        super().__init__(Shard())
        self._moves = self._new_moves()
        self._assignments = Assignments(self._moves)
        self._attendance = Attendance(self._moves)
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
        if type(event) not in ev.STORY:  # most events are
            self._take(event)
        self._settle()
        return out

    def next_deadline(self) -> int | None:
        """When `expire` is to be called next; already past when a turn left something to the next one."""
        return self._shard.timers.next()

    def expire(self, now: int) -> list[Command]:
        """Apply the deadlines that have come, earliest first. More than one turn's worth stays due."""
        out = self._moves.begin(now)
        self._expire()
        self._settle()
        return out

    def drain_changes(self) -> Changes:
        """Rows touched since the last drain."""
        return self._shard.drain()

    def image(self, applied: int, clock: int) -> ShardImage:
        """All rows as they are now, after the turn `applied` at `clock`, in the store's order."""
        shard = self._shard
        return ShardImage(
            agents=tuple(shard.agents[key].row() for key in sorted(shard.agents)),
            work=tuple(sorted((item.row() for item in shard.work.values()), key=lambda row: row.sequence)),
            reservations=tuple(shard.reservations[key].row() for key in sorted(shard.reservations)),
            policy_version=shard.policy.version,
            applied=applied,
            clock=clock,
            neighbours=tuple(shard.neighbours[key].row() for key in sorted(shard.neighbours)),
        )

    def restore(self, policy: Policy, image: ShardImage, now: int, *, live: bool = False) -> list[Command]:
        """Become the shard that the store has, under this policy. Nothing is sent again.

        No agent counts as connected; whoever was (or was expected back) and is not back within the policy's grace
        becomes not-ready. Offers, wrap-ups and rings keep their times. `live`: connections and their graces hold too,
        as in the running shard that the image was taken of (replay). Raises ImageError when the rows contradict each
        other, RuntimeError on a used dispatcher.
        """
        if self._shard.agents or self._shard.work:
            raise RuntimeError("restore needs a new dispatcher")
        out = self._moves.begin(max(now, image.clock))
        load_image(self._shard, image, live=live)
        for row in () if live else image.agents:
            agent = self._shard.agents[row.agent_id]
            self._shard.touch_agent(agent)
            if row.presence is not Presence.OFFLINE and (row.connected or row.grace_deadline is not None):
                self._moves.set_grace(agent, self._moves.now + policy.reconnect_grace_us)
        for agent in self._shard.agents.values():
            agent.counted = agent.staffs
        self._moves.restoring = True
        self._adopt(policy, known=image.policy_version == policy.version)
        self._settle()
        while live and self.unfinished:
            self._settle()
        self._moves.restoring = False
        return out

    @property
    def unfinished(self) -> bool:
        """Whether matches were left to the next turn, which is then due at once."""
        return self._settlement.unfinished

    def boundary(self, work: Work) -> int | None:
        """When a waiting item's standing next changes by itself; for `invariants`."""
        return self._moves.waiting.boundary(work)

    def tidy(self) -> None:
        """Drop stale entries of the indexes. Changes no decision; for the moments between turns."""
        self._shard.matcher.tidy()

    # -- events

    def _take(self, event: ev.Event) -> None:
        match event:
            case ev.InteractionNoted() | ev.InteractionOpened() | ev.InteractionClosed():
                pass
            case ev.WorkQueued():
                refusal = self._moves.admission.take(event)
                if refusal is not None:
                    self._moves.out.append(refusal)
            case ev.HandoffAsked() | ev.HandoffAnswered() | ev.HandoffHosted():
                self._handed(event)
            case (
                ev.OfferAccepted()
                | ev.OfferRejected()
                | ev.OfferFailed()
                | ev.AssignmentConnected()
                | ev.AssignmentFailed()
                | ev.AssignmentEnded()
                | ev.CallbackFailed()
                | ev.WrapUpExtended()
                | ev.WrapUpFinished()
                | ev.CustomerLeft()
            ):
                self._assignments.take(event)
            case ev.NodeLost():
                self._assignments.take(event)
                self._attendance.node_lost(event.node)
            case (
                ev.AgentConnected()
                | ev.AgentDisconnected()
                | ev.PresenceSet()
                | ev.PresenceQueued()
                | ev.MediaPaused()
                | ev.DayStarted()
            ):
                self._attendance.take(event)
            case ev.WorkParked() | ev.WorkRecalled():
                self._moves.parking.take(event)
            case (
                ev.WorkMoved()
                | ev.WorkDirected()
                | ev.WorkPrioritised()
                | ev.WorkCancelled()
                | ev.WorkTakenUp()
                | ev.CallbackRequested()
            ):
                self._interventions.take(event)
            case ev.PolicyChanged():
                self._adopt(event.policy)
                # Who is made to leave by it does so before anything is matched, as far as one turn goes.
                self._expire()
            case ev.TimePassed():
                self._expire()
            case _:
                assert_never(event)

    def _handed(self, event: ev.HandoffAsked | ev.HandoffAnswered | ev.HandoffHosted) -> None:
        if isinstance(event, ev.HandoffAnswered):
            self._moves.handoffs.answered(event)
            return
        if isinstance(event, ev.HandoffHosted):
            self._moves.handoffs.hosted(event)
            return
        ends, work_id = self._moves.handoffs.asked(event), event.work.work_id
        if not ends or work_id not in self._shard.work:
            return
        if event.ended is Outcome.CANCELLED:
            self._interventions.take(ev.WorkCancelled(work_id, event.source))
        else:
            self._assignments.take(ev.CustomerLeft(work_id))

    # -- policy, deadlines, matching

    def _adopt(self, policy: Policy, *, known: bool = False) -> None:
        """`known`: the open items stand as this very policy has them already."""
        moves = self._moves
        if not known:
            moves.waiting.rules_changed(policy)
        found = adopt(self._shard, policy)
        # Where all eligible sets are built anew every item is tried: only what follows for agents themselves is left.
        moved = [one for one in found.changed if not found.anew or one.removed or one.recent or one.fresh_until]
        for agent in sorted(moved, key=lambda agent: agent.agent_id):
            moves.changed[agent.agent_id] = agent
            if agent.recent and not known:
                agent.prune_fresh(moves.now)
                self._shard.touch_agent(agent)
            moves.limit_fresh(agent)
            if agent.removed:
                moves.retire(agent)
        # What such an agent had parked may have left by a rule.
        items = [work for work in found.items if work.work_id in self._shard.work]
        moves.waiting.adopted()
        for work in items:
            if work.scheduled:
                moves.waiting.arm(work)
            moves.renew(work)
        self._settlement.renew(anew=found.anew)

    def _settle(self) -> None:
        moves = self._moves
        if moves.changed or moves.fresh or self._settlement.unfinished:
            self._settlement.settle()
        if moves.spread:
            for work in moves.spread.values():
                self._settlement.spread(work)
            moves.spread.clear()

    def _expire(self) -> None:
        matcher, steps = self._shard.matcher, STEPS_PER_TURN
        while steps > 0 and (due := self._shard.timers.pop_due(self._moves.now)) is not None:
            effort = matcher.effort
            self._deadline(*due)
            steps -= 1 + (matcher.effort - effort) // AGENTS_PER_STEP

    def _deadline(self, kind: TimerKind, name: str) -> None:
        shard, moves = self._shard, self._moves
        match kind:
            case TimerKind.OFFER:
                self._assignments.missed(shard.reservations[name])
            case TimerKind.WRAP_UP:
                moves.finish(shard.reservations[name], None)
            case TimerKind.GRACE:
                self._attendance.grace_over(shard.agents[name])
            case TimerKind.FRESH:
                self._attendance.fresh_again(shard.agents[name])
            case TimerKind.REST:
                moves.end_rests(shard.work[name])
            case TimerKind.STAGE:
                moves.waiting.due(shard.work[name])
            case TimerKind.MATCH:
                pass
            case _:
                assert_never(kind)
