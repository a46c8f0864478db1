import wave
from pathlib import Path

import numpy as np
import pytest

from media import codecs
from media.errors import MediaError
from media.recorder import Recorder


def frame(value: int) -> bytes:
    return codecs.encode("PCMU", np.full(160, value, dtype=np.int16))


def read(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (2, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)


def test_packets_stand_where_their_timestamps_say(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.wav", 0)
    order = [0, 1, 3, 2, 5]  # one late, one lost
    for n in order:
        recorder.said(1, 5000 + n * 160, "PCMU", frame(1000 * (n + 1)), 20_000 * (n + 1))
    recorder.heard(2, 0, "PCMU", frame(-9000), 40_000)
    recorder.close(160_000)
    both = read(tmp_path / "a.wav")
    assert len(both) == 1280
    said = [int(both[160 + n * 160, 0]) for n in range(6)]
    assert [round(value / 1000) for value in said] == [1, 2, 3, 4, 0, 6]
    assert abs(int(both[320, 1]) + 9000) < 300
    assert not both[:320, 1].any()


def test_a_long_recording_is_written_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    recorder = Recorder(path, 0)
    for n in range(500):
        recorder.said(1, n * 160, "PCMU", frame(3000), n * 20_000)
    assert path.stat().st_size > 8 * 8000 * 4
    recorder.close(10_000_000)
    both = read(path)
    assert len(both) == 80_000
    assert (np.abs(both[:, 0].astype(int) - 3000) < 100).all()


def test_a_jump_of_timestamps_falls_back_to_the_clock(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.wav", 0)
    recorder.said(1, 0, "PCMU", frame(1000), 0)
    recorder.said(1, 3_000_000, "PCMU", frame(2000), 20_000)
    recorder.said(7, 42, "PCMU", frame(4000), 40_000)
    recorder.close(60_000)
    both = read(tmp_path / "a.wav")
    assert [round(int(both[n * 160, 0]) / 1000) for n in range(3)] == [1, 2, 4]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        Recorder(tmp_path / "absent" / "a.wav", 0)
    assert caught.value.reason == "record_failed"
