"""Boundaries of waiting: rings one on top of the other, agents' delays, patience, scheduled times."""

from router.policy import AgentPolicy, AgentQueue, Exit, Policy, QueuePolicy, Ring
from router.stages import Stage, delays, next_boundary, stage_at
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


def everywhere(_: int) -> bool:
    return True


def test_rings_are_the_boundaries_of_a_queue_with_rings() -> None:
    work, seen = item(), []
    while (due := next_boundary(RULES, (), work)) is not None:
        stage = stage_at(RULES, work, due, everywhere)
        seen.append((due // SECOND, stage.ring, stage.exit))
        work.ring, work.waited_us = stage.ring, stage.waited_us
    assert seen == [(110, 1, None), (120, 2, None), (160, 3, Exit(queue="second"))]


def test_a_late_timer_passes_all_that_is_due() -> None:
    assert stage_at(RULES, item(), 125 * SECOND, everywhere) == Stage(2, 25 * SECOND)
    assert stage_at(RULES, item(), 105 * SECOND, everywhere) == Stage(0, 5 * SECOND)


def test_rings_without_anybody_present_are_passed_over() -> None:
    assert stage_at(RULES, item(), 110 * SECOND, lambda ring: ring > 1) == Stage(2, 10 * SECOND)
    nobody = stage_at(RULES, item(), 110 * SECOND, lambda _: False)
    assert nobody == Stage(3, 10 * SECOND, Exit(queue="second"))
    kept = QueuePolicy("sales", Medium.VOICE, rings=(Ring(10 * SECOND, skip_empty=False), RINGS[1]))
    assert stage_at(kept, item(), 110 * SECOND, lambda _: False) == Stage(1, 10 * SECOND)


def test_delays_and_patience_are_boundaries_too() -> None:
    agents = {
        "ann": AgentPolicy("ann", "t", queues={"sales": AgentQueue(1, 0), "vip": AgentQueue(2, 5 * SECOND)}),
        "bob": AgentPolicy("bob", "t", queues={"sales": AgentQueue(1, 30 * SECOND)}),
        "cem": AgentPolicy("cem", "t", queues={"sales": AgentQueue(9, 5 * SECOND)}),
    }
    found = delays(Policy("v", {}, agents))
    assert found == {"sales": (5 * SECOND, 30 * SECOND), "vip": (5 * SECOND,)}
    rules = QueuePolicy("sales", Medium.VOICE, preferred_patience_us=15 * SECOND)
    work, seen = item(preferred=("ann",)), []
    while (due := next_boundary(rules, found["sales"], work)) is not None:
        seen.append(due // SECOND)
        work.waited_us = stage_at(rules, work, due, everywhere).waited_us
    assert seen == [105, 115, 130]
    assert next_boundary(rules, (), item()) is None


def test_scheduled_work_has_its_time_as_the_first_boundary() -> None:
    assert next_boundary(RULES, (1,), item(not_before=500 * SECOND)) == 500 * SECOND
