"""An explanation as far as people read it: how many fail which rule, and those who are nearest to the item."""

from collections import Counter
from dataclasses import dataclass

from router.explain import ITEM_RULES, MOMENT_RULES, CandidateView, Explanation

# Rules that keep somebody from an item only for now, the nearest to having it first.
_NEAREST = {None: 0} | {rule: rank for rank, rule in enumerate((*reversed(ITEM_RULES), *reversed(MOMENT_RULES)), 1)}


@dataclass(frozen=True, slots=True)
class Summary:
    """`failed` (rule, how many agents) is complete, `agents` their whole number, `candidates` the nearest."""

    policy_version: str
    strategy: str
    agents: int
    failed: tuple[tuple[str, int], ...]
    candidates: tuple[CandidateView, ...]


def summary(found: Explanation, most: int) -> Summary:
    """With at most so many candidates, in order: who may take the item, then by how near they are."""
    failed = Counter(one.failed for one in found.candidates if one.failed is not None)
    nearest = sorted(found.candidates, key=lambda one: _NEAREST.get(one.failed, len(_NEAREST)))
    counts = tuple(sorted(failed.items()))
    return Summary(found.policy_version, found.strategy, len(found.candidates), counts, tuple(nearest[:most]))
