"""The delay that is found in a recording."""

import wave
from pathlib import Path

import numpy as np
import pytest

from bench.delay import BURST_S, one_way_ms
from tests.audio import RATE_HZ, noise


def recording(path: Path, late: int, came_back: bool = True) -> Path:
    """A burst said at 0.1 s that came back `late` samples later."""
    both = np.zeros((RATE_HZ // 2, 2), np.int16)
    burst = noise(BURST_S, seed=3)
    at = RATE_HZ // 10
    both[at : at + burst.size, 1] = burst
    if came_back:
        both[at + late : at + late + burst.size, 0] = burst
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(both.astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("late", [0, 1, 160, 1600])
def test_half_the_round_trip_is_found_to_the_sample(late: int, tmp_path: Path) -> None:
    assert one_way_ms(recording(tmp_path / "r.wav", late), 3) == pytest.approx(late * 1000 / RATE_HZ / 2)


def test_silence_is_an_error_and_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="burst 3 did not come back"):
        one_way_ms(recording(tmp_path / "r.wav", 0, came_back=False), 3)
