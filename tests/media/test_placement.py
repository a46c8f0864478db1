from itertools import pairwise

import pytest

from media import mixer
from media.placement import Trunk, plan_room, port_slice, without


def test_a_room_on_one_worker_needs_no_trunk() -> None:
    gains = mixer.conference("abc")
    plan = plan_room("r", gains, dict.fromkeys("abc", 1))
    assert plan.gains == {1: gains}
    assert not plan.trunks


def test_two_legs_on_two_workers_have_one_trunk_each_way() -> None:
    plan = plan_room("r", {("a", "b"): 1.0, ("b", "a"): 0.5}, {"a": 0, "b": 1})
    ab, ba = Trunk("r", "a", 0, 1), Trunk("r", "b", 1, 0)
    assert plan.trunks == {ab, ba}
    assert plan.gains == {
        0: {("a", ab.near): 1.0, (ba.far, "a"): 0.5},
        1: {(ab.far, "b"): 1.0, ("b", ba.near): 1.0},
    }


def test_a_source_travels_once_to_each_worker_and_gains_apply_where_it_is_heard() -> None:
    place = {"a": 0, "b": 1, "c": 1, "d": 2}
    gains = {("a", "b"): 0.3, ("a", "c"): 0.0, ("a", "d"): 2.0}
    plan = plan_room("r", gains, place)
    to1, to2 = Trunk("r", "a", 0, 1), Trunk("r", "a", 0, 2)
    assert plan.trunks == {to1, to2}
    assert plan.gains[0] == {("a", to1.near): 1.0, ("a", to2.near): 1.0}
    assert plan.gains[1] == {(to1.far, "b"): 0.3, (to1.far, "c"): 0.0}
    assert plan.gains[2] == {(to2.far, "d"): 2.0}


def test_a_muted_pair_keeps_a_silent_trunk() -> None:
    plan = plan_room("r", {("a", "b"): 0.0}, {"a": 0, "b": 1})
    (trunk,) = plan.trunks
    assert plan.gains[0] == {("a", trunk.near): 0.0}


def test_a_leg_leaves_the_matrix() -> None:
    assert without(mixer.conference("abc"), "b") == mixer.conference("ac")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_port_slices_are_even_and_apart(count: int) -> None:
    slices = [port_slice((20001, 20100), index, count) for index in range(count)]
    assert slices[0][0] == 20002
    assert slices[-1][1] <= 20101
    for (low, high), following in pairwise(slices):
        assert low % 2 == 0
        assert low < high < following[0]
    with pytest.raises(ValueError, match="50 RTP ports for 51"):
        port_slice((20001, 20101), 0, 51)
