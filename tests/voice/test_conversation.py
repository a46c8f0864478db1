"""The parties of a conversation: each thing that agents may ask, and each way in which somebody is lost."""

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
    MuteAsked,
    QueueTarget,
    SwapAsked,
    TransferAsked,
)
from voice.conversation import MAX_PARTIES, Conversation, Where
from voice.party import CUSTOMER, PartyState

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
    conversation.handle(TransferAsked(ANNA, AgentTarget("ben"), warm=True), 2 * S)
    conversation.handle(e.AgentReady(BEN, "w-2.1", "ben", "leg-b"), 3 * S)
    return conversation


def states(conversation: Conversation) -> dict[str, str]:
    return {party.party_id: party.state.value for party in conversation.parties.values()}


def test_a_transfer_is_another_work_item_with_the_same_demands() -> None:
    conversation = talking()
    (enter,) = of(e.EnterQueue, conversation.handle(TransferAsked(ANNA, QueueTarget("returns"), warm=True), 2 * S))
    assert enter == e.EnterQueue("w-2", "returns", (("mandarin", 1),), 7)
    (enter,) = of(e.EnterQueue, conversation.handle(TransferAsked(ANNA, AgentTarget("ben"), warm=True), 2 * S))
    assert enter == e.EnterQueue("w-3", "orders", (("mandarin", 1),), 7, "ben")
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here", "w-2": "coming", "w-3": "coming"}


def test_a_blind_transfer_ends_the_agents_part_after_the_work_is_queued() -> None:
    conversation = talking()
    commands = conversation.handle(TransferAsked(ANNA, QueueTarget("returns"), warm=False), 2 * S)
    order = [type(command) for command in commands if not isinstance(command, e.Note)]
    assert order == [e.EnterQueue, e.EndAssignment]
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w.1", EndedBy.AGENT, "transferred")]
    assert conversation.where is Where.WAITING
    assert conversation.handle(e.Parted(ANNA, EndedBy.AGENT), 3 * S) == [], "what the router says about it comes late"
    assert conversation.where is Where.WAITING


def test_completing_leaves_the_customer_to_the_colleague() -> None:
    conversation = consulting()
    commands = conversation.handle(CompleteAsked(ANNA), 4 * S)
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w.1", EndedBy.AGENT, "transferred")]
    assert states(conversation) == {CUSTOMER: "here", BEN: "here"}
    assert conversation.where is Where.TALKING


def test_completing_early_is_a_blind_transfer_and_so_is_hanging_up() -> None:
    for leave in (CompleteAsked(ANNA), e.Parted(ANNA, EndedBy.AGENT)):
        conversation = talking()
        conversation.handle(TransferAsked(ANNA, QueueTarget("returns"), warm=True), 2 * S)
        conversation.handle(leave, 3 * S)
        assert states(conversation) == {CUSTOMER: "here", BEN: "coming"}
        assert conversation.where is Where.WAITING


def test_swap_exchanges_who_is_on_hold_and_a_conference_is_nobody() -> None:
    conversation = consulting()
    conversation.handle(SwapAsked(ANNA), 4 * S)
    assert states(conversation) == {CUSTOMER: "here", ANNA: "here", BEN: "held"}
    conversation.handle(SwapAsked(ANNA), 5 * S)
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here", BEN: "here"}
    conversation.handle(ConferenceAsked(ANNA), 6 * S)
    assert set(states(conversation).values()) == {"here"}


def test_whom_a_leaver_put_on_hold_is_off_hold() -> None:
    conversation = consulting()
    conversation.handle(SwapAsked(ANNA), 4 * S)
    conversation.handle(e.Parted(ANNA, EndedBy.AGENT), 5 * S)
    assert states(conversation) == {CUSTOMER: "here", BEN: "here"}


def test_a_colleague_who_leaves_leaves_the_customer_on_hold() -> None:
    conversation = consulting()
    conversation.handle(e.Parted(BEN, EndedBy.AGENT), 4 * S)
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_drop() -> None:
    conversation = consulting()
    commands = conversation.handle(DropAsked(ANNA, BEN), 4 * S)
    assert of(e.EndAssignment, commands) == [e.EndAssignment("w-2.1", EndedBy.AGENT, "dropped")]
    conversation.handle(TransferAsked(ANNA, QueueTarget("returns"), warm=True), 5 * S)
    assert of(e.CancelWork, conversation.handle(DropAsked(ANNA, "w-3"), 6 * S)) == [e.CancelWork("w-3", "anna")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}
    assert of(e.EndAssignment, conversation.handle(DropAsked(ANNA, CUSTOMER), 7 * S))
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
def test_what_is_not_possible_is_denied_and_changes_nothing(ask: e.ConversationEvent, code: str) -> None:
    conversation = talking()
    before = states(conversation)
    assert [denied.code for denied in of(e.Deny, conversation.handle(ask, 2 * S))] == [code]
    assert states(conversation) == before


def test_a_conversation_has_its_limit() -> None:
    conversation = talking()
    for _ in range(MAX_PARTIES - 2):
        assert not of(e.Deny, conversation.handle(TransferAsked(ANNA, QueueTarget("q"), warm=True), 2 * S))
    assert (
        of(e.Deny, conversation.handle(TransferAsked(ANNA, QueueTarget("q"), warm=True), 2 * S))[0].code == "too_many"
    )


def test_mute_and_hold_are_kept_and_may_be_said_twice() -> None:
    conversation = talking()
    conversation.handle(MuteAsked(ANNA, on=True), 2 * S)
    assert conversation.parties[ANNA].muted
    assert of(e.Note, conversation.handle(HoldAsked(ANNA, on=True), 2 * S)) == [e.Note("held")]
    assert conversation.handle(HoldAsked(ANNA, on=True), 2 * S) == []
    assert of(e.Note, conversation.handle(HoldAsked(ANNA, on=False), 3 * S)) == [e.Note("resumed")]


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
    conversation.handle(SwapAsked(ANNA), 4 * S)
    conversation.handle(e.AgentLegLost(BEN), 5 * S)
    conversation.handle(e.AgentReady(BEN, "w-2.1", "ben", "leg-b2"), 6 * S)
    assert states(conversation)[BEN] == "held"


def test_a_colleague_who_is_asked_by_name_and_does_not_come_is_called_off() -> None:
    conversation = talking()
    conversation.handle(TransferAsked(ANNA, AgentTarget("ben"), warm=True), 2 * S)
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [e.CancelWork(BEN, "")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_when_the_customer_waits_for_them_anybody_may_come_instead() -> None:
    conversation = talking()
    conversation.handle(TransferAsked(ANNA, AgentTarget("ben"), warm=False), 2 * S)
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [e.ReleaseDirection(BEN)]
    assert conversation.handle(e.Requeued(BEN, "orders"), 9 * S) == [], "once: the next one is not kept for anybody"


def test_a_colleagues_side_that_fails_for_good_is_not_asked_for_again() -> None:
    conversation = consulting()
    assert conversation.handle(e.Requeued(BEN, "orders"), 4 * S) == [e.CancelWork(BEN, "")]
    assert states(conversation) == {CUSTOMER: "held", ANNA: "here"}


def test_words_about_parties_that_are_gone_are_harmless() -> None:
    conversation = talking()
    before = states(conversation)
    for event in (
        e.AgentReady("w-9", "w-9.1", "ben", "leg"),
        e.AgentReady(ANNA, "w.0", "anna", "leg"),
        e.AgentLegLost("w-9"),
        e.Requeued("w-9", "orders"),
        e.Parted("w-9", EndedBy.AGENT),
    ):
        assert conversation.handle(event, 2 * S) == []
    assert states(conversation) == before


def test_the_customers_leaving_tells_every_open_item() -> None:
    conversation = consulting()
    conversation.handle(TransferAsked(ANNA, QueueTarget("returns"), warm=True), 4 * S)
    assert conversation.end() == [e.LeaveQueue(ANNA), e.LeaveQueue(BEN), e.CancelWork("w-3", "")]
    waiting = Conversation("w", "caller:w")
    waiting.expect("orders")
    assert waiting.end() == [e.LeaveQueue("w")], "a caller who waited has abandoned the queue"


def test_a_customer_on_hold_by_nobody_does_not_exist() -> None:
    conversation = consulting()
    conversation.handle(e.Requeued(ANNA, "orders"), 4 * S)
    assert conversation.customer.state is PartyState.HERE
