"""The measuring helpers themselves: a wrong ruler would pass everything."""

from pathlib import Path

import numpy as np
import pytest

from tests import audio


def test_goertzel_measures_one_tone_and_not_its_neighbour() -> None:
    sound = audio.tone(440, seconds=0.5, amplitude=0.4)
    assert audio.goertzel(sound, 440) == pytest.approx(0.4 / np.sqrt(2), rel=0.01)
    assert audio.goertzel(sound, 480) < 0.001
    assert audio.level(sound) == pytest.approx(0.4 / np.sqrt(2), rel=0.01)


def test_dominant_frequencies_follow_the_sound() -> None:
    sound = np.concatenate(
        [audio.tone(500, seconds=0.2), np.zeros(1600, dtype=np.int16), audio.tone(1200, seconds=0.2)]
    )
    found = audio.dominant_frequencies(sound)
    assert found[:4] == pytest.approx([500] * 4, abs=5)
    assert found[4:8] == [0.0] * 4
    assert found[8:] == pytest.approx([1200] * 4, abs=5)


def test_longest_gap_ignores_silence_at_both_ends() -> None:
    quiet = np.zeros(4000, dtype=np.int16)
    hole = np.zeros(320, dtype=np.int16)
    sound = audio.tone(700, seconds=0.2)
    gap = audio.longest_gap(np.concatenate([quiet, sound, hole, sound, quiet]))
    assert gap == pytest.approx(0.04, abs=0.006)
    assert audio.longest_gap(quiet) == float("inf")


def test_the_silent_share_is_of_the_time_between_sounds() -> None:
    quiet, sound = np.zeros(4000, dtype=np.int16), audio.tone(700, seconds=0.2)
    assert audio.silent_share(np.concatenate([quiet, sound, quiet[:800], sound, quiet])) == pytest.approx(0.2, abs=0.02)
    assert audio.silent_share(sound) == 0
    assert audio.silent_share(quiet) == 1


def test_delay_finds_the_shift_in_noise_either_way() -> None:
    reference = audio.noise(0.5)
    hiss = (np.random.default_rng(2).standard_normal(8000) * 500).astype(np.int16)
    hiss[1000 : 1000 + reference.size] += reference
    assert audio.delay(reference, hiss) == pytest.approx(0.125, abs=0.0005)
    assert audio.delay(hiss, reference) == pytest.approx(-0.125, abs=0.0005)


def test_wav_round_trip(tmp_path: Path) -> None:
    sound = audio.tone(300, seconds=0.1, rate=16000)
    samples, rate = audio.read_wav(audio.write_wav(tmp_path / "a.wav", sound, 16000))
    assert rate == 16000
    assert np.array_equal(samples[:, 0], sound)
