"""The shipped sounds: those of the texts and no others, in the telephone's format, level and short."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.config.conftest import DEMO
from tools.prompts import music, sound

PROMPTS = DEMO / "prompts"
TEXTS = tomllib.loads((Path(sound.__file__).parent / "texts.toml").read_text(encoding="utf-8"))
SPOKEN = sorted(f"{language}/{name}" for language, part in TEXTS.items() for name in part["prompts"])


def test_there_is_a_file_for_every_text_and_a_text_for_every_file() -> None:
    files = sorted(path.relative_to(PROMPTS).with_suffix("").as_posix() for path in PROMPTS.rglob("*.wav"))
    assert files == sorted([*SPOKEN, "music/hold", "tone/beep", "tone/ringback"])


def test_all_of_it_is_small() -> None:
    assert sum(path.stat().st_size for path in PROMPTS.rglob("*.wav")) < 6_000_000


@pytest.mark.parametrize("name", SPOKEN)
def test_speech_is_level_and_as_long_as_its_text(name: str) -> None:
    signal = sound.read(PROMPTS / f"{name}.wav")
    assert abs(sound.level_dbfs(signal) - sound.SPEECH_DBFS) < 1.5
    assert np.abs(signal).max() <= sound.PEAK + 1e-3
    assert abs(signal.mean()) < 0.01
    language, _, prompt = name.partition("/")
    text = TEXTS[language]["prompts"][prompt]
    seconds_each = 0.4 if language == "zh" else 0.15
    assert 0.25 < len(signal) / sound.RATE < 1.0 + seconds_each * len(text)


def test_the_music_is_what_the_script_composes_and_loops_without_a_seam() -> None:
    shipped = sound.read(PROMPTS / "music" / "hold.wav")
    assert np.abs(shipped - music.compose()).max() < 1e-4
    assert 25 < len(shipped) / sound.RATE < 35
    assert len(shipped) % 160 == 0, "it closes on a 20 ms frame"
    steps = np.abs(np.diff(shipped))
    assert abs(shipped[0] - shipped[-1]) <= np.quantile(steps, 0.99)
    frames = np.sqrt((shipped.reshape(-1, 160) ** 2).mean(axis=1))
    assert frames.min() > 0.001, "a caller who hears nothing hangs up"


def test_the_tone_is_what_the_script_makes_and_does_not_click() -> None:
    shipped = sound.read(PROMPTS / "tone" / "beep.wav")
    assert np.abs(shipped - music.beep()).max() < 1e-4
    assert len(shipped) == sound.RATE * 2 // 5
    assert abs(sound.level_dbfs(shipped) - sound.SPEECH_DBFS) < 1.5
    assert np.abs(shipped[[0, -1]]).max() < 0.01


def test_resampling_keeps_speech_and_stops_what_would_fold_back() -> None:
    time = np.arange(22050) / 22050
    kept = sound.resample(np.sin(2 * np.pi * 1000 * time), 22050)[400:-400]
    stopped = sound.resample(np.sin(2 * np.pi * 5000 * time), 22050)[400:-400]
    assert np.sqrt((kept**2).mean()) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert np.sqrt((stopped**2).mean()) < 0.001


def test_silence_around_speech_is_cut_and_a_pause_added() -> None:
    signal = np.concatenate([np.zeros(8000), np.full(1600, 0.5), np.zeros(8000)])
    cut = sound.spoken_part(signal, pause_ms=100)
    assert len(cut) == 1600 + 2 * 160 - 1 + 800


def test_writing_and_reading_give_the_same_sound(tmp_path: Path) -> None:
    signal = sound.normalise(np.sin(np.arange(8000) / 5))
    sound.write(tmp_path / "a" / "b.wav", signal)
    assert np.abs(sound.read(tmp_path / "a" / "b.wav") - signal).max() < 1e-4
