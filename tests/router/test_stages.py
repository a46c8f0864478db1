"""Boundaries of waiting: rings, agents' delays, patience, scheduled times."""

from router.policy import AgentPolicy, AgentQueue, Exit, QueuePolicy, Ring
from router.stages import delays, next_boundary
from router.vocabulary import Medium
from router.work import Work
from tests.router.world import SECOND

RINGS = (
    Ring(10 * SECOND, lower=(("en", 2),)),
    Ring(20 * SECOND, drop=("en",)),
    Ring(60 * SECOND, exit=Exit(queue="second")),
)
RULES = QueuePolicy("sales", Medium.VOICE, rings=RINGS)


def item(**fields: object) -> Work:
    work = Work("w", "i", Medium.VOICE, "sales", (), 0, 100 * SECOND, 1, "", ringed_at=100 * SECOND)
    for name, value in fields.items():
        setattr(work, name, value)
    return work


def test_rings_are_the_boundaries_of_a_queue_with_rings() -> None:
    due = [next_boundary(RULES, (), item(ring=ring)) for ring in range(4)]
    assert due == [110 * SECOND, 120 * SECOND, 160 * SECOND, None]


def test_delays_and_patience_are_boundaries_too() -> None:
    agents = (
        AgentPolicy("ann", "t", queues={"sales": AgentQueue(1, 0), "vip": AgentQueue(2, 5 * SECOND)}),
        AgentPolicy("bob", "t", queues={"sales": AgentQueue(1, 30 * SECOND)}),
        AgentPolicy("cem", "t", queues={"sales": AgentQueue(9, 5 * SECOND)}),
    )
    found = delays(agents)
    assert found == {"sales": (5 * SECOND, 30 * SECOND), "vip": (5 * SECOND,)}
    rules = QueuePolicy("sales", Medium.VOICE, preferred_patience_us=15 * SECOND)
    work, seen = item(preferred=("ann",)), []
    while (due := next_boundary(rules, found["sales"], work)) is not None:
        seen.append(due // SECOND)
        work.waited_us = due - work.ringed_at
    assert seen == [105, 115, 130]
    assert next_boundary(rules, (), item()) is None


def test_scheduled_work_has_its_time_as_the_first_boundary() -> None:
    assert next_boundary(RULES, (1,), item(not_before=500 * SECOND)) == 500 * SECOND
