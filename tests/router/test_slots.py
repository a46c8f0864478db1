"""Counters by slot: what is summed, what changed, what is dropped."""

import pytest

from router.counters import Counters
from router.slots import QUEUE, SLOT_US, CountersBySlot, pieces

ORDERS = (QUEUE, "orders")


def arrivals(*slots: int) -> CountersBySlot:
    made = CountersBySlot()
    for slot in slots:
        made.at(ORDERS, slot * SLOT_US + 1).arrived += 1
    return made


@pytest.mark.parametrize(("since", "until", "now"), [(0, 5, 4), (0, 5, 9), (1, 4, 2), (2, 3, 2), (4, 5, 1), (3, 3, 3)])
def test_a_sum_has_the_slots_that_begin_in_it_wherever_now_is(since: int, until: int, now: int) -> None:
    slots = [slot for slot in (0, 1, 1, 2, 3, 4) if slot <= now]  # nothing is counted ahead of time
    made = arrivals(*slots)
    for _ in range(2):
        found = made.sums(ORDERS, since * SLOT_US, until * SLOT_US, now * SLOT_US + 5)
        assert found.arrived == sum(since <= slot < until for slot in slots)
        found.arrived += 100  # the caller's own


def test_a_slot_that_is_over_and_counted_in_again_is_in_the_sum() -> None:
    made, now = arrivals(0, 1, 2), 2 * SLOT_US
    assert made.sums(ORDERS, 0, 3 * SLOT_US, now).arrived == 3
    made.at(ORDERS, SLOT_US).arrived += 1
    assert made.sums(ORDERS, 0, 3 * SLOT_US, now).arrived == 4
    made.at(ORDERS, now).arrived += 1
    assert made.sums(ORDERS, 0, 3 * SLOT_US, now).arrived == 5


def test_what_changed_is_told_once_and_again_when_it_could_not_be_saved() -> None:
    made = arrivals(0, 1)
    assert made.take_changed() == [ORDERS]
    assert made.take_changed() == []
    made.mark_changed(ORDERS)
    assert made.take_changed() == [ORDERS]
    dirty = made.take_dirty()
    assert [(subject, slot) for subject, slot, _ in dirty] == [(ORDERS, 0), (ORDERS, SLOT_US)]
    assert made.take_dirty() == []
    made.mark_dirty(dirty)
    assert made.take_dirty() == dirty


def saved(made: CountersBySlot) -> CountersBySlot:
    made.take_dirty()
    return made


def test_what_is_put_away_counts_as_before_and_can_be_counted_in_again() -> None:
    made = arrivals(0, 0, 1, 2)
    made.put_away(2 * SLOT_US, 1)
    assert [each.arrived for _, _, each in made.take_dirty()] == [2, 1, 1], "it is still to be saved"
    for since, arrived in ((0, 4), (SLOT_US, 2), (2 * SLOT_US, 1)):
        assert made.sums(ORDERS, since, 9 * SLOT_US, 2 * SLOT_US).arrived == arrived
    assert (made.first(), made.names(QUEUE)) == (0, {"orders"})
    made.at(ORDERS, SLOT_US + 5).arrived += 1
    assert made.sums(ORDERS, 0, 9 * SLOT_US, 2 * SLOT_US).arrived == 5
    assert [(slot, each.arrived) for _, slot, each in made.take_dirty()] == [(SLOT_US, 2)]


def test_subjects_are_put_away_in_turn() -> None:
    made = CountersBySlot()
    for name in "abc":
        made.at((QUEUE, name), 0).arrived += 1
    for left in (2, 1, 0):
        made.put_away(SLOT_US, 1)
        assert len(made._slots) == left
    assert made.names(QUEUE) == {"a", "b", "c"}


def test_after_some_time_the_day_alone_is_known_and_earlier_days_are_not() -> None:
    made = saved(arrivals(0, 1, 2, 3, 4))
    made.begin_day(SLOT_US)
    made.put_away(5 * SLOT_US, 1)
    made.fold(3 * SLOT_US, 1)
    assert made.sums(ORDERS, SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived == 4, "some at a time"
    made.fold(3 * SLOT_US, 9)
    assert made.sums(ORDERS, SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived == 4
    assert made.sums(ORDERS, 3 * SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived == 2
    assert made.first() == SLOT_US
    made.begin_day(4 * SLOT_US)
    assert made.sums(ORDERS, 4 * SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived == 1
    assert made.sums(ORDERS, 3 * SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived == 2, "what windows need stays"
    made.fold(9 * SLOT_US, 9)
    assert (made.sums(ORDERS, 4 * SLOT_US, 9 * SLOT_US, 5 * SLOT_US).arrived, made.first()) == (1, 4 * SLOT_US)


def test_what_is_not_saved_is_not_folded() -> None:
    made = arrivals(0, 1)
    made.put_away(2 * SLOT_US, 1)
    made.fold(2 * SLOT_US, 9)
    made.saved_elsewhere(SLOT_US)
    assert [slot for _, slot, _ in made.take_dirty()] == [SLOT_US]
    made.begin_day(9 * SLOT_US)
    made.fold(2 * SLOT_US, 9)
    assert (made.first(), made.names(QUEUE)) == (None, set())


def test_a_day_begins_with_what_was_counted_elsewhere() -> None:
    made = arrivals(3)
    made.begin_day(0, {ORDERS: Counters(arrived=5), (QUEUE, "vip"): Counters(arrived=1)})
    assert made.names(QUEUE) == {"orders", "vip"}
    assert made.sums(ORDERS, 0, 9 * SLOT_US, 3 * SLOT_US).arrived == 6
    assert made.sums(ORDERS, SLOT_US, 9 * SLOT_US, 3 * SLOT_US).arrived == 1


def test_what_was_saved_is_gone_on_with() -> None:
    made = CountersBySlot({ORDERS: {0: Counters(arrived=2)}})
    made.at(ORDERS, 7).arrived += 1
    assert made.sums(ORDERS, 0, SLOT_US, 7).arrived == 3


def test_a_time_is_cut_where_slots_begin() -> None:
    assert list(pieces(SLOT_US - 5, 2 * SLOT_US + 1)) == [
        (SLOT_US - 5, SLOT_US),
        (SLOT_US, 2 * SLOT_US),
        (2 * SLOT_US, 2 * SLOT_US + 1),
    ]
    assert list(pieces(7, 7)) == []


def test_what_was_taken_counts_as_changed_when_it_is_counted_again() -> None:
    slots = CountersBySlot()
    one = (QUEUE, "orders")
    for round_of in range(2):
        slots.at(one, 5).arrived += 1
        slots.at(one, 6).arrived += 1
        assert [(subject, slot, counters.arrived) for subject, slot, counters in slots.take_dirty()] == [
            (one, 0, 2 * round_of + 2)
        ]
        assert slots.take_changed() == [one]
    slots.at(one, 7)
    slots.saved_elsewhere(SLOT_US)
    slots.at(one, 8)
    assert len(slots.take_dirty()) == 1
