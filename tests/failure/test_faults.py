"""The schedule follows from the seed and has the kills that were asked for."""

import pytest

from tests.failure.faults import DRAINS, KILLS, KINDS, Kind, rolling, schedule


def test_a_seed_is_a_schedule() -> None:
    assert schedule(7, 50, 8.0) == schedule(7, 50, 8.0)
    assert schedule(7, 50, 8.0) != schedule(8, 50, 8.0)


def test_it_has_its_kills_and_every_kind() -> None:
    faults = schedule(7, 50, 8.0)
    assert sum(fault.kind in KILLS for fault in faults) == 50
    assert {fault.kind for fault in faults} == set(KINDS) == set(Kind) - DRAINS
    for fault in faults:
        _, shortest, longest = KINDS[fault.kind]
        assert shortest <= fault.length_s <= longest
        assert 4.0 <= fault.after_s <= 12.0


def test_what_this_machine_cannot_do_is_left_out() -> None:
    assert Kind.CUT_CLIENTS not in {fault.kind for fault in schedule(7, 50, 8.0, frozenset({Kind.CUT_CLIENTS}))}


def test_nothing_is_shown_without_a_kill() -> None:
    with pytest.raises(ValueError, match="kill"):
        schedule(7, 0, 8.0)


def test_drains_are_by_turns_and_nothing_else() -> None:
    assert [fault.kind for fault in rolling(3, 8.0)] == [Kind.DRAIN_FOLLOWER, Kind.DRAIN_OWNER, Kind.DRAIN_FOLLOWER]
