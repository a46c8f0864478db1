"""What each customer of a run is like: drawn from the streams, looked up by the customer's number."""

import numpy as np

from simulator.distributions import Distribution, durations
from simulator.scenario import Group, Scenario, WorkType
from simulator.streams import Streams

# Nearly every customer comes to their first turns: these are drawn for all at once. Later ones are drawn one by one.
_FOR_ALL = 4


class Luck:
    """Durations and shares of customers.

    `counts` is the number of customers of each work type. A turn is the how-manieth of its kind for the customer: the
    attempt, or the offer.
    """

    def __init__(self, scenario: Scenario, streams: Streams, counts: tuple[int, ...]) -> None:
        self._streams = streams
        self._counts = {work.name: count for work, count in zip(scenario.work, counts, strict=True)}
        self._durations: dict[tuple[str, str, int, str], list[int]] = {}
        self._shares: dict[tuple[str, str, int], list[float]] = {}

    def talk(self, work: WorkType, customer: int, group: str) -> int:
        """How long this customer talks to an agent of the group."""
        drawn = self._durations.get(("talk", work.name, 0, group))
        if drawn is None:
            drawn = self._draw("talk", work.name, 0, group, work.talk_with(group))
        return drawn[customer]

    def wrap_up(self, work: WorkType, customer: int, group: str) -> int:
        """How long the agent works after this customer."""
        drawn = self._durations.get(("wrap_up", work.name, 0, group))
        if drawn is None:
            drawn = self._draw("wrap_up", work.name, 0, group, work.wrap_up_with(group))
        return drawn[customer]

    def patience(self, work: WorkType, patience: Distribution, customer: int, attempt: int) -> int:
        """How long this customer waits this time."""
        return self._duration("patience", work, customer, attempt, "", patience)

    def retry_delay(self, work: WorkType, delay: Distribution, customer: int, attempt: int) -> int:
        """How long until this customer calls again."""
        return self._duration("delay", work, customer, attempt, "", delay)

    def ring(self, work: WorkType, customer: int, offer: int, group: Group) -> int:
        """How long the agent takes to answer this customer's offer of that number."""
        return self._duration("ring", work, customer, offer, group.name, group.ring)

    def share(self, purpose: str, work: WorkType, customer: int, turn: int) -> float:
        """A number in [0, 1) for a yes or no."""
        if turn >= _FOR_ALL:
            return self._streams.single(purpose, work.name, turn, customer)
        key = (purpose, work.name, turn)
        if key not in self._shares:
            self._shares[key] = self._streams.uniforms(purpose, work.name, turn, self._counts[work.name]).tolist()
        return self._shares[key][customer]

    def _duration(
        self, purpose: str, work: WorkType, customer: int, turn: int, group: str, distribution: Distribution
    ) -> int:
        if turn >= _FOR_ALL:
            return durations(distribution, np.array([self._streams.single(purpose, work.name, turn, customer)]))[0]
        drawn = self._durations.get((purpose, work.name, turn, group))
        if drawn is None:
            drawn = self._draw(purpose, work.name, turn, group, distribution)
        return drawn[customer]

    def _draw(self, purpose: str, work: str, turn: int, group: str, distribution: Distribution) -> list[int]:
        uniforms = self._streams.uniforms(purpose, work, turn, self._counts[work])
        drawn = self._durations[purpose, work, turn, group] = durations(distribution, uniforms)
        return drawn
