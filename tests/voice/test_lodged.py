"""What the parties of a call are before and after another shard has it; the machine's side is in test_away."""

from voice.conversation import Conversation
from voice.events import EnterQueue, SetRoom
from voice.lodged import Lodged
from voice.stage import Stage
from voice.tones import Tones, play_ids
from voice.waiting import WaitPlan, WaitSound


def test_the_queue_that_the_item_left_is_the_one_it_comes_back_to() -> None:
    conversation, waiting = Conversation("w", "leg"), WaitSound({"orders": WaitPlan()}, play_ids())
    lodged = Lodged(conversation, waiting, Stage(conversation, waiting, Tones(play_ids())))
    conversation.expect("sales")
    conversation.parties["w"].queue = "orders"  # it was moved meanwhile
    assert lodged.begin("w", "there") == [SetRoom({("leg", "there"): 1.0, ("there", "leg"): 1.0})]
    assert conversation.others == []
    back = lodged.end(7, 9, "en")
    assert back[0] == SetRoom({})
    assert back[-1] == EnterQueue("w-2", "orders", (), 0, since=7)
