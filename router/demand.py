"""What a work item demands of agents under its queue's rules, its rings and its own words. Pure, without any cache."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.expression import ALWAYS, AllOf, Expression, names, relax, resolve
from router.expression_parser import parse
from router.policy import QueuePolicy
from router.work import Work

MEDIUM = "medium"
QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Demand:
    """Of agents: an expression and teams (none for every team). Of the queue: who is preferred, and so much priority.

    `priority` is the queue's, its rules' and its rings' together, without the item's own.
    """

    expression: Expression
    teams: tuple[str, ...]
    preferences: tuple[tuple[Expression, int], ...]
    priority: int


def attributes(work: Work) -> Mapping[str, str]:
    """What rules may ask about the item: what it brought, its medium and its queue."""
    return {**dict(work.attributes), MEDIUM: work.medium.value, QUEUE: work.queue}


def demand(rules: QueuePolicy, work: Work) -> Demand:
    """The item's demand with the rings that hold for it. Work kept for one agent demands nothing but them."""
    known, rings = attributes(work), rules.rings[: work.ring]
    if work.directed is not None:
        return Demand(ALWAYS, (), (), priority(rules, work.ring, known))
    base = next((ring.requirements for ring in reversed(rings) if ring.requirements is not None), None)
    own = AllOf((*rules.requirements, parse(rules.condition))) if base is None else parse(base)
    whole = resolve(AllOf((own, *work.requirements, parse(work.condition))), known)
    if rings:
        lowered: dict[str, int] = {}
        for skill, grades in (pair for ring in rings for pair in ring.lower):
            lowered[skill] = lowered.get(skill, 0) + grades
        whole = relax(whole, lowered, [skill for ring in rings for skill in ring.drop], rules.hard)
    teams = next((ring.teams for ring in reversed(rings) if ring.teams is not None), rules.teams)
    return Demand(
        whole,
        tuple(sorted(set(teams))),
        tuple((resolve(parse(one.want), known), one.score) for one in rules.preferences if _holds(one.when, known)),
        priority(rules, work.ring, known),
    )


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
    return tuple(sorted({*_read(texts), *attributes_ranked(rules)}))


def attributes_ranked(rules: QueuePolicy) -> tuple[str, ...]:
    """The attributes, sorted, on which the priority of the queue's items depends."""
    return tuple(sorted(_read([rule.when for rule in rules.priority_rules])))


def _read(texts: list[str]) -> set[str]:
    return {name for text in texts for name in names(parse(text))[2]}
