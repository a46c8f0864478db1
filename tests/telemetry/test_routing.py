"""Counters from turns; the turns come from the real dispatcher."""

from router.dispatcher import Dispatcher
from router.events import (
    AgentConnected,
    AssignmentConnected,
    AssignmentFailed,
    CustomerLeft,
    Event,
    OfferAccepted,
    OfferRejected,
    PresenceSet,
    TimePassed,
    WorkQueued,
)
from router.policy import AgentPolicy, Policy, QueuePolicy
from router.rows import ShardImage, Turn
from router.vocabulary import Medium, Presence
from telemetry.metrics import Metrics
from telemetry.routing import RoutingMeter
from tests.telemetry.test_metrics import samples

SECOND = 1_000_000
POLICY = Policy(
    "v1",
    {"orders": QueuePolicy("orders", Medium.VOICE, offer_timeout_us=20 * SECOND, reject_rest_us=SECOND)},
    {"anna": AgentPolicy("anna", "all")},
)


class Shift:
    """One agent, one queue with a promise of 10 s; every turn is observed."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(POLICY)
        self.metrics = Metrics()
        self.meter = RoutingMeter(self.metrics, {"orders": 10 * SECOND})
        self.turns: list[Turn] = []
        self.post(0, AgentConnected("anna", 1))
        self.post(0, PresenceSet("anna", Presence.READY))

    def post(self, seconds: float, event: Event) -> None:
        now = int(seconds * SECOND)
        dispatcher = self.dispatcher
        commands = dispatcher.expire(now) if isinstance(event, TimePassed) else dispatcher.handle(event, now)
        self.turns.append(Turn(len(self.turns) + 1, now, "", event, tuple(commands), dispatcher.drain_changes()))
        self.meter.observe(self.turns[-1])

    def count(self, name: str, *labels: str) -> float:
        return samples(self.metrics).get((f"jackfield_{name}_total", "orders", *labels), 0)

    def results(self) -> dict[str, float]:
        return {
            key[2]: value for key, value in samples(self.metrics).items() if key[0] == "jackfield_offer_results_total"
        }


def work(number: int) -> WorkQueued:
    return WorkQueued(f"w{number}", f"i{number}", Medium.VOICE, "orders")


def test_answered_within_the_target() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(3, OfferAccepted("w1.1", "anna"))
    shift.post(11, AssignmentConnected("w1.1"))
    assert (shift.count("queued"), shift.count("offers"), shift.count("answered")) == (1, 1, 1)
    assert shift.count("answered_within_target") == 1
    assert shift.results() == {"accepted": 1}


def test_answered_too_late_and_said_twice() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(3, OfferAccepted("w1.1", "anna"))
    shift.post(11.1, AssignmentConnected("w1.1"))
    shift.post(12, AssignmentConnected("w1.1"))
    assert (shift.count("answered"), shift.count("answered_within_target")) == (1, 0)


def test_reject_miss_and_abandon() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(2, OfferRejected("w1.1", "anna"))
    shift.post(3, TimePassed())
    shift.post(23, TimePassed())
    shift.post(24, OfferAccepted("w1.2", "anna"))
    shift.post(25, CustomerLeft("w1"))
    assert shift.results() == {"rejected": 1, "expired": 1}
    assert (shift.count("offers"), shift.count("abandoned"), shift.count("answered")) == (2, 1, 0)


def test_abandon_while_offered() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(2, CustomerLeft("w1"))
    assert shift.results() == {"withdrawn": 1}
    assert shift.count("abandoned") == 1


def test_an_accepted_offer_that_fails_later_ended_once() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(2, OfferAccepted("w1.1", "anna"))
    shift.post(3, AssignmentFailed("w1.1", "ice_failed"))
    shift.post(4, AssignmentConnected("w1.1"))
    assert shift.results() == {"accepted": 1}
    assert shift.count("answered") == 0


def test_a_refused_item_does_not_count() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.post(2, work(1))
    assert shift.count("queued") == 1


def test_nothing_is_kept_of_work_that_is_over() -> None:
    shift = Shift()
    for number in range(1, 30):
        shift.post(number, work(number))
        shift.post(number, CustomerLeft(f"w{number}"))
    assert (shift.meter._work, shift.meter._offered, shift.meter._accepted) == ({}, {}, {})


def test_a_restart_knows_the_open_work() -> None:
    before = Shift()
    before.post(1, work(1))
    before.post(2, OfferAccepted("w1.1", "anna"))
    before.post(2, work(2))
    image = ShardImage(
        agents=(),
        work=tuple({row.work_id: row for turn in before.turns for row in turn.changes.work}.values()),
        reservations=tuple(
            {row.reservation_id: row for turn in before.turns for row in turn.changes.reservations}.values()
        ),
        policy_version="v1",
        applied=len(before.turns),
        clock=2 * SECOND,
    )
    after = Shift()
    after.post(1, work(7))
    after.meter.restore(image.work, image.reservations)
    after.meter.observe(Turn(9, 5 * SECOND, "", AssignmentConnected("w1.1"), (), before.turns[0].changes))
    assert (after.count("answered"), after.count("answered_within_target")) == (1, 1)


def test_what_a_node_knew_before_it_followed_counts_no_more() -> None:
    shift = Shift()
    shift.post(1, work(1))
    shift.meter.restore((), ())
    shift.post(2, OfferAccepted("w1.1", "anna"))
    shift.post(3, AssignmentConnected("w1.1"))
    assert (shift.results(), shift.count("answered")) == ({}, 0)
