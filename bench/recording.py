"""What a recorded call costs: CPU of encoding and writing one second of it, and the bytes of an hour.

    python -m bench.recording [SECONDS]

Both sides speak all the time (a shipped prompt, again and again), in the quarter seconds in which the engine writes.
The floor is the same sound into a WAV file.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.figures import line
from media.recorded import open_sink
from tests.audio import RATE_HZ, read_wav

VOICE = Path(__file__).resolve().parent.parent / "config" / "demo" / "prompts" / "en" / "main-menu.wav"
SECONDS = 120
WRITES_A_SECOND = 4


def both_sides(seconds: int = SECONDS) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    """Two columns; the sides do not say the same at the same time."""
    voice = np.resize(read_wav(VOICE)[0][:, 0], seconds * RATE_HZ)
    return np.stack([voice, np.roll(voice, 3 * RATE_HZ)], axis=1).astype("<i2")


def measure(path: Path, sound: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> tuple[list[float], float]:
    """CPU milliseconds of each second of sound, and megabytes an hour."""
    sink, samples, size = open_sink(path), list[float](), RATE_HZ // WRITES_A_SECOND
    seconds = len(sound) // RATE_HZ
    for second in range(seconds):
        before = time.process_time_ns()
        for at in range(second * RATE_HZ, (second + 1) * RATE_HZ, size):
            sink.write(sound[at : at + size].tobytes())
        samples.append((time.process_time_ns() - before) / 1e6)
    sink.close()
    return samples, path.stat().st_size / seconds * 3600 / 1e6


def main() -> None:
    """Prints the results."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    sound = both_sides(seconds)
    with tempfile.TemporaryDirectory() as folder:
        for name, file in (("recording.floor_wav", "a.wav"), ("recording.ogg", "a.ogg")):
            cpu, megabytes = measure(Path(folder) / file, sound)
            conditions = f"two voices at once for {seconds} s, in writes of 1/{WRITES_A_SECOND} s"
            print(line(f"{name}.cpu_per_second", "ms", cpu, conditions))
            print(line(f"{name}.size_per_hour", "MB", [megabytes], conditions))


if __name__ == "__main__":
    main()
