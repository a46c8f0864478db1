"""What a waiting caller hears; the whole of it is heard in test_call.py."""

import itertools

from voice.events import Note, PlayPrompts, StopPrompts
from voice.waiting import WaitPlan, WaitSound

S = 1_000_000
PLANS = {
    "orders": WaitPlan(welcome=("busy",), announce_first=2 * S, announce_every=30 * S),
    "quiet": WaitPlan(announce_every=0),
}


def sound() -> WaitSound:
    numbers = itertools.count(1)
    return WaitSound(PLANS, lambda kind: f"{kind}-{next(numbers)}")


def test_each_queue_welcomes_once() -> None:
    waiting = sound()
    assert waiting.enter("orders", 0)
    assert not waiting.enter("orders", S)
    first = waiting.say_place("en", 1, None, 2 * S)[0]
    again = waiting.say_place("en", 1, None, 32 * S)[0]
    assert isinstance(first, PlayPrompts)
    assert isinstance(again, PlayPrompts)
    assert first.prompts == ("en/busy", *again.prompts)


def test_the_place_is_due_once_for_each_time() -> None:
    waiting = sound()
    waiting.enter("orders", 0)
    assert not waiting.place_due(2 * S - 1)
    assert waiting.place_due(2 * S)
    assert not waiting.place_due(3 * S)
    waiting.wait_again(10 * S)
    assert waiting.announce_at == 40 * S


def test_a_queue_may_say_nothing() -> None:
    waiting = sound()
    waiting.enter("quiet", 0)
    assert waiting.announce_at is None
    waiting.wait_again(S)
    assert waiting.announce_at is None


def test_what_plays_is_stopped_once_and_announcements_with_it() -> None:
    waiting = sound()
    waiting.enter("orders", 0)
    waiting.start()
    assert waiting.stop() == [StopPrompts("music-1")]
    assert waiting.announce_at is None
    assert waiting.stop() == []


def test_an_offered_item_has_no_place_to_tell() -> None:
    waiting = sound()
    waiting.enter("orders", 0)
    assert waiting.say_place("en", None, None, 2 * S) == []
    assert isinstance(waiting.say_place("en", 3, 90 * S, 2 * S)[1], Note)


def test_music_follows_a_play_of_this_sound_only() -> None:
    waiting = sound()
    waiting.start()
    assert waiting.over("another", failed=False, now=0) == []
    assert waiting.over("music-1", failed=True, now=0) == []
    assert waiting.over("music-1", failed=False, now=0) == []


def test_an_emergency_is_said_at_once_and_once_in_the_callers_language() -> None:
    waiting = sound()
    waiting.enter("orders", 0)
    waiting.start("en")
    said = waiting.emergencies({"orders": "storm", "quiet": "en/fire"}, "zh", waits=True)
    assert said == [PlayPrompts("emergency-2", ("zh/storm",)), Note("emergency_told", (("prompt", "storm"),))]
    assert [waiting.announce_at] == [None], "no announcement cuts it off"
    assert waiting.over("emergency-2", False, 5 * S) == [PlayPrompts("music-3", ("music/hold",), loop=True)]
    assert waiting.announce_at == 35 * S
    assert waiting.emergencies({"orders": "storm"}, "zh", waits=True) == [], "it was heard"
    assert waiting.emergencies({}, "zh", waits=True) == []
    assert waiting.emergencies({"orders": "storm"}, "zh", waits=False) == [], "nobody hears it now"
    assert waiting.start("zh")[0] == PlayPrompts("emergency-4", ("zh/storm",)), "but when they wait again"
    assert waiting.enter("quiet", 9 * S)
    assert waiting.emergencies({"quiet": "en/fire"}, "zh", waits=True)[0] == PlayPrompts("emergency-5", ("en/fire",))


def test_who_comes_hears_the_emergency_before_the_music() -> None:
    plans = {"orders": WaitPlan(emergency="storm")}
    waiting = WaitSound(plans, lambda kind: kind)
    waiting.enter("orders", 0)
    assert waiting.start("en")[0] == PlayPrompts("emergency", ("en/storm",))
    assert waiting.over("emergency", True, S) == [PlayPrompts("music", ("music/hold",), loop=True)]
