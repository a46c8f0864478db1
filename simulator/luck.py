"""What each customer of a run is like: drawn from the streams once, looked up by the customer's number."""

from simulator.distributions import Distribution, durations
from simulator.scenario import Group, Scenario, WorkType
from simulator.streams import Streams


class Luck:
    """Durations and shares, each list drawn whole when it is first asked for.

    `counts` is the number of customers of each work type. `turn` is the how-manieth of its kind for the customer: the
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
        drawn = self._durations.get(("patience", work.name, attempt, ""))
        if drawn is None:
            drawn = self._draw("patience", work.name, attempt, "", patience)
        return drawn[customer]

    def retry_delay(self, work: WorkType, delay: Distribution, customer: int, attempt: int) -> int:
        """How long until this customer calls again."""
        drawn = self._durations.get(("delay", work.name, attempt, ""))
        if drawn is None:
            drawn = self._draw("delay", work.name, attempt, "", delay)
        return drawn[customer]

    def ring(self, work: WorkType, customer: int, offer: int, group: Group) -> int:
        """How long the agent takes to answer this customer's offer of that number."""
        drawn = self._durations.get(("ring", work.name, offer, group.name))
        if drawn is None:
            drawn = self._draw("ring", work.name, offer, group.name, group.ring)
        return drawn[customer]

    def share(self, purpose: str, work: WorkType, customer: int, turn: int) -> float:
        """A number in [0, 1) for a yes or no."""
        key = (purpose, work.name, turn)
        if key not in self._shares:
            self._shares[key] = self._streams.uniforms(purpose, work.name, turn, self._counts[work.name]).tolist()
        return self._shares[key][customer]

    def _draw(self, purpose: str, work: str, turn: int, group: str, distribution: Distribution) -> list[int]:
        uniforms = self._streams.uniforms(purpose, work, turn, self._counts[work])
        drawn = self._durations[purpose, work, turn, group] = durations(distribution, uniforms)
        return drawn
