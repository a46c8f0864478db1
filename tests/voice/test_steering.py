"""What supervisors ask of a conversation; what agents ask is in test_conversation.py."""

import pytest

from router.vocabulary import EndedBy
from tests.voice.test_conversation import ANNA, BEN, S, consulting, of, states, talking
from voice import events as e
from voice.asked import ListenAsked, ListenEnded, ListeningAsked, TakeOverAsked
from voice.conversation import TAKE_OVER_PRIORITY, Where
from voice.listeners import ListenMode
from voice.party import CUSTOMER
from voice.steering import supervised


def test_a_supervisor_listens_beside_the_first_agent_or_the_one_they_name() -> None:
    conversation = consulting()
    supervised(conversation, ListenAsked("sue", "leg-s", ListenMode.LISTEN))
    assert conversation.listeners.all["sue"].beside == ANNA
    supervised(conversation, ListenAsked("sue", "leg-s", ListenMode.WHISPER, "ben"))
    assert conversation.listeners.all["sue"].beside == BEN
    assert [view.party_id for view in conversation.views()][-1] == "supervisor:sue"
    assert of(e.Note, supervised(conversation, ListenEnded("sue")))
    assert supervised(conversation, ListenEnded("sue")) == []


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (ListenAsked("sue", "leg-s", ListenMode.LISTEN, "cai"), "not_connected"),
        (TakeOverAsked("anna"), "already_here"),
    ],
)
def test_what_is_not_possible_is_denied(ask: ListeningAsked, code: str) -> None:
    conversation = talking()
    assert [denied.code for denied in of(e.Deny, supervised(conversation, ask))] == [code]
    assert not conversation.listeners.all
    assert states(conversation) == {CUSTOMER: "here", ANNA: "here"}


def test_taking_over_ends_everybody_elses_part_once_the_supervisor_is_there() -> None:
    conversation = consulting()
    (enter,) = of(e.EnterQueue, supervised(conversation, TakeOverAsked("sue")))
    assert (enter.work_id, enter.queue, enter.directed) == ("w-3", "orders", "sue")
    assert enter.priority == TAKE_OVER_PRIORITY
    assert conversation.where is Where.HELD, "until then nothing changes"
    commands = conversation.handle(e.AgentReady("w-3", "w-3.1", "sue", "leg-s"), 5 * S)
    assert of(e.EndAssignment, commands) == [
        e.EndAssignment("w.1", EndedBy.SYSTEM, "taken_over"),
        e.EndAssignment("w-2.1", EndedBy.SYSTEM, "taken_over"),
    ]
    assert states(conversation) == {CUSTOMER: "here", "w-3": "here"}


def test_a_supervisor_who_cannot_be_had_changes_nothing() -> None:
    conversation = talking()
    supervised(conversation, TakeOverAsked("sue"))
    assert conversation.handle(e.Requeued(BEN, "orders"), 5 * S) == [e.CancelWork(BEN, "")]
    assert states(conversation) == {CUSTOMER: "here", ANNA: "here"}
