"""The choice of an agent: each strategy as integers that are compared in order, smaller first.

What only the agent's own state moves (`standing`) is kept apart from what their rules alone say of one demand
(`merit`): the first is computed once when an agent changes, the second once when they come under a demand; a key is
their sum, so that an agent's change costs two additions for each demand that they meet.
"""

from collections.abc import Callable, Iterable
from typing import Any, assert_never

from msgspec import Struct

from router.agent import Agent
from router.expression import Expression, unmet
from router.policy import Strategy, Weights
from router.vocabulary import Requirement

Terms = tuple[tuple[str, int], ...]
# Two integers and the time since which the agent is idle: smaller is better; equal ones are told apart by agent id.
Key = tuple[int, int, int]
Standing = Callable[[Agent], tuple[int, int]]
# Tells a key, or anything that begins with one.
KeyLike = tuple[Any, ...]
Teller = Callable[[KeyLike], Terms]

_SECOND = 1_000_000
# A point of preference outweighs whatever a strategy says: no load, count or weighted sum comes near.
_PREFERENCE = 1 << 96


class Choice(Struct, frozen=True, gc=False):
    """How a queue chooses: `weights` is set for the weighted strategy alone; preferences whose `when` holds."""

    strategy: Strategy
    weights: Weights | None = None
    preferences: tuple[tuple[Expression, int], ...] = ()

    @property
    def kind(self) -> str:
        """Choices of one kind have the same standing."""
        own = self.weights
        suffix = "" if own is None else f" {own.load} {own.proficiency} {own.idle} {own.handled}"
        return self.strategy.value + suffix

    def standing(self) -> Standing:
        """The function that gives an agent's own two integers under this strategy."""
        match self.strategy:
            case Strategy.BEST_PROFICIENCY | Strategy.LEAST_LOADED:
                return _by_load
            case Strategy.LONGEST_IDLE:
                return _by_idleness
            case Strategy.FEWEST_TODAY:
                return _by_count
            case Strategy.WEIGHTED:
                return _by_weights(self.weights or Weights())
            case _:
                assert_never(self.strategy)

    def merit(self, agent: Agent, wanted: Iterable[Requirement]) -> tuple[int, int]:
        """What the agent's rules add to their standing for a demand that wants these skills."""
        first = -self.preference(agent) * _PREFERENCE if self.preferences else 0
        if self.strategy is Strategy.BEST_PROFICIENCY:
            return first, -proficiency(agent, wanted)
        if self.strategy is Strategy.WEIGHTED and self.weights is not None and self.weights.proficiency:
            return first - self.weights.proficiency * proficiency(agent, wanted) * _SECOND, 0
        return first, 0

    def key(self, agent: Agent, wanted: Iterable[Requirement]) -> Key:
        """What agents are ordered by."""
        standing, merit = self.standing()(agent), self.merit(agent, wanted)
        return standing[0] + merit[0], standing[1] + merit[1], agent.idle_since

    def preference(self, agent: Agent) -> int:
        """The scores of all preferences that the agent meets."""
        rules = agent.rules
        return sum(score for want, score in self.preferences if unmet(want, rules.skills, rules.team) is None)

    def teller(self) -> Teller:
        """The function that gives a key as (name, integer) pairs in its order, as they are and not as compared."""
        tell = self._teller()
        return _preferring(tell) if self.preferences else tell

    def _teller(self) -> Teller:
        match self.strategy:
            case Strategy.BEST_PROFICIENCY:
                return lambda key: (("load", key[0]), ("proficiency", -key[1]), ("idle_since", key[2]))
            case Strategy.LEAST_LOADED:
                return lambda key: (("load", key[0]), ("idle_since", key[2]))
            case Strategy.LONGEST_IDLE:
                return lambda key: (("busy", key[0]), ("idle_since", key[2]))
            case Strategy.FEWEST_TODAY:
                return lambda key: (("load", key[0]), ("handled_today", key[1]), ("idle_since", key[2]))
            case Strategy.WEIGHTED:
                return _telling_points((self.weights or Weights()).idle)
            case _:
                assert_never(self.strategy)


def _preferring(tell: Teller) -> Teller:
    """With the preference told first, which is the part of a key that no standing reaches."""

    def told(key: KeyLike) -> Terms:
        less, first = divmod(key[0], _PREFERENCE)
        return (("preference", -less), *tell((first, *key[1:])))

    return told


def _telling_points(idle_weight: int) -> Teller:
    """The weighted sum without its idle seconds, which are told as they are weighed."""

    def told(key: KeyLike) -> Terms:
        points = (key[0] - idle_weight * key[2]) // _SECOND
        return (("points", points), ("idle_weight", idle_weight), ("idle_since", key[2]))

    return told


def load(agent: Agent) -> int:
    """Units held against the agent's total, in thousandths; more than 1000 where one medium comes on top of another."""
    units = agent.units
    return units * 1000 // max(agent.rules.total_units, 1) if units else 0


def proficiency(agent: Agent, wanted: Iterable[Requirement]) -> int:
    """The sum of the agent's grades in the wanted skills."""
    skills = agent.rules.skills
    total = 0
    for requirement in wanted:
        total += skills.get(requirement.skill, 0)
    return total


def _by_load(agent: Agent) -> tuple[int, int]:
    units = agent.units
    return (units * 1000 // max(agent.rules.total_units, 1), 0) if units else (0, 0)


def _by_idleness(agent: Agent) -> tuple[int, int]:
    return (1, 0) if agent.reservations else (0, 0)


def _by_count(agent: Agent) -> tuple[int, int]:
    return load(agent), agent.handled_today


def _by_weights(weights: Weights) -> Standing:
    """Points against the agent, in millionths, so that idle time counts exactly.

    Everybody gains the same for each second that passes: without `now` in it, the order is the same and stays.
    """

    def standing(agent: Agent) -> tuple[int, int]:
        points = weights.load * load(agent) + weights.handled * agent.handled_today
        return points * _SECOND + weights.idle * agent.idle_since, 0

    return standing
