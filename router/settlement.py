"""The end of a turn: whatever became new or free in it is matched, in queue order."""

from router.agenda import Agenda
from router.agent import Agent
from router.matching import Pair
from router.moves import Moves
from router.timers import TimerKind
from router.vocabulary import WorkState
from router.work import Work

# One turn tries at most so many matches and deadlines; the rest follows in the next turn, which is due at once.
STEPS_PER_TURN = 512
_TAKEN_IN_PER_STEP = 32


class Settlement:
    """Matches the `fresh` items and `changed` agents of a turn; one of either takes a short way to the same result."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._shard = moves.shard
        self._agenda = Agenda(moves)
        self._spent = 0
        # Whether matches were left to the next turn.
        self.unfinished = False

    def renew(self, *, anew: bool) -> None:
        """After a change of policy, which cost time by itself: what was left loose is matched in queue order."""
        self._agenda.renew(anew=anew)
        self.unfinished = bool(self._agenda)
        self._spent = len(self._shard.work) + len(self._shard.agents)

    def settle(self) -> None:
        """Match what became new or free in this turn; removed agents without work leave."""
        moves = self._moves
        for agent in list(moves.changed.values()):
            if agent.removed:
                moves.retire(agent)
            elif agent.next_presence is not None:
                moves.begin_queued(agent)
        changed = list(moves.changed.values())
        moves.waiting.attend(changed)
        fresh = moves.collect()
        if changed:
            moves.changed = {}
        matcher, left = self._shard.matcher, self.unfinished
        if not left and len(fresh) == 1 and not changed and fresh[0].profile is not matcher.unbound:
            self._match_one(fresh[0])
        elif not left and len(changed) == 1 and not fresh and not matcher.reserves:
            self._fill(changed[0])
        elif left or fresh or changed:
            self._match_many(fresh, changed)

    def spread(self, work: Work) -> None:
        """Offer an item that is offered to more agents at once, as far as its queue says and agents are left over."""
        limit = self._shard.lines[work.queue].rules.offer_to
        while work.state is WorkState.OFFERED and len(work.reservations) < limit:
            pair = self._shard.matcher.best_agent(work)
            if pair is None:
                return
            self._offer(pair)

    def _match_one(self, work: Work) -> None:
        pair = self._shard.matcher.best_agent(work)
        if pair is not None:
            self._offer(pair)
        else:
            self._moves.waiting.enlist(work)

    def _fill(self, agent: Agent) -> None:
        """One freed agent takes what stands first, several items where capacity allows."""
        matcher = self._shard.matcher
        while (work := matcher.best_work(agent)) is not None:
            self._moves.claim(matcher.sole_pair(work, agent))
        matcher.publish(agent)

    def _match_many(self, fresh: list[Work], changed: list[Agent]) -> None:
        agenda, matcher = self._agenda, self._shard.matcher
        for agent in changed:
            matcher.publish(agent)
        agenda.take(fresh)
        for agent in changed:
            agenda.add_agent(agent)
        self._add_risen()
        # Taking many in is work too: what is left of the turn's share is for trying them.
        steps = STEPS_PER_TURN - (self._spent + len(fresh) + len(changed)) // _TAKEN_IN_PER_STEP
        least, self._spent = 0 if self._spent else _TAKEN_IN_PER_STEP, 0
        for pair in agenda.pairs(max(steps, least)):
            self._offer(pair)
            self._add_risen()
        self.unfinished = bool(agenda)
        if self.unfinished:
            self._shard.timers.arm(TimerKind.MATCH, "", self._moves.now)
        else:
            self._shard.timers.disarm(TimerKind.MATCH, "")

    def _offer(self, pair: Pair) -> None:
        self._moves.claim(pair)
        self._shard.matcher.publish(pair.agent)

    def _add_risen(self) -> None:
        """Items that a reserve held back until now are tried."""
        matcher = self._shard.matcher
        for profile in matcher.risen:
            self._agenda.add_profile(profile)
        matcher.risen.clear()
