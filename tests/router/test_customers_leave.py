"""The customer leaves, in each state; conversations end, and so do their wrap-ups."""

import pytest

from router.commands import (
    CloseWork,
    EndWrapUp,
    PartLegs,
    StartWrapUp,
    WithdrawOffer,
)
from router.events import (
    AssignmentConnected,
    AssignmentEnded,
    AssignmentFailed,
    NodeLost,
    OfferFailed,
    WrapUpFinished,
)
from router.policy import QueuePolicy
from router.vocabulary import (
    EndedBy,
    Medium,
    Outcome,
    WithdrawReason,
    WorkState,
)
from tests.router.conftest import NewWorld
from tests.router.world import SECOND, World, agent, codes, kinds, offers, policy, state


def test_the_customer_leaves_while_waiting(world: World) -> None:
    world.queue("w1")
    assert world.leave("w1") == [CloseWork("w1", "i-w1", Outcome.ABANDONED)]
    assert world.leave("w1") == []
    assert world.dispatcher.place("w1") is None


def test_the_customer_leaves_while_offered_and_the_next_gets_the_agent(solo: World) -> None:
    solo.queue("w1")
    solo.queue("w2")
    commands = solo.leave("w1")
    assert commands[:2] == [
        WithdrawOffer("w1.1", "w1", "i-w1", "ann", WithdrawReason.ABANDONED),
        CloseWork("w1", "i-w1", Outcome.ABANDONED),
    ]
    assert offers(commands) == [("w2", "ann")]


def test_the_customer_leaves_between_accept_and_join(solo: World) -> None:
    solo.queue("w1")
    solo.accept("w1.1")
    solo.queue("w2")
    commands = solo.leave("w1")
    assert commands[:2] == [
        PartLegs("w1.1", "w1", "i-w1", "ann", EndedBy.CUSTOMER),
        CloseWork("w1", "i-w1", Outcome.ABANDONED),
    ]
    assert offers(commands) == [("w2", "ann")]
    assert solo.post(AssignmentConnected("w1.1")) == []


def test_the_customer_leaves_a_conversation_then_wrap_up(talking: World) -> None:
    assert talking.leave("w1") == [
        PartLegs("w1.1", "w1", "i-w1", "ann", EndedBy.CUSTOMER),
        StartWrapUp("w1.1", "w1", "i-w1", "ann", talking.now + 30 * SECOND),
    ]
    assert talking.leave("w1") == []
    assert state(talking, "w1") is WorkState.WRAP_UP


# -- conversation and wrap-up


def test_the_end_of_a_conversation_starts_wrap_up_once(talking: World) -> None:
    assert kinds(talking.end("w1.1", EndedBy.AGENT)) == ["PartLegs", "StartWrapUp"]
    assert talking.end("w1.1", EndedBy.CUSTOMER) == []
    assert talking.dispatcher.load("ann") == 1


def test_finishing_wrap_up_frees_the_agent_for_the_next_item_in_the_same_turn(talking: World) -> None:
    talking.end("w1.1")
    commands = talking.finish("w1.1", "sold")
    assert commands[:2] == [
        EndWrapUp("w1.1", "w1", "i-w1", "ann", "sold"),
        CloseWork("w1", "i-w1", Outcome.HANDLED),
    ]
    assert offers(commands) == [("w2", "ann")]
    row = talking.dispatcher.agent("ann")
    assert row is not None
    assert row.idle_since == talking.now


def test_the_wrap_up_deadline_closes_it(talking: World) -> None:
    talking.end("w1.1")
    commands = talking.wait(30 * SECOND)
    assert kinds(commands) == ["EndWrapUp", "CloseWork", "SendOffer"]
    assert codes(talking.post(WrapUpFinished("w1.1", "ann", "sold"))) == ["wrap_up_over"]


def test_wrap_up_is_finished_by_its_agent_and_in_wrap_up_only(talking: World) -> None:
    assert codes(talking.finish("w1.1")) == ["not_in_wrap_up"]
    talking.end("w1.1")
    assert codes(talking.post(WrapUpFinished("w1.1", "bob"))) == ["not_yours"]


def test_a_queue_without_wrap_up_frees_the_agent_at_once(new_world: NewWorld) -> None:
    rules = policy({"ann": agent("ann")}, {"sales": QueuePolicy("sales", Medium.VOICE, wrap_up_us=0)})
    world = new_world(rules)
    world.ready("ann")
    world.queue("w1")
    world.join("w1.1")
    world.queue("w2")
    assert kinds(world.end("w1.1")) == ["PartLegs", "EndWrapUp", "CloseWork", "SendOffer"]


@pytest.mark.parametrize(("by", "expected"), [
    (EndedBy.CUSTOMER, ["PartLegs", "CloseWork"]),
    (EndedBy.AGENT, ["ShowPresence", "WithdrawOffer", "RequeueWork"]),
    (EndedBy.SYSTEM, ["ShowPresence", "WithdrawOffer", "RequeueWork"]),
])  # fmt: skip
def test_an_end_before_the_join(solo: World, by: EndedBy, expected: list[str]) -> None:
    solo.queue("w1")
    assert solo.end("w1.1", by) == []
    solo.accept("w1.1")
    assert kinds(solo.end("w1.1", by)) == expected


def test_events_of_unknown_reservations_are_without_effect(solo: World) -> None:
    for event in (
        AssignmentConnected("w9.1"),
        AssignmentEnded("w9.1", EndedBy.AGENT),
        AssignmentFailed("w9.1", "x"),
        OfferFailed("w9.1", "x"),
    ):
        assert solo.post(event) == []
    assert solo.leave("w9") == []
    assert solo.post(NodeLost("n9")) == []
