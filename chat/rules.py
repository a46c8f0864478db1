"""Who goes ahead: what a visitor's data, and the attributes that the site signed, make of the work. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from router.vocabulary import Requirement


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds for a visitor of whom all of `signed` (attributes of a proven user) and all of `data` is true.

    `data` is what the page says, and anybody can say anything. `priority` is added to the entry's.
    """

    signed: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    requirements: tuple[Requirement, ...] = ()

    def holds(self, signed: Mapping[str, str], data: Mapping[str, str]) -> bool:
        """Whether it holds for this visitor."""
        return self.signed.items() <= signed.items() and self.data.items() <= data.items()


def terms(
    rules: tuple[Rule, ...], signed: Mapping[str, str], data: Mapping[str, str]
) -> tuple[int, tuple[Requirement, ...]]:
    """The highest priority of the rules that hold, and what all of them demand; of two minimums the higher one."""
    held = [rule for rule in rules if rule.holds(signed, data)]
    priority = max((rule.priority for rule in held), default=0)
    return priority, strictest(need for rule in held for need in rule.requirements)


def strictest(needs: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """One demand for each skill, in the order in which they came."""
    found: dict[str, int] = {}
    for need in needs:
        found[need.skill] = max(need.minimum, found.get(need.skill, 0))
    return tuple(Requirement(skill, minimum) for skill, minimum in found.items())
