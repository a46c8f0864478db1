"""How long a waiting item is likely to wait, from what the queue has done lately. Pure, integers only, fed by turns.

**Expected wait.** The item at place n leaves after n departures, so the estimate is n times the agent time that one
departure costs, divided by the agents who serve the queue now: the queue-length estimator (QL) of Ibrahim and Whitt,
"Real-Time Delay Estimation Based on Delay History" (Manufacturing & Service Operations Management 11(3), 2009),
with the service rate measured instead of assumed. The cost is measured between two departures from a queue in which
somebody waited all the time: so it has in it handling, wrap-up, ringing, customers who give up, and what agents do
for other queues. Only the number of agents is taken as it is now.

**Interval.** What came of earlier estimates says how far they are off: of the last ratios of real to estimated wait
at about the same place, quantiles near the 10th and the 90th percentile bound the 80 % interval, in the manner of
inductive conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005). Until
there are enough of them, the departures count as a Poisson process, so that n of them take an Erlang time, whose
quantiles follow from Wilson and Hilferty, "The Distribution of Chi-Square" (PNAS 17, 1931). Customers who give up are
left out of the ratios: where many do, the interval is a little short.

**Probability.** The same ratios are a predictive distribution: the share of them above what is left to a limit, divided
by the estimate, is how likely the wait is to exceed it (conformal prediction again: Vovk, Shen, Manokhin and Xie,
"Nonparametric predictive distributions based on conformal prediction", Machine Learning 108, 2019).
"""

from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass
from math import isqrt

from router.events import PolicyChanged
from router.expression import Expression, all_of, resolve, unmet
from router.expression_parser import parse
from router.policy import Policy, QueuePolicy
from router.rows import AgentRow, ShardImage, Turn, WorkRow
from router.vocabulary import Medium, WorkState

# Enough to be steady, few enough to follow the hour.
RECENT_DEPARTURES = 100
RECENT_RATIOS = 200
MIN_DEPARTURES = 8
MIN_RATIOS = 20
PLACE_CLASSES = 6
# Each side leaves out 9 % of what was, not 10 %: what is to come differs a little more (tests/sim/test_estimates.py).
TAIL_PERMILLE = 90
PPM = 1_000_000
# The 90th percentile of the normal distribution, 1.2816, divided by 3.
_Z_THIRD_PPM = 427_184
RECENT_RINGS = 100
# Quantiles of the normal distribution in thousandths, at 5, 10, ... 95 %.
_NORMAL = (-1645, -1282, -1036, -842, -674, -524, -385, -253, -126, 0, 126, 253, 385, 524, 674, 842, 1036, 1282, 1645)


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """Until the item is offered to an agent, in microseconds; 80 % of waits lie from `low_us` to `high_us`."""

    expected_us: int
    low_us: int
    high_us: int


@dataclass(frozen=True, slots=True)
class _Guess:
    """An estimate whose truth is not known yet."""

    place_class: int
    expected_us: int
    made_at: int


class WaitEstimates:
    """Call `restore` once, then `observe` for each turn in order; the same turns give the same estimates."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._ready: dict[str, tuple[Medium, ...]] = {}
        self._serving: dict[str, int] = {}
        self._demands: dict[str, Expression] = {}
        self._waiting_in: dict[str, str] = {}
        self._waiting: Counter[str] = Counter()
        self._guesses: dict[str, _Guess] = {}
        self._busy_since: dict[str, int] = {}
        self._costs: dict[str, deque[int]] = {}
        self._ratios: dict[tuple[str, int], deque[int]] = {}
        self._sorted: dict[tuple[str, int], list[int]] = {}
        self._offered_at: dict[str, int] = {}
        self._rings: dict[str, deque[int]] = {}

    def restore(self, image: ShardImage) -> None:
        """Takes over who waits and who is ready; what the queues did before is not known."""
        for agent in image.agents:
            self._see_agent(agent)
        for row in image.work:
            if row.state is WorkState.WAITING and row.not_before is None:
                self._enter(row.work_id, row.queue)

    def observe(self, turn: Turn) -> None:
        """One turn, by the rows that it changed."""
        if isinstance(turn.event, PolicyChanged):
            self._policy = turn.event.policy
            self._serving.clear()
            self._demands.clear()
        for agent in turn.changes.agents:
            self._see_agent(agent)
        for agent_id in turn.changes.agents_removed:
            self._ready.pop(agent_id, None)
            self._serving.clear()
        for row in turn.changes.work:
            self._see_work(row, turn.now)
        for work_id in turn.changes.work_closed:
            self._offered_at.pop(work_id, None)
            self._leave(work_id, turn.now, offered=False)

    def estimate(self, queue: str, place: int) -> WaitEstimate | None:
        """For the item at `place` (from 1). None while too little is known, or when nobody serves the queue."""
        costs = self._costs.get(queue, ())
        agents = self._agents(queue)
        if len(costs) < MIN_DEPARTURES or not agents:
            return None
        expected = max(1, place * sum(costs) // (len(costs) * agents))
        low, high = self._bounds(queue, place)
        return WaitEstimate(expected, expected * low // PPM, expected * high // PPM)

    def per_place(self, queue: str) -> int | None:
        """What each place more adds to the expected wait, in microseconds; None as for `estimate`."""
        first = self.estimate(queue, 1)
        return first.expected_us if first is not None else None

    def estimate_of(self, work_id: str, place: int) -> WaitEstimate | None:
        """The same for an item that waits."""
        queue = self._waiting_in.get(work_id)
        return self.estimate(queue, place) if queue is not None else None

    def exceeds(self, queue: str, place: int, limit_us: int) -> int | None:
        """How likely the item at `place` is still not offered after `limit_us`, in thousandths; None as `estimate`."""
        expected = self.estimate(queue, place)
        if expected is None:
            return None
        limit = max(0, limit_us) * PPM // expected.expected_us
        ratios = self._ordered(queue, place)
        if len(ratios) >= MIN_RATIOS:
            above = len(ratios) - bisect_right(ratios, limit)
            return 1000 * (2 * above + 1) // (2 * (len(ratios) + 1))
        middle, spread = _erlang(place)
        passed = sum((middle + spread * z // 1282) ** 3 // PPM**2 <= limit for z in _NORMAL)
        return 1000 - 50 * passed - 25

    def ring_us(self, queue: str) -> int:
        """How long it lately took from an offer to the join, in the mean; 0 while nothing is known."""
        rings = self._rings.get(queue)
        return sum(rings) // len(rings) if rings else 0

    def ring_exceeds(self, queue: str, elapsed_us: int, limit_us: int) -> int | None:
        """How likely an offer that has stood so long takes until after `limit_us`, in thousandths; None if unknown."""
        longer = [ring for ring in self._rings.get(queue, ()) if ring > elapsed_us]
        if not longer:
            return None
        return 1000 * sum(ring > limit_us for ring in longer) // len(longer)

    def offered_at(self, work_id: str) -> int | None:
        """Since when an item is with an agent who has not been joined yet."""
        return self._offered_at.get(work_id)

    def _ordered(self, queue: str, place: int) -> list[int]:
        key = (queue, _class(place))
        if key not in self._sorted:
            self._sorted[key] = sorted(self._ratios.get(key, ()))
        return self._sorted[key]

    def _bounds(self, queue: str, place: int) -> tuple[int, int]:
        """The ends of the interval, in millionths of the estimate."""
        ratios = self._ordered(queue, place)
        if len(ratios) >= MIN_RATIOS:
            outside = max(1, (len(ratios) + 1) * TAIL_PERMILLE // 1000)
            return ratios[outside - 1], ratios[-outside]
        middle, spread = _erlang(place)
        return (middle - spread) ** 3 // PPM**2, (middle + spread) ** 3 // PPM**2

    def _see_agent(self, row: AgentRow) -> None:
        takes = row.takes
        if takes == self._ready.get(row.agent_id, ()):
            return
        if takes:
            self._ready[row.agent_id] = takes
        else:
            del self._ready[row.agent_id]
        self._serving.clear()

    def _see_work(self, row: WorkRow, now: int) -> None:
        before = self._waiting_in.get(row.work_id)
        self._see_ring(row, now)
        if before is not None and (row.state is not WorkState.WAITING or row.not_before or row.queue != before):
            offered = row.state not in (WorkState.WAITING, WorkState.LEAVING)
            self._leave(row.work_id, now, offered=offered)
        listed = row.state is WorkState.WAITING and row.not_before is None
        if listed and row.work_id not in self._waiting_in:
            if not self._waiting[row.queue]:
                self._busy_since[row.queue] = now
            self._enter(row.work_id, row.queue)
            place = self._waiting[row.queue]
            if not row.attempts and (guess := self.estimate(row.queue, place)) is not None:
                self._guesses[row.work_id] = _Guess(_class(place), guess.expected_us, now)

    def _see_ring(self, row: WorkRow, now: int) -> None:
        if row.state is WorkState.OFFERED:
            self._offered_at.setdefault(row.work_id, now)
        elif row.state is not WorkState.ASSIGNED:
            since = self._offered_at.pop(row.work_id, None)
            if since is not None and row.state is WorkState.CONNECTED:
                self._rings.setdefault(row.queue, deque(maxlen=RECENT_RINGS)).append(now - since)

    def _enter(self, work_id: str, queue: str) -> None:
        self._waiting_in[work_id] = queue
        self._waiting[queue] += 1

    def _leave(self, work_id: str, now: int, *, offered: bool) -> None:
        queue = self._waiting_in.pop(work_id, None)
        if queue is None:
            return
        self._waiting[queue] -= 1
        since = self._busy_since.get(queue)
        if since is not None:
            cost = (now - since) * self._agents(queue)
            self._costs.setdefault(queue, deque(maxlen=RECENT_DEPARTURES)).append(cost)
        self._busy_since[queue] = now
        guess = self._guesses.pop(work_id, None)
        if guess is not None and offered:
            ratio = (now - guess.made_at) * PPM // guess.expected_us
            key = (queue, guess.place_class)
            self._ratios.setdefault(key, deque(maxlen=RECENT_RATIOS)).append(ratio)
            self._sorted.pop(key, None)

    def serves(self, agent_id: str, queue: str) -> bool:
        """Whether what comes into the queue may go to this agent, as far as the queue's own rules say."""
        rules = self._policy.queues.get(queue)
        return rules is not None and self._serves(agent_id, rules)

    def _agents(self, queue: str) -> int:
        """How many ready agents may take what comes into the queue, whatever they do now."""
        if queue not in self._serving:
            rules = self._policy.queues.get(queue)
            self._serving[queue] = self._count(rules) if rules else 0
        return self._serving[queue]

    def _count(self, queue: QueuePolicy) -> int:
        ready = (agent_id for agent_id, takes in self._ready.items() if queue.medium in takes)
        return sum(self._serves(agent_id, queue) for agent_id in ready)

    def _serves(self, agent_id: str, queue: QueuePolicy) -> bool:
        agent = self._policy.agents.get(agent_id)
        if agent is None or not self._policy.takes(agent_id, queue.medium):
            return False
        listed = not agent.queues or queue.name in agent.queues
        in_team = not queue.teams or agent.team in queue.teams
        return listed and in_team and unmet(self._demand(queue), agent.skills, agent.team) is None

    def _demand(self, queue: QueuePolicy) -> Expression:
        """What the queue asks of everybody, before any ring; of an item's attributes nothing is known here."""
        if queue.name not in self._demands:
            condition = (parse(queue.condition),) if queue.condition else ()
            self._demands[queue.name] = resolve(all_of((*queue.requirements, *condition)), {})
        return self._demands[queue.name]


def _erlang(place: int) -> tuple[int, int]:
    """Of the cube root of wait / expected, in ppm: the middle, and from there to the 90th percentile."""
    return PPM - PPM // (9 * place), _Z_THIRD_PPM * 1000 // isqrt(place * PPM)


def _class(place: int) -> int:
    """Places whose estimates err alike: 1, 2-3, 4-7, 8-15, 16-31, and all behind them."""
    return min(place.bit_length(), PLACE_CLASSES)
