"""The offers of a work item, by item and by interaction."""

from records.database import Database
from records.decisions import Decisions
from records.projector import Projector
from router.events import OfferRejected, TimePassed
from router.vocabulary import WithdrawReason
from tests.records.turns import handled_call, offer, opened, queued, turn, withdraw


async def test_the_offers_of_an_item_are_found_with_their_turns(database: Database) -> None:
    turns = [
        turn(1, 0, opened()),
        turn(2, 6, queued(), offer("w1.1", "anna", 1)),
        turn(3, 9, OfferRejected("w1.1", "anna"), withdraw("w1.1", "anna", WithdrawReason.REJECTED)),
        turn(4, 9, TimePassed(), offer("w1.2", "dora", 2)),
        turn(5, 9, queued("w2"), offer("w2.1", "carl", 1, work="w2")),
    ]
    await Projector(database).apply(turns)
    decisions = Decisions(database)
    assert await decisions.work_of("i1") == ("w1", "w2")
    found = await decisions.of_work("w1")
    assert found is not None
    assert (found.interaction_id, found.queue, found.state) == ("i1", "orders", "offered")
    assert [(one.sequence, one.agent_id, one.detail["attempt"]) for one in found.offers] == [
        (2, "anna", 1),
        (4, "dora", 2),
    ]
    other = await decisions.of_work("w2")
    assert other is not None
    assert [(one.sequence, one.agent_id) for one in other.offers] == [(5, "carl")]


async def test_an_interaction_that_was_never_offered_is_known_and_others_are_not(database: Database) -> None:
    await Projector(database).apply(handled_call()[:2])
    found = await Decisions(database).of_work("i1")
    assert found is not None
    assert (found.work_id, found.offers) == ("i1", ())
    assert await Decisions(database).of_work("nobody") is None
    assert await Decisions(database).work_of("nobody") == ()
