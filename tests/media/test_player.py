import numpy as np

from media import codecs
from media.player import Player
from media.prompts import Prompt


def prompt(value: int, frames: int) -> Prompt:
    return Prompt("p", np.full(frames * 160, value, dtype=np.int16))


def test_prompts_follow_each_other_and_end() -> None:
    player = Player("x", [prompt(1000, 2), prompt(2000, 1)], loop=False, gain=1.0)
    played = [player.next_samples() for _ in range(4)]
    assert [None if p is None else int(p[0][0]) for p in played] == [1000, 1000, 2000, None]
    assert player.next_coded("PCMU") is None


def test_a_loop_begins_again() -> None:
    player = Player("x", [prompt(1000, 1), prompt(2000, 1)], loop=True, gain=1.0)
    played = [player.next_samples() for _ in range(5)]
    assert [None if p is None else int(p[0][0]) for p in played] == [1000, 2000, 1000, 2000, 1000]


def test_coded_frames_have_the_gain_and_linear_ones_tell_it() -> None:
    player = Player("x", [prompt(8000, 3)], loop=False, gain=0.5)
    coded = player.next_coded("PCMA")
    assert coded is not None
    assert len(coded) == 160
    assert abs(int(codecs.decode("PCMA", coded)[0]) - 4000) < 150
    linear = player.next_samples()
    assert linear is not None
    assert linear[1] == 0.5
