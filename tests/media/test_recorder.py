import numpy as np

from media import codecs
from media.recorder import Recorder

Sound = np.ndarray[tuple[int, int], np.dtype[np.int16]]


class Tape:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, samples: bytes) -> None:
        self.written += samples

    @property
    def sound(self) -> Sound:
        return np.frombuffer(self.written, dtype="<i2").reshape(-1, 2)


def frame(value: int) -> bytes:
    return codecs.encode("PCMU", np.full(160, value, dtype=np.int16))


def test_packets_stand_where_their_timestamps_say() -> None:
    tape = Tape()
    recorder = Recorder(tape, 0)
    order = [0, 1, 3, 2, 5]  # one late, one lost
    for n in order:
        recorder.said(1, 5000 + n * 160, "PCMU", frame(1000 * (n + 1)), 20_000 * (n + 1))
    recorder.heard(2, 0, "PCMU", frame(-9000), 40_000)
    assert recorder.finish(160_000) == 160_000
    both = tape.sound
    assert len(both) == 1280
    said = [int(both[160 + n * 160, 0]) for n in range(6)]
    assert [round(value / 1000) for value in said] == [1, 2, 3, 4, 0, 6]
    assert abs(int(both[320, 1]) + 9000) < 300
    assert not both[:320, 1].any()


def test_a_long_recording_is_written_as_it_goes() -> None:
    tape = Tape()
    recorder = Recorder(tape, 0)
    for n in range(500):
        recorder.said(1, n * 160, "PCMU", frame(3000), n * 20_000)
    assert len(tape.written) > 8 * 8000 * 4
    assert recorder.finish(10_000_000) == 10_000_000
    both = tape.sound
    assert len(both) == 80_000
    assert (np.abs(both[:, 0].astype(int) - 3000) < 100).all()


def test_a_jump_of_timestamps_falls_back_to_the_clock() -> None:
    tape = Tape()
    recorder = Recorder(tape, 0)
    recorder.said(1, 0, "PCMU", frame(1000), 0)
    recorder.said(1, 3_000_000, "PCMU", frame(2000), 20_000)
    recorder.said(7, 42, "PCMU", frame(4000), 40_000)
    assert recorder.finish(60_000) == 60_000
    both = tape.sound
    assert [round(int(both[n * 160, 0]) / 1000) for n in range(3)] == [1, 2, 4]


def test_what_comes_while_it_is_muted_is_silence_of_the_same_length() -> None:
    tape = Tape()
    recorder = Recorder(tape, 0)
    for n in range(150):
        recorder.muted = 50 <= n < 100
        recorder.said(1, n * 160, "PCMU", frame(3000), n * 20_000)
        recorder.heard(2, n * 160, "PCMU", frame(-3000), n * 20_000)
    assert recorder.finish(3_000_000) == 3_000_000
    both = np.abs(tape.sound.astype(int))
    assert (both[:8000] > 2900).all()
    assert not both[8000:16000].any()
    assert (both[16000:] > 2900).all()


def test_a_pause_without_a_packet_is_as_long_as_the_clock_says() -> None:
    tape = Tape()
    recorder = Recorder(tape, 0)
    recorder.said(1, 0, "PCMU", frame(3000), 0)
    recorder.muted = True
    recorder.muted = False
    recorder.said(1, 60 * 8000, "PCMU", frame(3000), 60_000_000)
    assert recorder.finish(61_000_000) == 61_000_000
    both = np.abs(tape.sound.astype(int))
    assert not both[160 : 60 * 8000].any()
    assert (both[60 * 8000 : 60 * 8000 + 160, 0] > 2900).all()
