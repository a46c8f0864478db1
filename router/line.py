"""A queue: its rules, those who wait in it, and what its items demand, worked out once for all that say the same.

A plan is a demand, worked out once (`router.demand`). It leads to profiles by what
else bounds who may take the item now: the only agents in question, delays that have passed, a reserve that holds.
"""

from dataclasses import replace
from functools import lru_cache

from router.choice import Choice
from router.demand import MEDIUM, QUEUE, Demand, Demands, attributes, attributes_ranked, attributes_read, priority
from router.expression import names
from router.expression_parser import parse
from router.policy import Order, QueuePolicy, Strategy
from router.profile import Profile, Variant
from router.queue import WaitingList, order_time, rank
from router.vocabulary import Requirement
from router.work import Rank, Work

# What of an item decides its demand, beside its queue.
PlanKey = tuple[tuple[Requirement, ...], str, int, bool, tuple[str | None, ...]]
# Beyond this many, plans without a profile go: conditions and requirements can be made up for each item.
_KEEP_PLANS = 4096


@lru_cache(maxsize=_KEEP_PLANS)
def _read_by(condition: str) -> tuple[str, ...]:
    return tuple(sorted(names(parse(condition))[2]))


def takers(rules: QueuePolicy) -> QueuePolicy:
    """What of a queue's rules decides who may take its items and when that changes; the rest as in a plain queue."""
    return replace(
        rules,
        # With a reserve the priority says whether it holds.
        priority=rules.priority if rules.reserve else 0,
        priority_rules=rules.priority_rules if rules.reserve else (),
        order=Order.FIRST_COME,
        target_us=0,
        ratio=0,
        max_waiting=0,
        when_full=None,
        offer_timeout_us=0,
        offer_to=1,
        auto_accept=False,
        missed_not_ready=True,
        reject_rest_us=None,
        wrap_up_us=0,
        wrap_up_extend_us=0,
        callback_attempts=0,
        callback_retry_us=0,
        park_limit=0,
        park_max_us=0,
    )


def _asks(rules: QueuePolicy) -> tuple[object, ...]:
    """What of a queue's rules decides its plans."""
    rings = [(ring.lower, ring.drop, ring.requirements, ring.teams) for ring in rules.rings]
    own = (rules.requirements, rules.condition, rules.hard, rules.teams, rules.preferences)
    return (*own, rings, rules.strategy, rules.weights)


class Plan:
    """One demand and the profiles under which its items have waited so far."""

    __slots__ = ("choice", "demand", "profiles")

    def __init__(self, found: Demand, choice: Choice) -> None:
        self.demand = found
        self.choice = choice
        self.profiles: dict[Variant, Profile] = {}


class Plans:
    """The plans of one queue."""

    __slots__ = ("_demands", "_found", "_most", "_reads", "_rules")

    def __init__(self, rules: QueuePolicy) -> None:
        self._rules = rules
        self._demands = Demands(rules)
        self._reads = tuple(name for name in attributes_read(rules) if name not in (MEDIUM, QUEUE))
        self._found: dict[PlanKey, Plan] = {}
        self._most = _KEEP_PLANS

    def of(self, work: Work) -> Plan:
        """The plan of an item of this queue, by what it says and the rings that hold for it."""
        values = self._values(work) if self._reads or work.condition else ()
        key = (work.requirements, work.condition, work.ring, work.directed is not None, values)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= self._most:
                self._found = {name: plan for name, plan in self._found.items() if plan.profiles}
                self._most = _KEEP_PLANS + 2 * len(self._found)
            worked_out = self._demands.of(work)
            found = self._found[key] = Plan(worked_out, self._choice(worked_out))
        return found

    def hold_for(self, rules: QueuePolicy) -> bool:
        """Whether a queue with these rules has the same plans."""
        return _asks(self._rules) == _asks(rules)

    def forget_profiles(self) -> None:
        """There is a new matcher, with profiles of its own."""
        for plan in self._found.values():
            plan.profiles.clear()

    def _values(self, work: Work) -> tuple[str | None, ...]:
        """The attributes on which the item's demand depends."""
        reads = self._reads
        if work.condition:
            reads += _read_by(work.condition)
        known = attributes(work)
        return tuple([known.get(name) for name in reads])

    def _choice(self, found: Demand) -> Choice:
        strategy = self._rules.strategy
        return Choice(strategy, self._rules.weights if strategy is Strategy.WEIGHTED else None, found.preferences)


class Line:
    """One queue's rules and those who wait in it. `retired`: the policy no longer has it, open items remain.

    delays: the different delays with which agents take from it, ascending. by_queue: who takes from it, or whose turn
    it is, depends on more than demands: agents keep lists of queues, or it has a ratio. loose: a change of policy left
    items of it without a profile, and not all have been tried since.
    """

    __slots__ = ("_priorities", "_ranked", "by_queue", "delays", "loose", "plans", "retired", "rules", "waiting")

    def __init__(
        self, rules: QueuePolicy, *, delays: tuple[int, ...] = (), lists: bool = False, retired: bool = False
    ) -> None:
        self.rules = rules
        self.delays = delays
        self.by_queue = lists or rules.ratio > 0
        self.retired = retired
        self.loose = False
        self.waiting = WaitingList()
        self.plans = Plans(rules)
        self._ranked = tuple(name for name in attributes_ranked(rules) if name not in (MEDIUM, QUEUE))
        self._priorities: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}

    def after(self, before: "Line") -> "Line":
        """Itself, as the same queue under new rules: those who wait, and the plans if they hold, are taken over."""
        self.waiting, self.loose = before.waiting, before.loose
        if self.by_queue == before.by_queue and before.plans.hold_for(self.rules):
            self.plans = before.plans
        return self

    def plan(self, work: Work) -> Plan:
        """The plan of an item of this queue."""
        return self.plans.of(work)

    def rank(self, work: Work, ageing_us: int) -> Rank:
        """The item's place among all that wait."""
        return rank(self.priority(work), order_time(self.rules, work.queued_at), work.sequence, ageing_us)

    def reorder(self, ageing_us: int) -> list[Work]:
        """Those who wait, at the places that the rules now give them."""
        items = [entry[3] for entry in self.waiting.entries]
        ahead, ruled = order_time(self.rules, 0), dict[tuple[int, tuple[tuple[str, str], ...]], int]()
        for work in items:
            key = (work.ring, work.attributes)
            more = ruled.get(key)
            if more is None:
                more = ruled[key] = self.priority(work) - work.priority
            work.rank = rank(work.priority + more, work.queued_at + ahead, work.sequence, ageing_us)
        self.waiting.update(items)
        return items

    def priority(self, work: Work) -> int:
        """The item's whole priority: its own, its queue's, its rules' and its rings'."""
        ranked = self._ranked
        key = (work.ring, tuple([pair for pair in work.attributes if pair[0] in ranked]) if ranked else ())
        found = self._priorities.get(key)
        if found is None:
            if len(self._priorities) >= _KEEP_PLANS:
                self._priorities.clear()
            found = self._priorities[key] = priority(self.rules, work.ring, attributes(work))
        return work.priority + found

    def delay(self, work: Work) -> int:
        """The longest of the delays that has passed for the item."""
        return max((delay for delay in self.delays if delay <= work.waited_us), default=0)
