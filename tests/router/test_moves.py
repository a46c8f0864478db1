"""Moves keep state, lists, timers and rows in step."""

import pytest

from router.adoption import adopt
from router.errors import IllegalTransitionError
from router.matching import Pair
from router.moves import Moves
from router.shard import Shard
from router.timers import TimerKind
from router.vocabulary import EndedBy, Medium, Outcome, WithdrawReason
from router.work import Work
from tests.router.world import kinds, policy


@pytest.fixture
def moves() -> Moves:
    """A turn in which w1 was admitted and offered to ann."""
    shard = Shard()
    adopt(shard, policy())
    moves = Moves(shard)
    moves.begin(100)
    work = Work("w1", "i1", Medium.VOICE, "sales", (), 0, 100, 1, "n1")
    moves.waiting.admit(work)
    moves.claim(Pair(work, shard.agents["ann"], ()))
    return moves


def test_a_claim_holds_capacity_and_arms_the_deadline(moves: Moves) -> None:
    shard = moves.shard
    assert shard.agents["ann"].units == 1
    assert shard.timers.deadline(TimerKind.OFFER, "w1.1") == 20_000_100
    assert kinds(moves.out) == ["SendOffer"]


def test_a_withdrawn_offer_leaves_nothing_behind(moves: Moves) -> None:
    moves.withdraw(moves.shard.reservations["w1.1"], WithdrawReason.EXPIRED)
    assert moves.shard.agents["ann"].units == 0
    assert moves.shard.reservations == {}
    assert moves.shard.timers.armed() == ()
    assert list(moves.fresh) == ["w1"]
    changes = moves.shard.drain()
    assert changes.reservations_closed == ("w1.1",)
    assert [row.work_id for row in changes.work] == ["w1"]


def test_closing_forgets_the_item(moves: Moves) -> None:
    moves.withdraw_all(moves.shard.work["w1"], WithdrawReason.ABANDONED)
    moves.close(moves.shard.work["w1"], Outcome.ABANDONED)
    assert moves.shard.work == {}
    assert moves.shard.drain().work_closed == ("w1",)


def test_rests_arm_the_earliest_end(moves: Moves) -> None:
    work = moves.shard.work["w1"]
    moves.rest(work, moves.shard.agents["ann"], 500)
    moves.rest(work, moves.shard.agents["bob"], 300)
    assert moves.shard.timers.deadline(TimerKind.REST, "w1") == 300
    moves.begin(300)
    moves.end_rests(work)
    assert work.resting == {"ann": 500}
    assert moves.shard.timers.deadline(TimerKind.REST, "w1") == 500


def test_a_move_that_the_table_forbids_raises(moves: Moves) -> None:
    reservation = moves.shard.reservations["w1.1"]
    with pytest.raises(IllegalTransitionError, match="offer: end is not legal in state offered"):
        moves.start_wrap_up(reservation, EndedBy.AGENT)
    with pytest.raises(IllegalTransitionError, match="offer: finish is not legal in state offered"):
        moves.finish(reservation, None)
