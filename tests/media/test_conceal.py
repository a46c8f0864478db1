"""Lost frames: what is played in their place."""

import itertools
import time

import numpy as np
import pytest

from media.codecs import Samples
from media.conceal import LONGEST_PITCH, SHORTEST_PITCH, Concealer
from tests import audio

FRAME = 160
NOTHING = bytes(FRAME)
ALL = b"\1" * FRAME


def play(sound: Samples, lost: dict[int, bytes]) -> Samples:
    """The sound with the frames of `lost` (number -> which samples came) repaired."""
    concealer = Concealer()
    played = []
    for number in range(len(sound) // FRAME):
        frame = sound[number * FRAME : (number + 1) * FRAME].copy()
        came = lost.get(number)
        if came is not None:
            frame[np.frombuffer(came, np.uint8) == 0] = 0
        played.append(concealer.repair(frame, came))
    return np.concatenate(played)


@pytest.mark.parametrize("frequency", [70, 110, 200, 420, 1000, 1330])
def test_one_lost_frame_of_a_tone_is_hardly_heard(frequency: float) -> None:
    sound = audio.tone(frequency, seconds=0.4)
    repaired = play(sound, {10: NOTHING})
    gap = slice(10 * FRAME, 11 * FRAME)
    assert audio.level(repaired[gap]) > 0.7 * audio.level(sound[gap])
    assert audio.longest_gap(repaired) < 0.01
    error = (repaired.astype(float) - sound)[10 * FRAME : 10 * FRAME + 80]
    assert np.sqrt(np.mean(error**2)) / 32768 < 0.35 * audio.level(sound), "the period goes on in phase"
    assert np.array_equal(repaired[: 10 * FRAME], sound[: 10 * FRAME])
    assert np.array_equal(repaired[11 * FRAME + 32 :], sound[11 * FRAME + 32 :])


def test_a_long_gap_fades_to_silence_after_60_ms() -> None:
    repaired = play(audio.tone(300, seconds=0.4), dict.fromkeys(range(8, 14), NOTHING))
    levels = [audio.level(repaired[at : at + 80]) for at in range(8 * FRAME, 14 * FRAME, 80)]
    assert levels[0] > 0.15
    assert all(later <= before + 0.01 for before, later in itertools.pairwise(levels))
    assert levels[5] < 0.5 * levels[0]
    assert levels[6:] == [0.0] * 6


def test_a_gap_inside_a_frame_is_filled_and_the_rest_left_alone() -> None:
    sound = audio.tone(250, seconds=0.2)
    repaired = play(sound, {5: b"\1" * 60 + bytes(40) + b"\1" * 60})
    start = 5 * FRAME
    assert np.array_equal(repaired[: start + 60], sound[: start + 60])
    assert audio.level(repaired[start + 60 : start + 100]) > 0.1
    assert np.array_equal(repaired[start + 132 :], sound[start + 132 :]), "4 ms after the gap it is the sound again"


def test_nothing_lost_costs_nothing_and_changes_nothing() -> None:
    concealer = Concealer()
    frame = audio.noise(0.02)
    assert concealer.repair(frame, None) is frame
    assert concealer.repair(frame, None) is frame


def test_a_gap_at_the_beginning_and_after_a_reset_is_silent() -> None:
    concealer = Concealer()
    assert not concealer.repair(np.zeros(FRAME, np.int16), NOTHING).any()
    concealer.repair(audio.tone(400, seconds=0.02), None)
    concealer.reset()
    assert not concealer.repair(np.zeros(FRAME, np.int16), NOTHING).any()


def test_a_bad_marking_never_makes_it_louder_than_it_was() -> None:
    rng = np.random.default_rng(3)
    sound = audio.noise(4)
    lost = {n: rng.integers(0, 2, FRAME, np.uint8).tobytes() for n in range(0, 200, 3)}
    assert int(np.max(np.abs(play(sound, lost).astype(int)))) <= int(np.max(np.abs(sound.astype(int))))


def test_the_pitch_that_is_looked_for_is_a_voice() -> None:
    assert 8000 / LONGEST_PITCH < 67
    assert 8000 / SHORTEST_PITCH == 200


def test_concealing_is_quick_enough_for_a_tick() -> None:
    concealer = Concealer()
    frame = audio.noise(0.02)
    spent = []
    for _ in range(100):
        concealer.repair(frame, None)
        before = time.process_time()
        concealer.repair(frame, NOTHING)
        spent.append(time.process_time() - before)
        concealer.repair(frame, ALL)
    assert sorted(spent)[50] < 0.002
