"""When an agent is there: signed in from and to, breaks in between."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Break:
    """From `at_us` on for `length_us`. Who holds work then finishes it first and has the whole break after it."""

    at_us: int
    length_us: int


@dataclass(frozen=True, slots=True)
class Spell:
    """Signed in from `from_us` until `to_us` (None: for as long as there is work)."""

    from_us: int
    to_us: int | None
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """An agent's run: spells in order, none overlapping. Empty: the agent never comes (or stays as found)."""

    spells: tuple[Spell, ...] = ()


def plans_of_levels(levels: Sequence[tuple[int, int]], end_us: int | None, count: int) -> list[Plan]:
    """`count` plans that give so many agents from each time on: the first are there the most, the last the least.

    `levels` are (from, agents) in order; the last holds until `end_us` (None: to the end of the work).
    """
    plans: list[Plan] = []
    for number in range(count):
        spells: list[Spell] = []
        since: int | None = None
        for at, agents in levels:
            if number < agents and since is None:
                since = at
            elif number >= agents and since is not None:
                spells.append(Spell(since, at))
                since = None
        if since is not None:
            spells.append(Spell(since, end_us))
        plans.append(Plan(tuple(spells)))
    return plans
