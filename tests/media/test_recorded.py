import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from media.errors import MediaError
from media.recorded import BIT_RATE, ThreadedSink, duration_us, open_sink
from tests.media.phones import listen, strength, tone
from tests.waiting import until


def both(left: int, right: int, seconds: int) -> bytes:
    return np.stack([tone(left, 8000 * seconds), tone(right, 8000 * seconds)], 1).astype("<i2").tobytes()


def test_an_ogg_keeps_the_sides_apart_and_is_small(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    sink = open_sink(path)
    for _ in range(10):
        sink.write(both(440, 1000, 1))
    sink.close()
    assert abs(duration_us(path) - 10_000_000) < 50_000
    sound = listen(path)[4000:-4000]
    left, right = sound[:, 0], sound[:, 1]
    for own, other, own_tone, other_tone in ((left, right, 440, 1000), (right, left, 1000, 440)):
        assert strength(own, own_tone) > 5000
        # 40 dB apart at least
        assert strength(other, own_tone) * 100 < strength(own, own_tone), other_tone
    assert path.stat().st_size < 1.5 * 10 * BIT_RATE / 8


def test_an_ogg_that_was_never_finished_plays_up_to_its_last_page(tmp_path: Path) -> None:
    path, kept = tmp_path / "a.ogg", tmp_path / "kept.ogg"
    sink = open_sink(path)
    for _ in range(10):
        sink.write(both(440, 1000, 1))
    kept.write_bytes(path.read_bytes())  # as a killed process leaves it
    sink.close()
    assert 8_000_000 < duration_us(kept) <= 10_000_000
    assert strength(listen(kept)[4000:-4000, 0], 440) > 5000


def test_there_is_nothing_to_play_in_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    open_sink(path).close()
    assert duration_us(path) == 0
    assert duration_us(tmp_path / "none.ogg") == 0


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        open_sink(tmp_path / "absent" / "a.wav")
    assert caught.value.reason == "record_failed"


class Slow:
    """A disk that waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.written: list[bytes] = []

    def write(self, samples: bytes) -> None:
        assert self.go.wait(20)
        self.written.append(samples)

    def close(self) -> None:
        self.written.append(b"end")


async def test_a_slow_disk_holds_nobody_up_and_is_given_up_in_the_end() -> None:
    slow, failures = Slow(), list[str]()
    with ThreadPoolExecutor(1) as pool:
        sink = ThreadedSink(slow, pool, failures.append)
        for n in range(64):
            sink.write(bytes([n]))
        assert failures == []
        sink.write(b"too much")
        sink.write(b"nothing more")
        assert len(failures) == 1
        slow.go.set()
        await sink.close()
    assert slow.written == [*(bytes([n]) for n in range(64)), b"end"]


class Broken:
    def write(self, _samples: bytes) -> None:
        raise OSError("gone")

    def close(self) -> None:
        raise OSError("still gone")


async def test_the_first_failure_is_told_once() -> None:
    failures: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        sink = ThreadedSink(Broken(), pool, failures.append)
        sink.write(b"a")
        sink.write(b"b")
        await until(lambda: bool(failures), what="a failure")
        await sink.close()
    assert failures == ["gone"]
