"""What the parties of a call are before and after another shard has it; the machine's side is in test_away."""

from voice.conversation import Conversation
from voice.events import EnterQueue, SetRoom
from voice.lodged import taken_back, taken_in
from voice.tones import play_ids
from voice.waiting import WaitPlan, WaitSound


def test_the_queue_that_the_item_left_is_the_one_it_comes_back_to() -> None:
    conversation, waiting = Conversation("w", "leg"), WaitSound({"orders": WaitPlan()}, play_ids())
    conversation.expect("sales")
    conversation.parties["w"].queue = "orders"  # it was moved meanwhile
    assert taken_in(conversation, waiting, "w", "there") == [SetRoom({("leg", "there"): 1.0, ("there", "leg"): 1.0})]
    assert conversation.others == []
    assert taken_back(conversation, waiting, 7, 9, "en")[-1] == EnterQueue("w-2", "orders", (), 0, since=7)


def test_what_was_not_expected_is_left_alone() -> None:
    conversation, waiting = Conversation("w", "leg"), WaitSound({}, play_ids())
    assert len(taken_in(conversation, waiting, "another", "there")) == 1
    assert conversation.others == []
