import wave
from pathlib import Path

import numpy as np
import pytest

from media import codecs
from media.errors import MediaError
from media.prompts import PromptStore


def write(path: Path, samples: int, rate: int = 8000, channels: int = 1, width: int = 2) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(bytes(range(1, 101)) * (samples * channels * width // 100 + 1))


def test_a_prompt_is_padded_to_whole_frames_and_coded_once(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 200)
    prompt = PromptStore(tmp_path).get("a.wav")
    assert len(prompt) == 320
    assert not prompt.samples[-60:].any()
    for codec in ("PCMU", "PCMA"):
        coded = prompt.coded(codec)
        assert coded == codecs.encode(codec, prompt.samples)
        assert prompt.coded(codec) is coded


def test_a_store_reads_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    write(tmp_path / "en" / "a.wav", 200)
    store = PromptStore(tmp_path)
    first = store.get("en/a.wav")
    (tmp_path / "en" / "a.wav").unlink()
    assert store.get_all(["en/a.wav", "en/a.wav"]) == [first, first]


def test_preloading_reads_what_is_good_and_names_the_rest(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    write(tmp_path / "en" / "good.wav", 200)
    write(tmp_path / "wide.wav", 200, rate=16000)
    store = PromptStore(tmp_path)
    (error,) = store.preload()
    assert "wide.wav: 16000 Hz" in str(error)
    (tmp_path / "en" / "good.wav").unlink()
    assert len(store.get("en/good.wav")) == 320


@pytest.mark.parametrize(
    ("params", "said"),
    [((16000, 1, 2), "16000 Hz"), ((8000, 2, 2), "2 channel"), ((8000, 1, 1), "8 bit")],
)
def test_other_formats_are_named(tmp_path: Path, params: tuple[int, int, int], said: str) -> None:
    write(tmp_path / "a.wav", 100, *params)
    with pytest.raises(MediaError, match=said) as caught:
        PromptStore(tmp_path).get("a.wav")
    assert caught.value.reason == "prompt_invalid"


def test_broken_missing_empty_and_foreign_files_are_errors(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(np.arange(50, dtype=np.uint8).tobytes())
    with wave.open(str(tmp_path / "empty.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
    store = PromptStore(tmp_path / ".")
    for name, reason in (
        ("noise.wav", "prompt_invalid"),
        ("empty.wav", "prompt_invalid"),
        ("absent.wav", "prompt_missing"),
        ("../outside.wav", "prompt_outside_root"),
        ("/etc/hostname", "prompt_outside_root"),
    ):
        with pytest.raises(MediaError) as caught:
            store.get(name)
        assert caught.value.reason == reason
    with pytest.raises(MediaError, match="empty list"):
        store.get_all([])
