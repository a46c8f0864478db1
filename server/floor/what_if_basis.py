"""What is expected of the next half hour, from what this site has measured; what too little is known of is assumed.

docs/what-if.md tells the words and the rules. Everything here is arithmetic on counters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from http_api.what_if_messages import QueueAssumption, TeamAssumption
from router.counters import Counters, total
from router.vocabulary import Medium
from simulator.moment import Demand, QueueBasis, TeamBasis

MINUTE = 60_000_000
HORIZON_US = 30 * MINUTE
HOUR_US = 60 * MINUTE
# Fewer than so many say too little.
ENOUGH = 10
ENOUGH_IN_WEEKS = 20
ENOUGH_GONE = 5
# Where nothing is known of a medium: seconds.
TALK_S = {Medium.VOICE: 240, Medium.CHAT: 480, Medium.EMAIL: 600}
PATIENCE_S = {Medium.VOICE: 180, Medium.CHAT: 300}
RING_US = 5_000_000
SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Counters by name (queues; agents in `agents`). `hour_us` and `hours_us`: how much time the first two cover.

    `week`: the last days together. `weeks_hour` and `weeks_next`: the hour before this time of day, and the half hour
    after it, on this day of so many weeks (`weeks`) ago, added up.
    """

    hour: Mapping[str, Counters] = field(default_factory=dict)
    hour_us: int = HOUR_US
    hours: Mapping[str, Counters] = field(default_factory=dict)
    hours_us: int = 4 * HOUR_US
    week: Mapping[str, Counters] = field(default_factory=dict)
    weeks_hour: Mapping[str, Counters] = field(default_factory=dict)
    weeks_next: Mapping[str, Counters] = field(default_factory=dict)
    weeks: int = 0
    agents: Mapping[str, Counters] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """What the site says of a queue."""

    queue: str
    medium: Medium
    threshold_us: int
    short_us: int
    wrap_up_us: int


NOTHING = Counters()


def queue_basis(
    facts: QueueFacts, past: Past, alike: Iterable[str], demands: Sequence[Demand]
) -> tuple[QueueBasis, QueueAssumption]:
    """`alike` are the queues of its medium: they stand in for it while too little is known of itself."""
    per_hour, arrivals_from = arrivals(facts.queue, past)
    own = total((past.hours.get(facts.queue, NOTHING),)), total((_long(past, facts.queue),))
    medium = total(_long(past, name) for name in alike)
    talk, wrap_up, handling_from = handling(facts, *own, medium)
    patience, patience_from = patience_of(facts.medium, *own, medium)
    basis = QueueBasis(
        queue=facts.queue,
        medium=facts.medium,
        threshold_us=facts.threshold_us,
        short_us=facts.short_us,
        per_hour=per_hour,
        talk_us=talk,
        wrap_up_us=wrap_up,
        patience_us=patience,
        demands=tuple(demands),
    )
    told = QueueAssumption(
        queue=facts.queue,
        arrivals_per_hour=round(per_hour, 2),
        arrivals_from=arrivals_from,
        talk_us=talk,
        wrap_up_us=wrap_up,
        handling_from=handling_from,
        patience_us=patience,
        patience_from=patience_from,
    )
    return basis, told


def arrivals(queue: str, past: Past) -> tuple[float, str]:
    """Customers an hour, and from what: the last hour, moved by how other weeks went on from here where that is known.

    With weeks, level times profile: the last hour says how busy this day is, the weeks how the day goes on.
    """
    hour = past.hour.get(queue, NOTHING).arrived
    before = past.weeks_hour.get(queue, NOTHING).arrived
    after = past.weeks_next.get(queue, NOTHING).arrived
    scale = HOUR_US / HORIZON_US
    if past.weeks and before >= ENOUGH_IN_WEEKS and hour >= ENOUGH and past.hour_us >= HOUR_US:
        rate = hour * HOUR_US / past.hour_us
        return rate * after * scale / before, "last_hour_and_weeks"
    if hour >= ENOUGH:
        return hour * HOUR_US / max(past.hour_us, 1), "last_hour"
    if past.weeks and before + after >= ENOUGH_IN_WEEKS:
        return after * scale / past.weeks, "weeks"
    hours = past.hours.get(queue, NOTHING).arrived
    rate = hours * HOUR_US / max(past.hours_us, 1)
    return rate, "last_hours" if hours >= ENOUGH else "little_known"


def handling(facts: QueueFacts, recent: Counters, long: Counters, medium: Counters) -> tuple[int, int, str]:
    """Mean conversation (with hold) and wrap-up in microseconds, and from what."""
    for counters, source in ((recent, "last_hours"), (long, "last_days"), (medium, "medium")):
        if counters.handled >= ENOUGH:
            talk = (counters.talk_us + counters.hold_us) // counters.handled
            return talk, counters.wrap_up_us // counters.handled, source
    return TALK_S[facts.medium] * SECOND, facts.wrap_up_us // 2, "assumed"


def patience_of(medium_: Medium, recent: Counters, long: Counters, medium: Counters) -> tuple[int | None, str]:
    """Mean patience: all time waited over those who gave up, since whoever was answered was patient at least so long.

    The maximum-likelihood estimate of an exponential patience that is cut off by answers (Brown and others, 2005,
    section 5).
    """
    for counters, source in ((recent, "last_hours"), (long, "last_days"), (medium, "medium")):
        if counters.abandoned >= ENOUGH_GONE:
            return (counters.wait_us + counters.abandon_wait_us) // counters.abandoned, source
    seconds = PATIENCE_S.get(medium_)
    return (None if seconds is None else seconds * SECOND), "assumed"


def team_basis(team: str, members: Iterable[str], past: Past) -> tuple[TeamBasis, TeamAssumption]:
    """From the offers of the last hours to the agents of the team."""
    counters = total(past.agents.get(agent_id, NOTHING) for agent_id in members)
    known = counters.handled >= ENOUGH and counters.offers >= ENOUGH
    ring = counters.ring_us // counters.handled if known else RING_US
    reject, miss = (counters.rejected / counters.offers, counters.missed / counters.offers) if known else (0.0, 0.0)
    told = TeamAssumption(
        team=team,
        ring_us=ring,
        rejected=round(reject, 4),
        missed=round(miss, 4),
        ringing_from="last_hours" if known else "assumed",
    )
    return TeamBasis(team=team, ring_us=ring, reject=reject, miss=miss), told


def _long(past: Past, queue: str) -> Counters:
    """The last days and the last hours: the days are those before these hours."""
    return total((past.week.get(queue, NOTHING), past.hours.get(queue, NOTHING)))
