"""The parties of a conversation: each thing that agents may ask, and each way in which somebody is lost."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from router.vocabulary import EndedBy
from voice import events as e
from voice.asked import (
    AgentTarget,
    CompleteAsked,
    ConferenceAsked,
    DropAsked,
    HoldAsked,
    MoveAsked,
    MuteAsked,
    NumberTarget,
    QueueTarget,
    SwapAsked,
    TransferAsked,
)
from voice.conversation import Conversation, Where
from voice.party import CUSTOMER, PartyState
from voice.steering import MAX_PARTIES, asked

S = 1_000_000
T = TypeVar("T")
ANNA, BEN = "w", "w-2"


def of(kind: type[T], commands: list[e.CallCommand]) -> list[T]:
    return [command for command in commands if isinstance(command, kind)]


def talking() -> Conversation:
    """The customer and anna."""
    conversation = Conversation("w", "caller:w")
    conversation.requirements, conversation.priority = (("mandarin", 1),), 7
    conversation.expect("orders")
    assert conversation.where is Where.WAITING
    conversation.handle(e.AgentReady(ANNA, "w.1", "anna", "leg-a"), S)
    return conversation


def consulting() -> Conversation:
    """The customer on hold, anna and ben."""
    conversation = talking()
    asked(conversation, TransferAsked(ANNA, AgentTarget("ben"), warm=True))
    conversation.handle(e.AgentReady(BEN, "w-2.1", "ben", "leg-b"), 3 * S)
    return conversation


def states(conversation: Conversation) -> dict[str, str]:
    return {party.party_id: party.state.value for party in conversation.parties.values()}


def test_a_transfer_is_another_work_item_with_the_same_demands() -> None:
    conversation = talking()
    (enter,) = of(e.EnterQueue, asked(conversation, TransferAsked(ANNA, QueueTarget("returns"), warm=True)))
    assert enter == e.EnterQueue("w-2", "returns", (("mandarin", 1),), 7)
    (enter,) = of(e.EnterQueue, asked(conversation, TransferAsked(ANNA, AgentTarget("ben"), warm=True)))
    assert enter == e.EnterQueue("w-3", "orders", (("mandarin", 1),), 7, "ben")
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here", "w-2": "coming", "w-3": "coming"}


def test_a_blind_transfer_ends_the_agents_part_after_the_work_is_queued() -> None:
    conversation = talking()
    commands = asked(conversation, TransferAsked(ANNA, QueueTarget("returns"), warm=False))
    order = [type(command) for command in commands if not isinstance(command, e.Note)]
    assert order == [e.EnterQueue, e.EndAssignment]
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w.1", EndedBy.AGENT, "transferred")]
    assert conversation.where is Where.WAITING
    assert conversation.handle(e.Parted(ANNA, EndedBy.AGENT), 3 * S) == [], "what the router says about it comes late"
    assert conversation.where is Where.WAITING


def test_completing_leaves_the_customer_to_the_colleague() -> None:
    conversation = consulting()
    commands = asked(conversation, CompleteAsked(ANNA))
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w.1", EndedBy.AGENT, "transferred")]
    assert states(conversation) == {CUSTOMER: "here", BEN: "here"}
    assert conversation.where is Where.TALKING


def test_completing_early_is_a_blind_transfer_and_so_is_hanging_up() -> None:
    leaves: list[Callable[[Conversation], object]] = [
        lambda talk: asked(talk, CompleteAsked(ANNA)),
        lambda talk: talk.handle(e.Parted(ANNA, EndedBy.AGENT), 3 * S),
    ]
    for leave in leaves:
        conversation = talking()
        asked(conversation, TransferAsked(ANNA, QueueTarget("returns"), warm=True))
        leave(conversation)
        assert states(conversation) == {CUSTOMER: "here", BEN: "coming"}
        assert conversation.where is Where.WAITING


def test_swap_exchanges_who_is_on_hold_and_a_conference_is_nobody() -> None:
    conversation = consulting()
    asked(conversation, SwapAsked(ANNA))
    assert states(conversation) == {CUSTOMER: "here", ANNA: "here", BEN: "held"}
    asked(conversation, SwapAsked(ANNA))
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here", BEN: "here"}
    asked(conversation, ConferenceAsked(ANNA))
    assert set(states(conversation).values()) == {"here"}


def test_whom_a_leaver_put_on_hold_is_off_hold() -> None:
    conversation = consulting()
    asked(conversation, SwapAsked(ANNA))
    conversation.handle(e.Parted(ANNA, EndedBy.AGENT), 5 * S)
    assert states(conversation) == {CUSTOMER: "here", BEN: "here"}


def test_a_colleague_who_leaves_leaves_the_customer_on_hold() -> None:
    conversation = consulting()
    conversation.handle(e.Parted(BEN, EndedBy.AGENT), 4 * S)
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_drop() -> None:
    conversation = consulting()
    commands = asked(conversation, DropAsked(ANNA, BEN))
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w-2.1", EndedBy.AGENT, "dropped")]
    asked(conversation, TransferAsked(ANNA, QueueTarget("returns"), warm=True))
    assert of(e.CancelWork, asked(conversation, DropAsked(ANNA, "w-3"))) == [e.CancelWork("w-3", "anna")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}
    assert of(e.EndAssignment, asked(conversation, DropAsked(ANNA, CUSTOMER)))
    assert conversation.where in (Where.ALONE, Where.HELD)
    assert not conversation.others


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (CompleteAsked(ANNA), "nobody_else"),
        (SwapAsked(ANNA), "nobody_else"),
        (ConferenceAsked(ANNA), "nobody_else"),
        (DropAsked(ANNA, "nobody"), "unknown_party"),
        (DropAsked(ANNA, ANNA), "unknown_party"),
        (TransferAsked(ANNA, AgentTarget("anna"), warm=True), "already_here"),
        (HoldAsked("stranger", on=True), "not_connected"),
    ],
)
def test_what_is_not_possible_is_denied_and_changes_nothing(ask: MoveAsked, code: str) -> None:
    conversation = talking()
    before = states(conversation)
    assert [denied.code for denied in of(e.Deny, asked(conversation, ask))] == [code]
    assert states(conversation) == before


def test_a_conversation_has_its_limit() -> None:
    conversation = talking()
    for _ in range(MAX_PARTIES - 2):
        assert not of(e.Deny, asked(conversation, TransferAsked(ANNA, QueueTarget("q"), warm=True)))
    assert of(e.Deny, asked(conversation, TransferAsked(ANNA, QueueTarget("q"), warm=True)))[0].code == "too_many"


def test_mute_and_hold_are_kept_and_may_be_said_twice() -> None:
    conversation = talking()
    asked(conversation, MuteAsked(ANNA, on=True))
    assert conversation.parties[ANNA].muted
    assert of(e.Note, asked(conversation, HoldAsked(ANNA, on=True))) == [e.Note("held")]
    assert asked(conversation, HoldAsked(ANNA, on=True)) == []
    assert of(e.Note, asked(conversation, HoldAsked(ANNA, on=False))) == [e.Note("resumed")]


# --- somebody is lost -------------------------------------------------------------------------------------------


def test_the_only_agents_leg_is_awaited_and_then_given_back() -> None:
    conversation = talking()
    conversation.grace_us = 10 * S
    conversation.handle(e.AgentLegLost(ANNA), 2 * S)
    assert (conversation.where, conversation.next_deadline()) == (Where.LOST, 12 * S)
    assert conversation.expire(12 * S) == [e.GiveBack("w.1", "agent_leg_lost")]
    assert conversation.expire(13 * S) == []
    conversation.handle(e.Requeued(ANNA, "orders"), 13 * S)
    assert conversation.where is Where.WAITING


def test_an_agent_lost_in_a_consult_leaves_the_customer_to_the_colleague() -> None:
    conversation = consulting()
    conversation.handle(e.AgentLegLost(ANNA), 4 * S)
    assert conversation.where is Where.HELD, "for a moment nobody is put through to anybody"
    commands = conversation.expire(conversation.next_deadline() or 0)
    assert commands == [e.EndAssignment("w.1", EndedBy.SYSTEM, "agent_leg_lost")]
    assert states(conversation) == {CUSTOMER: "here", BEN: "here"}


def test_who_was_on_hold_comes_back_on_hold() -> None:
    conversation = consulting()
    asked(conversation, SwapAsked(ANNA))
    conversation.handle(e.AgentLegLost(BEN), 5 * S)
    conversation.handle(e.AgentReady(BEN, "w-2.1", "ben", "leg-b2"), 6 * S)
    assert states(conversation)[BEN] == "held"


def test_a_colleague_who_is_asked_by_name_and_does_not_come_is_called_off() -> None:
    conversation = talking()
    asked(conversation, TransferAsked(ANNA, AgentTarget("ben"), warm=True))
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [e.CancelWork(BEN, "")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_when_the_customer_waits_for_them_anybody_may_come_instead() -> None:
    conversation = talking()
    asked(conversation, TransferAsked(ANNA, AgentTarget("ben"), warm=False))
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [e.ReleaseDirection(BEN)]
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [], "once: the next one is not kept for anybody"


def test_a_colleagues_side_that_fails_for_good_is_not_asked_for_again() -> None:
    conversation = consulting()
    assert conversation.handle(e.Requeued(BEN, "orders"), 4 * S) == [e.CancelWork(BEN, "")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_words_about_parties_that_are_gone_are_harmless() -> None:
    conversation = talking()
    before = states(conversation)
    late: list[e.PartyEvent] = [
        e.AgentReady("w-9", "w-9.1", "ben", "leg"),
        e.AgentReady(ANNA, "w.0", "anna", "leg"),
        e.AgentLegLost("w-9"),
        e.Requeued("w-9", "orders"),
        e.Parted("w-9", EndedBy.AGENT),
    ]
    for event in late:
        assert conversation.handle(event, 2 * S) == []
    assert states(conversation) == before


def test_the_customers_leaving_tells_every_open_item() -> None:
    conversation = consulting()
    asked(conversation, TransferAsked(ANNA, QueueTarget("returns"), warm=True))
    assert conversation.end() == [e.LeaveQueue(ANNA), e.LeaveQueue(BEN), e.CancelWork("w-3", "")]
    waiting = Conversation("w", "caller:w")
    waiting.expect("orders")
    assert waiting.end() == [e.LeaveQueue("w")], "a caller who waited has abandoned the queue"


def test_a_customer_on_hold_by_nobody_does_not_exist() -> None:
    conversation = consulting()
    conversation.handle(e.Requeued(ANNA, "orders"), 4 * S)
    assert conversation.customer.state is PartyState.HERE


# --- numbers ----------------------------------------------------------------------------------------------------

FAR = "number:w-2"


def calling(*, warm: bool) -> Conversation:
    conversation = talking()
    commands = asked(conversation, TransferAsked(ANNA, NumberTarget("0755"), warm=warm))
    assert of(e.DialNumber, commands) == [e.DialNumber(FAR, "0755")]
    assert "0755" not in str(of(e.Note, commands)), "the story holds no numbers"
    return conversation


def test_a_number_comes_goes_and_may_be_left_the_customer() -> None:
    conversation = calling(warm=True)
    conversation.handle(e.NumberReady(FAR, FAR), 3 * S)
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here", FAR: "here"}
    asked(conversation, CompleteAsked(ANNA))
    assert (states(conversation), conversation.where) == ({CUSTOMER: "here", FAR: "here"}, Where.TALKING)
    conversation.handle(e.NumberGone(FAR, "hung_up"), 9 * S)
    assert conversation.where is Where.ALONE


def test_a_number_that_fails_leaves_the_agent_with_the_customer_on_hold() -> None:
    conversation = calling(warm=True)
    assert not of(e.EnterQueue, conversation.handle(e.NumberGone(FAR, "busy"), 3 * S))
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_a_customer_who_waited_for_a_number_that_fails_waits_for_an_agent_again() -> None:
    conversation = calling(warm=False)
    assert conversation.where is Where.WAITING
    (enter,) = of(e.EnterQueue, conversation.handle(e.NumberGone(FAR, "busy"), 3 * S))
    assert (enter.work_id, enter.queue) == ("w-3", "orders")
    assert conversation.where is Where.WAITING


def test_a_number_is_hung_up_on_when_it_is_dropped_or_the_customer_leaves() -> None:
    conversation = calling(warm=True)
    assert of(e.DropNumber, asked(conversation, DropAsked(ANNA, FAR))) == [e.DropNumber(FAR)]
    assert conversation.handle(e.NumberReady(FAR, FAR), 4 * S) == [], "its answer comes late"
    conversation = calling(warm=True)
    assert conversation.end() == [e.LeaveQueue(ANNA), e.DropNumber(FAR)]
