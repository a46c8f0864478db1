"""Deadlines."""

from random import Random

from router.timers import TimerKind, Timers


def test_due_timers_come_earliest_first_and_once() -> None:
    timers = Timers()
    timers.arm(TimerKind.OFFER, "b", 20)
    timers.arm(TimerKind.WRAP_UP, "a", 10)
    assert timers.next() == 10
    assert timers.pop_due(9) is None
    assert timers.pop_due(20) == (TimerKind.WRAP_UP, "a")
    assert timers.pop_due(20) == (TimerKind.OFFER, "b")
    assert timers.pop_due(20) is None
    assert timers.next() is None


def test_equal_deadlines_come_in_name_order_whoever_was_armed_first() -> None:
    timers = Timers()
    for name in ("c", "a", "b"):
        timers.arm(TimerKind.OFFER, name, 5)
    assert [timers.pop_due(5) for _ in range(3)] == [(TimerKind.OFFER, name) for name in "abc"]


def test_arming_again_replaces_and_disarming_is_idempotent() -> None:
    timers = Timers()
    timers.arm(TimerKind.OFFER, "a", 5)
    timers.arm(TimerKind.OFFER, "a", 50)
    assert timers.next() == 50
    assert timers.deadline(TimerKind.OFFER, "a") == 50
    timers.disarm(TimerKind.OFFER, "a")
    timers.disarm(TimerKind.OFFER, "a")
    assert timers.next() is None
    assert len(timers) == 0


def test_cancelled_entries_do_not_pile_up() -> None:
    timers, random = Timers(), Random(2)
    for index in range(50_000):
        timers.arm(TimerKind.OFFER, f"w{index}", 1_000_000 + random.randrange(1000))
        timers.disarm(TimerKind.OFFER, f"w{index}")
    assert len(timers._heap) < 1_000
    assert timers.armed() == ()
