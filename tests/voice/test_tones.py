import itertools

from voice.events import PlayPrompts, StopPrompts
from voice.tones import Tones


def test_each_leg_hears_what_is_wanted_for_it_once() -> None:
    numbers = itertools.count(1)
    tones = Tones(lambda kind: f"{kind}-{next(numbers)}")
    music = PlayPrompts("tone-1", ("music/hold",), loop=True, leg_id="a")
    assert tones.follow({"a": "music/hold"}) == [music]
    assert tones.follow({"a": "music/hold"}) == []
    ringing = PlayPrompts("tone-2", ("tone/ringback",), loop=True, leg_id="a")
    assert tones.follow({"a": "tone/ringback"}) == [StopPrompts("tone-1", "a"), ringing]
    assert tones.follow({}) == [StopPrompts("tone-2", "a")]
    assert len(tones) == 0
