"""A queue: its rules, those who wait in it, and what its items demand, worked out once for all that say the same.

A plan is a demand, worked out once (`router.demand`). It leads to profiles by what
else bounds who may take the item now: the only agents in question, delays that have passed, a reserve that holds.
"""

from functools import lru_cache

from router.choice import Choice
from router.demand import MEDIUM, QUEUE, Demand, Demands, attributes, attributes_ranked, attributes_read, priority
from router.expression import names
from router.expression_parser import parse
from router.policy import QueuePolicy, Strategy
from router.profile import Profile, Variant
from router.queue import WaitingList
from router.vocabulary import Requirement
from router.work import Work

# What of an item decides its demand, beside its queue.
PlanKey = tuple[tuple[Requirement, ...], str, int, bool, tuple[str | None, ...]]
# Beyond this many, plans without a profile go: conditions and requirements can be made up for each item.
_KEEP_PLANS = 4096


@lru_cache(maxsize=_KEEP_PLANS)
def _read_by(condition: str) -> tuple[str, ...]:
    return tuple(sorted(names(parse(condition))[2]))


class Plan:
    """One demand and the profiles under which its items have waited so far."""

    __slots__ = ("choice", "demand", "profiles")

    def __init__(self, found: Demand, choice: Choice) -> None:
        self.demand = found
        self.choice = choice
        self.profiles: dict[Variant, Profile] = {}


class Line:
    """One queue's rules and those who wait in it. `retired`: the policy no longer has it, open items remain.

    delays: the different delays with which agents take from it, ascending. by_queue: who takes from it, or whose turn
    it is, depends on more than demands: agents keep lists of queues, or it has a ratio.
    """

    __slots__ = (
        "_demands",
        "_most_plans",
        "_plans",
        "_priorities",
        "_ranked",
        "_reads",
        "by_queue",
        "delays",
        "retired",
        "rules",
        "waiting",
    )

    def __init__(
        self, rules: QueuePolicy, *, delays: tuple[int, ...] = (), lists: bool = False, retired: bool = False
    ) -> None:
        self.rules = rules
        self.delays = delays
        self.by_queue = lists or rules.ratio > 0
        self.retired = retired
        self.waiting = WaitingList()
        self._demands = Demands(rules)
        self._reads = tuple(name for name in attributes_read(rules) if name not in (MEDIUM, QUEUE))
        self._ranked = tuple(name for name in attributes_ranked(rules) if name not in (MEDIUM, QUEUE))
        self._priorities: dict[tuple[int, tuple[str | None, ...]], int] = {}
        self._plans: dict[PlanKey, Plan] = {}
        self._most_plans = _KEEP_PLANS

    def plan(self, work: Work) -> Plan:
        """The plan of an item of this queue, by what it says and the rings that hold for it."""
        values = self._values(work) if self._reads or work.condition else ()
        key = (work.requirements, work.condition, work.ring, work.directed is not None, values)
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= self._most_plans:
                self._plans = {name: plan for name, plan in self._plans.items() if plan.profiles}
                self._most_plans = _KEEP_PLANS + 2 * len(self._plans)
            worked_out = self._demands.of(work)
            found = self._plans[key] = Plan(worked_out, self._choice(worked_out))
        return found

    def priority(self, work: Work) -> int:
        """The item's whole priority: its own, its queue's, its rules' and its rings'."""
        known = dict(work.attributes) if self._ranked else {}
        key = (work.ring, tuple([known.get(name) for name in self._ranked]))
        found = self._priorities.get(key)
        if found is None:
            if len(self._priorities) >= _KEEP_PLANS:
                self._priorities.clear()
            found = self._priorities[key] = priority(self.rules, work.ring, attributes(work))
        return work.priority + found

    def delay(self, work: Work) -> int:
        """The longest of the delays that has passed for the item."""
        return max((delay for delay in self.delays if delay <= work.waited_us), default=0)

    def _values(self, work: Work) -> tuple[str | None, ...]:
        """The attributes on which the item's demand depends."""
        reads = self._reads
        if work.condition:
            reads += _read_by(work.condition)
        known = attributes(work)
        return tuple([known.get(name) for name in reads])

    def _choice(self, found: Demand) -> Choice:
        strategy = self.rules.strategy
        return Choice(strategy, self.rules.weights if strategy is Strategy.WEIGHTED else None, found.preferences)
