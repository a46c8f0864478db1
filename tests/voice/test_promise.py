"""The key by which a caller who waits asks to be called back."""

from voice import events as e
from voice.promise import CallBackKey
from voice.waiting import WaitPlan, WaitSound


def key_of(key: str) -> CallBackKey:
    waiting = WaitSound({"orders": WaitPlan(callback_key=key)}, lambda kind: kind)
    waiting.enter("orders", 0)
    return CallBackKey(waiting, lambda kind: kind)


def test_without_a_key_nothing_is_asked() -> None:
    assert key_of("").pressed("1", "w") == []


def test_an_answer_about_another_item_is_late() -> None:
    key = key_of("1")
    assert key.pressed("1", "w") == [e.AskCallBack("w")]
    assert key.answered("v", "en", possible=True) == []
    key.dropped()
    assert key.answered("w", "en", possible=True) == []
    assert key.said("told") == []
