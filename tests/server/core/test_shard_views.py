"""What parts ask of the shard in memory."""

from msgspec.structs import replace

from router.vocabulary import Medium, OfferState
from server.core.shard_views import ShardViews
from tests.server.two_nodes import ROW, WORK, Board, Views
from voice.ports import Talk


def test_what_an_agent_has_is_told_of_calls_that_are_taken_and_not_left() -> None:
    board = Board()
    views = Views("b.1", board)
    assert views.talks("anna") == (Talk("w.1", "w", "i"),)
    assert views.talks("ben") == ()
    for changed in (
        replace(ROW, state=OfferState.OFFERED),
        replace(ROW, state=OfferState.WRAP_UP),
        replace(ROW, medium=Medium.CHAT),
    ):
        board.reservations["w.1"] = changed
        assert views.talks("anna") == ()


def test_a_callback_is_the_concern_of_the_node_that_carries_it_out() -> None:
    board = Board()
    board.works["w"] = replace(WORK, callback=True, directed="anna")
    assert Views("a.1", board).callback_queue("w") == "orders"
    assert Views("b.1", board).callback_queue("w") is None
    assert Views("b.1", board).directed("w") == "anna"
    assert Views("b.1", board).directed("x") is None
    assert Views("b.1", board).place("w") == 1
    board.works["w"] = WORK
    assert Views("a.1", board).callback_queue("w") is None


def test_a_shard_in_one_process_has_everything_here() -> None:
    assert ShardViews().here("w")
    assert ShardViews().agent_here("anna")
