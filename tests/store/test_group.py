"""Scores of queues, and the arguments of a commit."""

from hypothesis import given
from hypothesis import strategies as st

from router.rows import Changes, NeighbourRow
from router.vocabulary import WorkState
from store.codec import encode_entry, encode_row
from store.group import commit_values, queue_score
from tests.store.samples import SECOND, T0, agent, reservation, turn, work

priorities = st.integers(-4095, 4095)
times = st.integers(1_577_836_800_000_000, 3_770_000_000_000_000)  # 2020 to 2089, microseconds


@given(priorities, times, priorities, times)
def test_scores_order_by_priority_then_time_and_are_exact_doubles(p1: int, t1: int, p2: int, t2: int) -> None:
    first, second = queue_score(p1, t1), queue_score(p2, t2)
    assert int(float(first)) == first
    assert abs(first) < 2**53
    assert (first < second) == ((-p1, t1 // 1000) < (-p2, t2 // 1000))


def test_extremes_are_bounded() -> None:
    assert queue_score(10**9, T0) == queue_score(4095, T0)
    assert queue_score(-(10**9), 0) == queue_score(-4095, 0)
    assert abs(queue_score(-(10**9), 2**63)) < 2**53


def test_the_values_of_a_commit() -> None:
    waiting, offered = work("w1"), work("w2", state=WorkState.OFFERED)
    turns = [
        turn(7, Changes(agents=(agent("a1"),), work=(waiting, work("w2")), reservations=(reservation("r1"),))),
        turn(8, Changes(work=(offered,), work_closed=("w3",), agents_removed=("a1",), reservations_closed=("r0",))),
        turn(9, Changes(neighbours=(south := NeighbourRow("south", 4),))),
    ]
    assert commit_values(4, "n1.1", turns, "9-0") == [
        *(4, 7, T0 + 9, "", "9-0", "n1.1"),
        *(3, *(encode_entry(one) for one in turns)),
        0,
        0,
        *(2, "r1", encode_row(reservation("r1"))),
        *(4, "w1", encode_row(waiting), "w2", encode_row(offered)),
        *(1, "a1"),
        *(1, "r0"),
        *(1, "w3"),
        *(9, "w1", "orders", queue_score(0, T0), "w2", "", 0, "w3", "", 0),
        *(2, "south", encode_row(south)),
    ]


def test_longer_waiting_means_nearer() -> None:
    assert queue_score(0, T0) < queue_score(0, T0 + SECOND)
