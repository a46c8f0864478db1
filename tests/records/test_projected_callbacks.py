"""The fold from turns to drafts and steps, of callbacks: who calls may be another node or another shard."""

from records.drafts import CALLBACK
from router.commands import (
    AnswerHandoff,
    CloseWork,
    HandWork,
)
from router.events import (
    HandoffAnswered,
    HandoffAsked,
    InteractionNoted,
    InteractionOpened,
    NodeLost,
    TimePassed,
    WorkQueued,
    WorkTakenUp,
)
from router.vocabulary import Medium, Outcome
from tests.records.turns import (
    SECOND,
    START,
    fold,
    kinds,
    queued,
    turn,
)


def test_a_callback_is_over_when_nobody_was_reached_or_somebody_calls_it_off() -> None:
    for outcome in (Outcome.UNREACHED, Outcome.CANCELLED):
        projection = fold(
            [
                turn(1, 0, InteractionOpened("i1", "phone", Medium.VOICE, CALLBACK, "n1")),
                turn(2, 1, queued()),
                turn(3, 2, NodeLost("n1")),
                turn(4, 3, TimePassed(), CloseWork("w1", "i1", outcome)),
            ]
        )
        draft = projection.interactions["i1"]
        assert (draft.state, draft.outcome) == ("closed", outcome.value)
        assert "node_lost" not in kinds(projection, "i1"), "no call of theirs was lost"


def test_a_callback_is_lost_with_the_node_that_called() -> None:
    """Which is another one than it was queued by, where that is gone."""
    queue = WorkQueued("i1", "i1", Medium.VOICE, "orders", node="n1", callback=True)
    projection = fold(
        [
            turn(1, 0, InteractionOpened("i1", "phone", Medium.VOICE, CALLBACK, "n1")),
            turn(2, 1, queue),
            turn(3, 2, NodeLost("n1")),
            turn(4, 3, WorkTakenUp("i1", "n2", "n1")),
            turn(5, 4, InteractionNoted("i1", "answered")),
            turn(6, 5, TimePassed(), CloseWork("i1", "i1", Outcome.HANDLED)),
        ]
    )
    draft = projection.interactions["i1"]
    assert (draft.node, draft.state) == ("n2", "open")
    projection.apply(turn(7, 6, NodeLost("n2")))
    assert (draft.state, draft.outcome) == ("closed", "handled")


def test_a_callback_that_goes_over_to_another_shard_is_over_here_and_begins_there() -> None:
    begin = WorkQueued("w1", "i1", Medium.VOICE, "orders", callback=True, attributes=(("channel", "line"),))
    here = [
        turn(1, 0, InteractionOpened("i1", "line", Medium.VOICE, CALLBACK, "n1")),
        turn(2, 1, begin),
        turn(3, 2, TimePassed(), HandWork("w1", "i1", "south", "far", 7, "ring")),
        turn(4, 3, HandoffAnswered("south", 7, "", ended=False), CloseWork("w1", "i1", Outcome.HANDED_OVER)),
    ]
    record = fold(here).interactions["i1"]
    assert (record.state, record.outcome, record.ended_at) == ("closed", "handed_over", START + 3 * SECOND)
    asked = HandoffAsked("north", 7, 6, begin)
    there = [turn(1, 0, asked, AnswerHandoff("north", 7, "w1", "i1", "", ended=False, first=True))]
    record = fold(there).interactions["i1"]
    assert (record.entry, record.channel, record.state, record.not_called_yet) == (CALLBACK, "line", "waiting", True)
