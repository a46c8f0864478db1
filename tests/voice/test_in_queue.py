"""Sounds and keys of a caller who waits; the call's machine walks through all of it in test_call."""

from voice.conversation import Conversation
from voice.events import AskCallBack, AskPlace, CallBackAnswered, DigitPressed, PlaceKnown, PlayEnded
from voice.in_queue import InQueue
from voice.promise import CallBackKey
from voice.waiting import WaitPlan, WaitSound

PLAN = WaitPlan(announce_first=2, announce_every=30, callback_key="7")


def made() -> tuple[InQueue, Conversation]:
    conversation, waiting = Conversation("w", "leg"), WaitSound({"orders": PLAN}, lambda kind: kind)
    conversation.expect("orders")
    waiting.enter("orders", 0)
    return InQueue(conversation, waiting, CallBackKey(waiting, lambda kind: kind)), conversation


def test_a_place_is_asked_for_when_it_is_due_but_not_of_an_item_that_is_kept_for_one_agent() -> None:
    queue, _ = made()
    assert queue.expire(1) == []
    assert queue.expire(2) == [AskPlace("w", call_back=True)]
    assert queue.expire(2) == []
    queue, conversation = made()
    conversation.parties["w"].directed = "anna"
    assert queue.expire(2) == []


def test_each_event_has_its_answer() -> None:
    queue, conversation = made()
    assert len(queue.handle(PlaceKnown(1), "en", 2)) == 2
    assert len(queue.handle(PlayEnded("place", "finished"), "en", 3)) == 1, "music again"
    assert queue.handle(DigitPressed("7"), "en", 4) == [AskCallBack("w")]
    assert len(queue.handle(CallBackAnswered("w", possible=False), "en", 5)) == 2
    conversation.served = True
    assert queue.handle(DigitPressed("7"), "en", 6) == []
