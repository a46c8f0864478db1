"""Two sets of rules over the same moment: run after run with the same luck, so that what differs is the rules' doing.

Each pair of runs meets the same customers with the same patience and the same conversations (common random numbers),
and the interval of a difference is that of the differences pair by pair.
"""

from dataclasses import dataclass

from router.policy import Policy
from router.rows import ShardImage
from simulator.estimates import Estimate, Pair, difference, estimate, join
from simulator.measures import Summary
from simulator.replications import Job
from simulator.scenario import Scenario

# Fewer pairs give an interval, but happen to agree too easily for a verdict.
ENOUGH = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure under both rules, and the second less the first."""

    before: Estimate
    after: Estimate
    difference: Estimate
    pairs: int

    @property
    def verdict(self) -> str:
        """`higher`, `lower`, `unclear` (the interval covers zero, or is of too few pairs), `equal` in each pair, or
        `unknown` (nothing to measure)."""
        found = self.difference
        if found.value is None:
            return "unknown"
        if found.value == 0 and not found.half_width:
            return "equal"
        if self.pairs < ENOUGH or found.holds(0.0):
            return "unclear"
        return "higher" if found.value > 0 else "lower"


class Paired:
    """`run_pair` as often as there is time; the rest reads what came of it.

    `scenario` has the rules as they are and begins with `start`; `policy` and `changed` are the other ones.
    """

    def __init__(self, scenario: Scenario, start: ShardImage, policy: Policy, changed: ShardImage, seed: int) -> None:
        self._scenario = scenario
        self._start = start
        self._policy = policy
        self._changed = changed
        self._seed = seed
        self._before: list[Summary] = []
        self._after: list[Summary] = []

    @property
    def pairs(self) -> int:
        """How many are done."""
        return len(self._after)

    def run_pair(self) -> None:
        """One more. Raises ValueError for an image that the scenario does not cover."""
        number = self.pairs
        self._before.append(Job(self._scenario, self._seed, number, None, self._start, 1).summary())
        self._after.append(Job(self._scenario, self._seed, number, self._policy, self._changed, 1).summary())

    def queue(self, name: str) -> dict[str, Compared]:
        """Of everybody who waits now or comes within the time: how many, shares of them, and the wait in seconds.

        `level`: answered within the threshold. `abandoned`: gave up. `unserved`: neither answered nor gave up
        (diverted, turned away, or nobody was left to answer).
        """
        before, after = self._both("queue", name)
        return {measure: self._compared(before[measure], after[measure]) for measure in before}

    def team(self, name: str) -> Compared:
        """The occupancy of a team's agents, as the teams are under the rules that hold."""
        pairs = [join([one.pairs["group", name, "occupancy"] for one in runs]) for runs in (self._before, self._after)]
        return self._compared(*pairs)

    def _both(self, kind: str, name: str) -> list[dict[str, Pair]]:
        return [_measures(runs, kind, name) for runs in (self._before, self._after)]

    def _compared(self, before: Pair, after: Pair) -> Compared:
        return Compared(estimate(before), estimate(after), difference(before, after), self.pairs)


def _measures(runs: list[Summary], kind: str, name: str) -> dict[str, Pair]:
    def of(measure: str) -> Pair:
        return join([one.pairs[kind, name, measure] for one in runs])

    arrivals, answered, abandoned = of("arrivals"), of("answered").over, of("abandoned").over
    came = arrivals.over
    return {
        "arrivals": arrivals,
        "level": Pair(of("level_of_settled").over, came),
        "wait": of("wait_s"),
        "abandoned": Pair(abandoned, came),
        "unserved": Pair(came - answered - abandoned, came),
    }
