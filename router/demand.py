"""What a work item demands of agents under its queue's rules, its rings and its own words. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from router.expression import ALWAYS, AllOf, Expression, names, relax, resolve
from router.expression_parser import parse
from router.policy import QueuePolicy, Ring
from router.work import Work

MEDIUM = "medium"
QUEUE = "queue"


class Demand(Struct, frozen=True, gc=False):
    """Of agents: an expression and teams (none for every team). Of the queue: who is preferred."""

    expression: Expression
    teams: tuple[str, ...]
    preferences: tuple[tuple[Expression, int], ...]


class _Stage(Struct, frozen=True):
    """What a queue and so many of its rings ask, before an item's own words: `lowered` and `dropped` are of both."""

    own: Expression
    lowered: Mapping[str, int]
    dropped: frozenset[str]
    teams: tuple[str, ...]


_NOTHING = Demand(ALWAYS, (), ())


def attributes(work: Work) -> Mapping[str, str]:
    """What rules may ask about the item: what it brought, its medium and its queue."""
    return {**dict(work.attributes), MEDIUM: work.medium.value, QUEUE: work.queue}


class Demands:
    """The demands of one queue's items. What its rules and rings say is put together once for each ring."""

    __slots__ = ("_rules", "_stages")

    def __init__(self, rules: QueuePolicy) -> None:
        self._rules = rules
        self._stages: dict[int, _Stage] = {}

    def of(self, work: Work) -> Demand:
        """The item's demand with the rings that hold for it. Work kept for one agent demands nothing but them."""
        if work.directed is not None:
            return _NOTHING
        rules, known, stage = self._rules, attributes(work), self._stage(work.ring)
        whole = resolve(AllOf((stage.own, *work.requirements, parse(work.condition))), known)
        if stage.lowered or stage.dropped:
            whole = relax(whole, stage.lowered, stage.dropped, rules.hard)
        preferences = [(one.want, one.score) for one in rules.preferences if _holds(one.when, known)]
        return Demand(whole, stage.teams, tuple([(resolve(parse(want), known), score) for want, score in preferences]))

    def _stage(self, ring: int) -> _Stage:
        found = self._stages.get(ring)
        if found is None:
            found = self._stages[ring] = _stage(self._rules, self._rules.rings[:ring])
        return found


def demand(rules: QueuePolicy, work: Work) -> Demand:
    """One item's demand, without any cache."""
    return Demands(rules).of(work)


def _stage(rules: QueuePolicy, rings: tuple[Ring, ...]) -> _Stage:
    base = next((ring.requirements for ring in reversed(rings) if ring.requirements is not None), None)
    own = AllOf((*rules.requirements, parse(rules.condition))) if base is None else parse(base)
    lowered: dict[str, int] = {}
    for skill, grades in (pair for ring in rings for pair in ring.lower):
        lowered[skill] = lowered.get(skill, 0) + grades
    teams = next((ring.teams for ring in reversed(rings) if ring.teams is not None), rules.teams)
    dropped = frozenset(skill for ring in rings for skill in ring.drop)
    return _Stage(own, lowered, dropped, tuple(sorted(set(teams))))


def priority(rules: QueuePolicy, ring: int, known: Mapping[str, str]) -> int:
    """What the queue, its rules and so many of its rings give an item with these attributes."""
    ruled = sum(rule.priority for rule in rules.priority_rules if _holds(rule.when, known))
    return rules.priority + ruled + sum(ring.priority for ring in rules.rings[:ring])


def _holds(when: str, known: Mapping[str, str]) -> bool:
    return resolve(parse(when), known) == ALWAYS


def attributes_read(rules: QueuePolicy) -> tuple[str, ...]:
    """The attributes, sorted, on which any demand of the queue depends."""
    texts = [rules.condition]
    texts += [ring.requirements for ring in rules.rings if ring.requirements is not None]
    texts += [text for one in rules.preferences for text in (one.want, one.when)]
    return tuple(sorted(_read(texts)))


def attributes_ranked(rules: QueuePolicy) -> tuple[str, ...]:
    """The attributes, sorted, on which the priority of the queue's items depends."""
    return tuple(sorted(_read([rule.when for rule in rules.priority_rules])))


def _read(texts: list[str]) -> set[str]:
    return {name for text in texts for name in names(parse(text))[2]}
